//! The program `patchgen` as a user has it: arguments in; exit code, output and databases out.
#![expect(clippy::unwrap_used, reason = "what cannot go on is a failed test")]

/// Databases of other tools, taken over.
mod adopt;
/// Commands on databases.
mod databases;
/// Scripts for administrators.
mod export;
/// Commands that only need files.
mod files;

use patchgen_tests::{Outcome, Running};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

const PATCHGEN: &str = env!("CARGO_BIN_EXE_patchgen");

/// Runs a program in a folder, without anything of the tester's own environment.
fn run(program: &str, folder: &Path, arguments: &[&str]) -> Outcome {
    let mut command = Command::new(program);
    command.current_dir(folder).args(arguments);
    command.env_clear().env("HOME", folder);
    Running::start(&mut command).wait()
}

fn patchgen(folder: &Path, arguments: &[&str]) -> Outcome {
    run(PATCHGEN, folder, arguments)
}

/// The exit code and all that was said, so that a failed comparison shows why.
fn code(outcome: &Outcome) -> (i32, &str, &str) {
    let code = outcome.status.code().unwrap();
    (code, &outcome.stdout, &outcome.stderr)
}

#[track_caller]
fn assert_code(outcome: &Outcome, expected: i32) {
    assert_eq!(code(outcome).0, expected, "{outcome:#?}");
}

/// Standard output, which must be one JSON value and nothing else.
#[track_caller]
fn json(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {outcome:#?}"))
}
