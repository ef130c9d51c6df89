//! The `tsm` executable.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(tsm::run(std::env::args_os().skip(1).collect()))
}
