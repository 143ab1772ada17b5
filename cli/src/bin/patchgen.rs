//! The program `patchgen`.

use std::process::ExitCode;

fn main() -> ExitCode {
    patchgen_cli::main(std::env::args_os())
}
