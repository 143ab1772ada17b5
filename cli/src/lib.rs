//! The command line of Patchgen: the functions of a program that carries patches, on patches from files.
//!
//! `patchgen` reads and checks the files, and `patchgen-runtime` applies the patches. This crate only connects the two:
//! it has no loop that applies patches and no settings of its own.

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

/// Failure of a command: the text for standard error, and the exit code.
struct Failure {
    text: String,
    code: u8,
}

/// Runs the command that the arguments name. The first argument is the program's own name.
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
                // Ignores an error, because the reader may have closed the pipe.
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

/// Performs an action with the patches of the files, as a program that carries them does.
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
    // The progress is shown only if the log does not show it.
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
