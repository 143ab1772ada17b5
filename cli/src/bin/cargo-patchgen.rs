//! The program of `cargo patchgen`. Cargo passes the word `patchgen` as its first argument.

use std::process::ExitCode;

fn main() -> ExitCode {
    let passed_on = |(position, argument): &(usize, std::ffi::OsString)| {
        *position != 1 || argument != "patchgen"
    };
    let arguments = std::env::args_os().enumerate().filter(passed_on);
    patchgen_cli::main(arguments.map(|(_, argument)| argument))
}
