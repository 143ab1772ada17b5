//! The command line of Patchgen: what a program does with the patches that it carries, done with files.
//!
//! Patches are read and checked by `patchgen`, applied by `patchgen-runtime`; here are only the words in between.
//! It has no loop that applies patches, and keeps no settings of its own.

mod arguments;
mod check;
mod files;
mod log;
mod paint;
mod progress;

use arguments::{Arguments, Command, OnFiles};
use clap::Parser;
use patchgen_runtime::Config;
use patchgen_runtime::cli::{Action, Outcome, exit_code};
use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

/// Why a command ended without an outcome: what to write to standard error, and the exit code.
struct Failure {
    text: String,
    code: u8,
}

/// Does what the arguments say, the first of which is the program's own name.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(2).into();
        }
    };
    arguments.color.write_global();
    log::begin(arguments.log_level);
    match run(&arguments) {
        Ok(outcome) => {
            if !outcome.text.is_empty() {
                // Whoever reads may have closed the pipe.
                let _ = writeln!(anstream::stdout(), "{}", outcome.text);
            }
            outcome.code.into()
        }
        Err(failure) => {
            let _ = writeln!(anstream::stderr(), "{}", paint::messages(&failure.text));
            failure.code.into()
        }
    }
}

fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    match &arguments.command {
        Command::Check(check) => check::run(check, arguments),
        Command::Plan(on) => perform(&Action::Plan(on.action.clone()), &on.globs, arguments),
        Command::Apply(on) => perform(&Action::Apply(on.action.clone()), &on.globs, arguments),
        Command::Status(on) => perform(&Action::Status(on.action.clone()), &on.globs, arguments),
        Command::Verify(on) => perform(&Action::Verify(on.action.clone()), &on.globs, arguments),
    }
}
