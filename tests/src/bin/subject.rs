//! The program that the tests start, interrupt and start again. It applies patches from globs with the runtime's own
//! subcommand.
//!
//! `SUBJECT_AT=point:number:action` kills (`kill`) or stops (`stop`) the program at the given occurrence of a failpoint.

#![expect(clippy::print_stderr, reason = "the tests read its standard error")]

use clap::Parser;
use patchgen_runtime::{Config, cli};
use rustix::process::{Signal, getpid, kill_process};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

#[derive(Parser)]
struct Arguments {
    /// Patch files; may be repeated
    #[arg(long)]
    patches: Vec<String>,
    /// The database of launchpad names
    #[arg(long)]
    database: Option<String>,
    /// The user of launchpad names
    #[arg(long)]
    user: Option<String>,
    /// Share a transaction among patches that may
    #[arg(long)]
    grouped: bool,
    #[command(flatten)]
    command: cli::Command,
}

fn main() -> ExitCode {
    arm();
    let arguments = Arguments::parse();
    let mut build = patchgen::Build::new().without_lock_file();
    for glob in &arguments.patches {
        build = build.patches(glob);
    }
    if let Some(database) = &arguments.database {
        build = build.database(database);
    }
    if let Some(user) = &arguments.user {
        build = build.user(user);
    }
    match build.run() {
        Ok(output) => arguments
            .command
            .run(&output.patch_set(), config(&arguments)),
        Err(diagnostics) => panic!("{diagnostics}"),
    }
}

fn config(arguments: &Arguments) -> Config {
    let mut config =
        Config::new().observer(|event: &patchgen_runtime::Event<'_>| eprintln!("{event:?}"));
    if arguments.grouped {
        config = config.grouping(patchgen_runtime::Grouping::Consecutive);
    }
    config
}

/// Sets the failpoint of `SUBJECT_AT`.
fn arm() {
    let Ok(words) = std::env::var("SUBJECT_AT") else {
        return;
    };
    let parts: Vec<&str> = words.split(':').collect();
    let [point, number, action] = parts[..] else {
        panic!("SUBJECT_AT={words}")
    };
    let number: usize = number.parse().expect("a number");
    let signal = if action == "stop" {
        Signal::STOP
    } else {
        Signal::KILL
    };
    let occurrences = AtomicUsize::new(0);
    fail::cfg_callback(point, move || {
        if occurrences.fetch_add(1, Ordering::SeqCst) + 1 == number {
            kill_process(getpid(), signal).expect("a process may signal itself");
            // The signal may reach another thread first, and this one must not continue meanwhile.
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    })
    .expect("a failpoint can be set");
}
