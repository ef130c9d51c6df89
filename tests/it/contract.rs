//! The scenarios of the contract: the bash tool's own answers, and what was decided where they were wrong.

use crate::harness::isolation;
use crate::harness::scenario::Scenario;

/// A test for each scenario. `alone`: only in namespaces of its own, because it uses fixed ports or looks at the whole
/// process table; `anywhere`: among other processes too, where the kernel refuses namespaces. Steps (counted from 1)
/// that wait for something must fail until it is there: `waiting for { 6: "the ports command" }`.
macro_rules! scenarios {
    ($($test:ident: $place:ident $file:literal $(waiting for { $($step:literal: $what:literal),+ })?;)+) => {
        const NAMES: &[&str] = &[$($file),+];
        $(
            #[test]
            fn $test() {
                Scenario {
                    name: $file,
                    script: include_str!(concat!("../contract/", $file, ".t")),
                    expected: include_str!(concat!("../contract/", $file, ".out")),
                    runs_anywhere: scenarios!(@ $place),
                    waiting: &[$($(($step, $what)),+)?],
                }
                .check();
            }
        )+
    };
    (@ anywhere) => { true };
    (@ alone) => { false };
}

scenarios! {
    the_default_ports_in_every_format: anywhere "ports/01_defaults";
    named_ports_are_set: anywhere "ports/02_set";
    reserved_ports_are_refused: anywhere "ports/04_reserved";
    named_ports_are_validated: anywhere "ports/05_validate";
    free_ports_are_allocated: alone "ports/07_allocate";
    named_ports_come_from_and_go_to_files: anywhere "ports/08_import_export";
    where_named_ports_come_from: anywhere "ports/10_detailed";
    named_ports_and_who_uses_them: alone "ports/11_scan";
    conflicts_are_counted_and_ended: alone "ports/13_conflicts";
    ranges_are_built_in: anywhere "ports/14_ranges";
    the_ledger_has_a_row_for_each_record: anywhere "ports/16_registry";
    the_ledger_is_compared_with_what_listens: alone "ports/17_reconcile";
    who_has_a_port_is_ended_when_asked: alone "ports/19_doctor_kill";
    an_environment_file_is_diagnosed: alone "ports/20_doctor_env";
    stale_records_are_forgotten: alone "ports/22_doctor_clean";
    a_start_is_validated_before: alone "ports/23_doctor_validate";
    ten_common_ports: alone "ports/25_doctor_scan";
    the_health_of_an_installation: alone "ports/26_doctor_healthcheck";
    help_and_unknown_words: anywhere "process/01-dispatch" waiting for { 6: "the commands of later groups" };
    setup_and_empty_tables: anywhere "process/02-setup";
    options_without_their_value: anywhere "process/04-start-missing-value";
    a_start_leaves_a_record_a_pid_file_a_row_and_logs: alone "process/05-start-record";
    the_port_comes_from_the_option_the_env_file_or_the_command: alone "process/07-start-ports";
    a_failed_start_says_why_and_leaves_nothing: alone "process/08-start-failures";
    a_start_checks_its_port: alone "process/10-start-portcheck";
    a_process_has_a_session_and_descriptors_of_its_own: anywhere "process/11-start-session";
    ids_names_and_parts_of_names_find_records: alone "process/13-resolve";
    paths_and_info: alone "process/14-paths-info";
    logs_of_one_process: alone "process/16-logs";
    logs_of_all_processes_and_follow: alone "process/17-logs-all";
    kill_with_wrong_words: anywhere "process/19-kill-usage";
    kill_by_id_and_by_name: alone "process/20-kill";
    kill_spares_what_is_not_managed: alone "process/22-kill-safe";
    kill_by_pattern: alone "process/23-kill-pattern";
    stop_by_id_name_base_and_port: alone "process/25-stop";
    stop_all_and_whole_trees: alone "process/26-stop-all";
    delete_removes_what_belongs_to_a_process: alone "process/28-delete";
    cleanup_removes_dead_records: alone "process/29-cleanup";
    init_from_tetra_toml: anywhere "process/31-init-toml";
    parallel_starts_get_different_ids: alone "process/34-parallel";
    start_works_without_setup_and_with_odd_names: alone "process/35-nosetup";
    services_before_there_are_any: anywhere "services/01_services_empty";
    saving_a_command: anywhere "services/02_save_command";
    saving_what_the_shell_would_evaluate: anywhere "services/04_save_quoting";
    saving_a_process: alone "services/05_save_process";
    showing_a_service: anywhere "services/07_show";
    looking_at_services_runs_nothing: anywhere "services/08_no_code_runs";
    removing_a_service: anywhere "services/10_rm";
    a_list_of_services: alone "services/11_list_available";
    starting_a_service_with_a_port: alone "services/13_start_port";
    services_that_do_not_start: alone "services/14_start_fail";
    starting_all_enabled_services: alone "services/16_startup";
    saving_and_resurrecting: alone "services/17_save_resurrect";
    definitions_are_bash: anywhere "services/19_definition_forms";
    flags_mean_nothing_to_a_service: alone "services/20_start_flags";
    a_list_of_services_that_run: alone "services/21_list_available_running";
    every_function_is_there: anywhere "shims/01-surface";
    variables_are_exported: anywhere "shims/02-env";
    sourcing_survives_strict_shells: anywhere "shims/04-source-strict";
    the_module_registry_is_answered: anywhere "shims/05-module-hooks";
    old_names_are_the_commands: alone "shims/07-wrappers";
    tview_panels: alone "shims/08-tview";
    ports_of_services_and_commands: anywhere "shims/10-ports";
    what_a_command_is: anywhere "shims/11-start-helpers";
    completion_offers_live_names: alone "shims/13-completion" waiting for { 2: "the command stream" };
    scripts_are_sourced_and_run_by_path: anywhere "shims/14-legacy-scripts" waiting for {
        1: "the command sessions", 2: "the command users", 3: "the command patterns", 4: "the command clicks",
        5: "the command journey", 7: "the command repl"
    };
    messages_as_json: anywhere "shims/16-json-helpers";
}

#[test]
fn every_scenario_has_its_test() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contract");
    let Ok(groups) = std::fs::read_dir(root) else {
        isolation::report(format_args!("list of scenarios SKIPPED: cannot read {root}"));
        return;
    };
    let files = groups.flatten().flat_map(|group| std::fs::read_dir(group.path()).unwrap().flatten());
    let mut found: Vec<String> = files
        .map(|file| file.path().strip_prefix(root).unwrap().to_str().unwrap().to_owned())
        .filter_map(|path| path.strip_suffix(".t").map(str::to_owned))
        .collect();
    found.sort();
    assert_eq!(found, NAMES);
}
