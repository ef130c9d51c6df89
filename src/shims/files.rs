//! The files themselves, which are part of the executable.

/// One file.
#[derive(Debug)]
pub(super) struct Shim {
    /// Below `bash/tsm`.
    pub(super) path: &'static str,
    pub(super) text: &'static str,
    pub(super) mode: u32,
}

/// The link to the executable.
pub(super) const LINK: &str = "tsm";

macro_rules! shims {
    ($($path:literal $mode:literal),+ $(,)?) => {
        &[$(Shim { path: $path, text: include_str!(concat!("../../compat/", $path)), mode: $mode }),+]
    };
}

pub(super) const FILES: &[Shim] = shims![
    "tsm.sh" 0o644,
    "includes.sh" 0o644,
    "include.sh" 0o644,
    "include_minimal.sh" 0o644,
    "index.sh" 0o644,
    "core/include.sh" 0o644,
    "interfaces/repl.sh" 0o644,
    "completions/tsm.bash" 0o644,
    "tsm_session_aggregator.sh" 0o755,
    "tsm_analytics.sh" 0o755,
    "tsm_monitor.sh" 0o755,
    "tsm_resource_manager.sh" 0o755,
    "tsm_repl.sh" 0o755,
];

/// The directories that some of them are in.
pub(super) const DIRECTORIES: [&str; 3] = ["core", "interfaces", "completions"];

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_files_are_those_of_the_repository() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("compat");
        let mut found = Vec::new();
        for dir in ["", "core", "interfaces", "completions"] {
            let Ok(entries) = fs::read_dir(root.join(dir)) else { return };
            let files = entries.flatten().filter(|entry| entry.path().is_file());
            found.extend(files.map(|file| Path::new(dir).join(file.file_name()).display().to_string()));
        }
        found.retain(|path| path.ends_with(".sh") || path.ends_with(".bash"));
        found.sort();
        let mut paths: Vec<&str> = FILES.iter().map(|file| file.path).collect();
        paths.sort_unstable();
        assert_eq!(found, paths);
        for file in FILES {
            let mode = fs::metadata(root.join(file.path)).unwrap().permissions().mode();
            assert_eq!(mode & 0o111 != 0, file.mode & 0o111 != 0, "{}", file.path);
        }
    }
}
