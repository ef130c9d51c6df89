//! All files of `tests/fixtures/migrate`, with a name for the test of each.

/// Installations that the bash tool made, version by version.
macro_rules! of_the_bash_tool {
    ($tests:ident) => {
        $tests! {
            bash_01_gen0_oneline_unquoted: "01-1792e72e-gen0-oneline-unquoted";
            bash_03_gen2_types_cwd: "03-efb5db44-gen2-types-cwd";
            bash_04_gen2_preserve_id: "04-5284ff5b-gen2-preserve-id";
            bash_06_gen3_restart_count: "06-3a5714b6-gen3-restart-count";
            bash_07_gen3_ports_toml: "07-22aca762-gen3-ports-toml";
            bash_09_gen4_runtime_dirs: "09-fe343c04-gen4-runtime-dirs";
            bash_10_gen4_services_enabled: "10-80be5870-gen4-services-enabled";
            bash_12_gen4_hierarchical: "12-219318d5-gen4-hierarchical";
            bash_13_gen4_a0: "13-26ae6f83-gen4-A0";
            bash_15_gen5_multiline: "15-5293c75e-gen5-multiline";
            bash_16_gen5_ports_registry: "16-26ba21b0-gen5-ports-registry";
            bash_18_json0_plan_commit: "18-4f0575f5-json0-plan-commit";
            bash_19_json1_process_type: "19-e6344868-json1-process-type";
            bash_21_json2_service_type: "21-01ebb07d-json2-service-type";
            bash_22_json2_locks: "22-b737f32c-json2-locks";
            bash_25_json4_org_port_type: "25-6dff08fb-json4-org-port-type";
            bash_26_json5_dropped_org: "26-bb912bc1-json5-dropped-org";
            bash_28_json7_ports_array: "28-681fc3e1-json7-ports-array";
            bash_29_json8_tdp: "29-519d6cee-json8-tdp";
            bash_31_json10_tsm_file: "31-9a814404-json10-tsm-file";
            bash_32_json10_orgs: "32-d1493459-json10-orgs";
            bash_34_json11_stack: "34-0dad0c72-json11-stack";
            bash_35_json11_early_exit: "35-16991f8a-json11-early-exit";
            bash_37_gen6_a_twin: "37-a2683b7f-gen6-A-twin";
            bash_38_json12_index_log: "38-c05bf6fc-json12-index-log";
            bash_39_json10_list_modes: "39-1ace4421-json10-list-modes";
        }
    };
}

/// Damaged and hostile ones, and those with `db/` and `active/`.
macro_rules! made_by_hand {
    ($tests:ident) => {
        $tests! {
            h01_truncated: "h01-truncated";
            h02_empty: "h02-empty";
            h03_whitespace: "h03-whitespace";
            h04_binary: "h04-binary";
            h05_nul: "h05-nul";
            h06_crlf: "h06-crlf";
            h07_bom_noeol: "h07-bom-noeol";
            h09_inject_pid_subst: "h09-inject-pid-subst";
            h10_inject_pid_backtick: "h10-inject-pid-backtick";
            h11_inject_port: "h11-inject-port";
            h12_inject_pid_arith: "h12-inject-pid-arith";
            h13_inject_pid_newcmd: "h13-inject-pid-newcmd";
            h14_inject_command: "h14-inject-command";
            h15_inject_breakout: "h15-inject-breakout";
            h16_inject_key: "h16-inject-key";
            h17_odd_text: "h17-odd-text";
            h18_unbalanced: "h18-unbalanced";
            h19_newline_in_value: "h19-newline-in-value";
            h20_duplicate_keys: "h20-duplicate-keys";
            h21_missing_pid: "h21-missing-pid";
            h22_seed_minimal: "h22-seed-minimal";
            h23_pid_0: "h23-pid-0";
            h24_pid_1: "h24-pid-1";
            h25_pid_minus1: "h25-pid-minus1";
            h26_pid_huge: "h26-pid-huge";
            h27_pid_4194305: "h27-pid-4194305";
            h28_pid_12_34: "h28-pid-12_34";
            h29_pid_0x10: "h29-pid-0x10";
            h30_pid_plus5: "h30-pid-plus5";
            h31_pid_007: "h31-pid-007";
            h32_ports: "h32-ports";
            h33_bad_start: "h33-bad-start";
            h34_name_mismatch: "h34-name-mismatch";
            h35_odd_names: "h35-odd-names";
            h36_bytes_name: "h36-bytes-name";
            h37_json_same: "h37-json-same";
            h38_json_newer: "h38-json-newer";
            h39_json_older: "h39-json-older";
            h40_json_garbage: "h40-json-garbage";
            h41_same_ids: "h41-same-ids";
            h42_big_ids: "h42-big-ids";
            h43_same_pid: "h43-same-pid";
            h44_reused_pid: "h44-reused-pid";
            h45_live_clock_skew: "h45-live-clock-skew";
            h46_pidfile_differs: "h46-pidfile-differs";
            h47_linked_record: "h47-linked-record";
            h48_meta_is_dir: "h48-meta-is-dir";
            h49_readonly_dir: "h49-readonly-dir";
            h50_unreadable: "h50-unreadable";
            h51_processes_symlink: "h51-processes-symlink";
            h52_log_symlink: "h52-log-symlink";
            h53_log_target_exists: "h53-log-target-exists";
            h54_env_secrets: "h54-env-secrets";
            h55_orphans: "h55-orphans";
            h56_extensionless: "h56-extensionless";
            h57_mixed_generations: "h57-mixed-generations";
            h58_json_dir_damaged: "h58-json-dir-damaged";
            h59_ledger: "h59-ledger";
            h60_enabled_links: "h60-enabled-links";
            h61_no_tsm: "h61-no-tsm";
            h62_new: "h62-new";
            h63_not_ours: "h63-not-ours";
            t65_instances: "t65-tcs3-instances";
            t66_active_abs_meta: "t66-tcs3-active-abs-meta";
            t67_active_rel_meta: "t67-tcs3-active-rel-meta";
            t68_active_bare_prefix: "t68-tcs3-active-bare-prefix";
            t69_active_bare_timestamp: "t69-tcs3-active-bare-timestamp";
            t70_active_abs_dir: "t70-tcs3-active-abs-dir";
            t71_active_dangling: "t71-tcs3-active-dangling";
            t72_active_outside: "t72-tcs3-active-outside";
            t73_active_loop: "t73-tcs3-active-loop";
            t74_active_hosts: "t74-tcs3-active-hosts";
            t75_active_dir_up: "t75-tcs3-active-dir-up";
            t76_active_not_links: "t76-tcs3-active-not-links";
            t77_active_is_a_link: "t77-tcs3-active-is-a-link";
            t78a_names: "t78a-tcs3-names";
            t78b_names: "t78b-tcs3-names";
            t78c_names: "t78c-tcs3-names";
            t78d_names: "t78d-tcs3-names";
            t79_damaged: "t79-tcs3-damaged";
        }
    };
}

#[cfg(test)]
mod tests {
    use crate::harness::isolation::report;
    use crate::migrate::fixture::Fixture;
    use crate::migrate::snapshot::Node;
    use crate::migrate::stage::{Processes, Stage};

    macro_rules! list {
        ($($test:ident: $file:literal;)+) => {
            &[$(($file, include_str!(concat!("../../fixtures/migrate/", $file, ".txt")))),+]
        };
    }

    fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
        const REAL: &[(&str, &str)] = of_the_bash_tool!(list);
        const MADE: &[(&str, &str)] = made_by_hand!(list);
        REAL.iter().chain(MADE).copied()
    }

    #[test]
    fn every_fixture_is_in_a_table() {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/migrate");
        let Ok(files) = std::fs::read_dir(dir) else {
            return report(format_args!("list of old installations SKIPPED: cannot read {dir}"));
        };
        let mut found: Vec<String> =
            files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        found.retain(|name| !["README.md", "neighbour.txt"].contains(&name.as_str()));
        found.sort();
        assert_eq!(found, all().map(|(file, _)| format!("{file}.txt")).collect::<Vec<_>>());
    }

    #[test]
    fn every_fixture_can_be_put_into_a_home() {
        for (file, text) in all() {
            let Some(stage) = Stage::new(file, text, Processes::Gone) else { continue };
            for entry in &stage.fixture.entries {
                let node = stage.before.get(&entry.path);
                assert!(node.is_some(), "{file}: {} is not there", entry.path.display());
            }
            for record in &stage.fixture.records {
                let source = stage.before.get(&record.source);
                assert!(source.is_some_and(Node::is_file), "{file}: {} is no file", record.source);
                assert!(!record.members(&stage.root()).is_empty());
            }
        }
    }

    #[test]
    fn every_process_that_ran_has_numbers_of_its_own_for_a_stand_in() {
        for (file, text) in all() {
            let fixture = Fixture::parse(text);
            let mut pids: Vec<i64> = Vec::new();
            for record in fixture.records.iter().filter(|record| record.live) {
                pids.extend(record.number("pid"));
                assert!(record.number("start_time").is_some(), "{file}: {} never began", record.source);
            }
            let (count, live) = (pids.len(), fixture.records.iter().filter(|record| record.live).count());
            pids.sort_unstable();
            pids.dedup();
            assert_eq!((pids.len(), count), (live, live), "{file}");
            assert!(pids.iter().all(|pid| (4_190_001..4_191_000).contains(pid)), "{file}: {pids:?}");
        }
    }
}
