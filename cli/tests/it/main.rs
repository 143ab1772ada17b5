//! Tests of the program `patchgen`: its exit codes, its output, and its effects on databases.
#![expect(clippy::unwrap_used, reason = "a panic is a failed test")]

/// Adoption of databases from other tools.
mod adopt;
/// Commands on databases.
mod databases;
/// Scripts for administrators.
mod export;
/// Commands that need only files.
mod files;

use patchgen_tests::{Outcome, Running};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

const PATCHGEN: &str = env!("CARGO_BIN_EXE_patchgen");

/// Runs a program in a folder with an empty environment.
fn run(program: &str, folder: &Path, arguments: &[&str]) -> Outcome {
    let mut command = Command::new(program);
    command.current_dir(folder).args(arguments);
    command.env_clear().env("HOME", folder);
    Running::start(&mut command).wait()
}

fn patchgen(folder: &Path, arguments: &[&str]) -> Outcome {
    run(PATCHGEN, folder, arguments)
}

/// Parses the standard output, which must be one JSON value.
#[track_caller]
fn json(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {outcome:#?}"))
}

/// Returns the states in the JSON output of `status`.
fn states(status: &Outcome) -> Vec<String> {
    let state = |patch: &Value| patch["state"].as_str().unwrap().to_owned();
    let patches = json(status);
    patches.as_array().unwrap().iter().map(state).collect()
}
