//! The command line of Patchgen: what a program does with the patches that it carries, done with files.
//!
//! Patches are read and checked by `patchgen`, applied by `patchgen-runtime`; here are only the words in between.
//! It has no loop that applies patches, and keeps no settings of its own.

mod arguments;
mod check;
mod files;
mod lock;
mod log;
mod new;
mod paint;
mod progress;

use arguments::{Arguments, Command, Files};
use clap::{ColorChoice, Parser};
use patchgen_runtime::Config;
use patchgen_runtime::cli::{Action, Outcome, exit_code};
use progress::Progress;
use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;
use tracing::level_filters::LevelFilter;

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
    match arguments.color {
        ColorChoice::Auto => anstream::ColorChoice::Auto,
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
    }
    .write_global();
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
        Command::New(new) => new::run(new, arguments),
        Command::Check(check) => check::run(check, arguments),
        Command::Lock(lock) => lock::run(lock, arguments),
        Command::Plan(on) => perform(&Action::Plan(on.action.clone()), &on.files, arguments),
        Command::Apply(on) => perform(&Action::Apply(on.action.clone()), &on.files, arguments),
        Command::Resolve(on) => perform(&Action::Resolve(on.action.clone()), &on.files, arguments),
        Command::Adopt(on) => perform(&Action::Adopt(on.action.clone()), &on.files, arguments),
        Command::Export(on) => perform(&Action::Export(on.action.clone()), &on.files, arguments),
        Command::Status(on) => perform(&Action::Status(on.action.clone()), &on.files, arguments),
        Command::Verify(on) => perform(&Action::Verify(on.action.clone()), &on.files, arguments),
    }
}

/// Does what a program would do that carries the patches in the files.
fn perform(action: &Action, files: &Files, arguments: &Arguments) -> Result<Outcome, Failure> {
    let output = files::read(&files::build(files, &arguments.launchpad))?;
    let failure = |error: patchgen_runtime::Error| Failure {
        text: format!("error: {}", error.explain()),
        code: exit_code(&error),
    };
    let set = output.patch_set();
    let mut config = arguments
        .options
        .configure(&set, Config::new())
        .map_err(failure)?;
    // With more of the log than errors, the log tells what happens.
    if matches!(action, Action::Apply(_)) && arguments.log_level <= LevelFilter::ERROR {
        config = config.observer(Progress::new());
    }
    action
        .perform(&set, config, arguments.options.format)
        .map_err(failure)
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).expect("findings and paths have only text for keys")
}
