//! Nothing that a test has started outlives it.

use std::path::Path;

use super::proc;
use super::wait::{PATIENCE, holds_within};

/// Ends every process that belongs to the installation below `dir`. Returns those that would not go.
pub(super) fn reap(dir: &Path) -> Vec<i32> {
    // A process is invisible for an instant while it executes another program: look twice.
    let mut calm = 0;
    let gone = holds_within(PATIENCE, || {
        let found = belonging(dir);
        found.iter().copied().for_each(proc::kill);
        calm = if found.is_empty() { calm + 1 } else { 0 };
        calm == 2
    });
    if gone { Vec::new() } else { belonging(dir) }
}

fn belonging(dir: &Path) -> Vec<i32> {
    let own = i32::try_from(std::process::id()).unwrap();
    let is_ours = |pid: &i32| *pid != own && proc::is_alive(*pid) && belongs(*pid, dir);
    proc::all().into_iter().filter(is_ours).collect()
}

/// Its environment names this installation, it supervises something there, or it stands there.
fn belongs(pid: i32, dir: &Path) -> bool {
    let names_us =
        |key: &str| proc::environ(pid).get(key).is_some_and(|value| Path::new(value).starts_with(dir));
    names_us("TETRA_DIR")
        || names_us("TSM_PROCESS_DIR")
        || supervises(&proc::command_line(pid), dir)
        || proc::cwd(pid).is_some_and(|cwd| cwd.starts_with(dir))
}

/// `… __supervise <installation> <name>`
fn supervises(words: &[String], dir: &Path) -> bool {
    words.windows(2).any(|pair| pair[0] == "__supervise" && Path::new(&pair[1]).starts_with(dir))
}

#[cfg(test)]
mod tests {
    use crate::harness::{Home, proc};

    /// Starts something that nobody waits for; its pid.
    fn leave(home: &Home, command: &str) -> i32 {
        let output = home.shell(&format!("{command} >/dev/null 2>&1 </dev/null & echo $!"));
        String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
    }

    #[test]
    fn what_runs_in_a_home_ends_with_it_and_its_files_go() {
        let home = Home::new();
        let by_environment = leave(&home, "cd /; exec setsid sleep 1000");
        let by_directory = leave(&home, "exec env -i setsid sleep 1000");
        let by_command_line =
            leave(&home, "cd /; exec env -i tail -f /dev/null __supervise $TETRA_DIR/tsm web");
        let all = [by_environment, by_directory, by_command_line];
        assert!(all.iter().all(|pid| proc::is_alive(*pid)));

        let dir = home.dir().to_owned();
        drop(home);

        assert_eq!(all.map(proc::is_alive), [false; 3]);
        assert!(!dir.exists());
    }

    #[test]
    fn what_runs_elsewhere_is_left_alone() {
        let (home, other) = (Home::new(), Home::new());
        let neighbour = leave(&other, "exec sleep 1000");
        drop(home);
        assert!(proc::is_alive(neighbour));
    }
}
