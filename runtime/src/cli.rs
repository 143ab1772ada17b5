//! `plan`, `apply`, `resolve`, `adopt`, `export`, `status` and `verify` as a subcommand of a program that contains patches.
//!
//! ```no_run
//! use clap::Parser;
//! use patchgen_runtime::{Config, PatchSet, cli};
//! use std::process::ExitCode;
//!
//! // In a program: static PATCHES: PatchSet = embed_patches!();
//! static PATCHES: PatchSet = PatchSet::EMPTY;
//!
//! #[derive(Parser)]
//! enum Arguments {
//!     /// Do the program's work
//!     Serve,
//!     /// Apply the patches of the databases, or show their state
//!     Patches(cli::Command),
//! }
//!
//! fn main() -> ExitCode {
//!     match Arguments::parse() {
//!         Arguments::Serve => ExitCode::SUCCESS,
//!         Arguments::Patches(command) => command.run(&PATCHES, Config::new()),
//!     }
//! }
//! ```
//!
//! Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a patch is in doubt, 4 patches are pending (only with `--exit-code`).

mod action;
mod adopt;
mod export;
mod options;
mod outcome;
mod selection;

pub use action::{Action, Apply, Plan, Resolve, Status, Verify};
pub use adopt::Adopt;
pub use export::Export;
pub use options::{Format, Options};
pub use outcome::Outcome;

use crate::{Config, Error, PatchSet};
use std::io::Write as _;
use std::process::ExitCode;

/// The exit code of a failure.
pub const FAILED: u8 = 1;
/// The exit code if the outcome of a patch cannot be known.
pub const IN_DOUBT: u8 = 3;
/// The exit code of `plan` and `status` if patches are pending and `--exit-code` is given.
pub const PENDING: u8 = 4;

/// The subcommand: an action, and the options that all actions have in common.
#[derive(Clone, Debug, clap::Args)]
pub struct Command {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    action: Action,
}

impl Command {
    /// Performs the action of the command line; writes its outcome to standard output, an error to standard error.
    ///
    /// Options of the command line take precedence over what `config` has.
    #[must_use]
    pub fn run(&self, set: &PatchSet<'_>, config: Config) -> ExitCode {
        let config = self.options.configure(set, config);
        match config.and_then(|config| self.action.perform(set, config, self.options.format)) {
            Ok(outcome) => {
                // The reader may have closed the pipe.
                let _ = writeln!(std::io::stdout(), "{}", outcome.text);
                outcome.code.into()
            }
            Err(error) => {
                let _ = writeln!(std::io::stderr(), "error: {}", error.explain());
                exit_code(&error).into()
            }
        }
    }
}

/// The exit code for an error: [`IN_DOUBT`] or [`FAILED`].
#[must_use]
pub fn exit_code(error: &Error) -> u8 {
    if error.is_in_doubt() {
        IN_DOUBT
    } else {
        FAILED
    }
}
