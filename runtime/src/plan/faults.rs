//! What contradicts: the ledger and the patches of a program, or one patch and what is known of it.

use super::{PatchState, Standing};
use crate::config::Policy;
use crate::ledger::{Row, State};
use crate::{Config, Error, ErrorKind, concurrent};
use patchgen_model::Patch;

/// Gathered so that all of it is said at once.
#[derive(Default)]
pub(super) struct Faults {
    errors: Vec<String>,
    help: Vec<&'static str>,
    warnings: Vec<String>,
    doubt: Option<Error>,
}

impl Faults {
    fn add(&mut self, policy: Policy, message: String, help: &'static str) {
        match policy {
            Policy::Ignore => {}
            Policy::Warn => self.warnings.push(message),
            Policy::Error => {
                self.errors.push(message);
                if !self.help.contains(&help) {
                    self.help.push(help);
                }
            }
        }
    }

    pub(super) fn changed_kind(&mut self, standing: &Standing<'_>, patch: &Patch<'_>, row: &Row) {
        let message = format!(
            "{} was begun as a concurrent patch, {} of its statements are done, and now it is of kind {}",
            standing.name(),
            row.run.done,
            patch.kind()
        );
        self.add(
            Policy::Error,
            message,
            "declare `-- patch: kind=concurrent` again: it goes on behind what is done",
        );
    }

    pub(super) fn late(&mut self, standing: &Standing<'_>, policy: Policy) {
        let message = format!(
            "{} comes late: a newer patch of `{}` is already applied",
            standing.name(),
            standing.target
        );
        self.add(
            policy,
            message,
            "give it a version after the last applied one, or allow late patches",
        );
    }

    pub(super) fn standing(
        &mut self,
        standing: &Standing<'_>,
        config: &Config,
        all: &[Standing<'_>],
    ) {
        let name = standing.name();
        match (standing.state, &standing.patch, &standing.row) {
            (PatchState::Edited, Some(patch), Some(row)) => self.add(
                config.edited,
                format!(
                    "{name} was edited after it was applied: applied {}, now {}",
                    row.checksum,
                    patch.checksum()
                ),
                "restore the file as it was applied and put the change into a new patch",
            ),
            (PatchState::InDoubt, patch, Some(row)) => {
                let statement = patch.and_then(|patch| concurrent::doubt(&patch, row));
                let message = format!(
                    "whether {name} took effect is not known (attempt {})",
                    row.attempt
                );
                let transaction = || {
                    Error::new(ErrorKind::InDoubt, message).with_help(
                        "run apply: it asks the server and settles the patch if the server knows",
                    )
                };
                self.doubt = self
                    .doubt
                    .take()
                    .or_else(|| Some(statement.unwrap_or_else(transaction)));
            }
            (_, None, Some(row)) if row.state == State::Intent => {
                let message = format!(
                    "{name} was begun, never finished, and is missing from this program; {} of its statements are done",
                    row.run.done
                );
                let policy = match config.missing {
                    Policy::Error => Policy::Warn,
                    other => other,
                };
                self.add(policy, message, "");
            }
            (_, None, Some(row)) => {
                let newest = all.iter().filter(|other| other.target == standing.target);
                let newest = newest
                    .filter_map(|other| other.patch.map(|patch| patch.version()))
                    .max();
                if newest < Some(row.version) {
                    let message = format!(
                        "the database is newer than this program: {name} is applied and unknown here"
                    );
                    self.add(
                        config.newer,
                        message,
                        "use the newest version of the program",
                    );
                } else {
                    let message = format!("{name} is applied and missing from this program");
                    self.add(
                        config.missing,
                        message,
                        "restore the file, or allow missing patches",
                    );
                }
            }
            _ => {}
        }
    }

    pub(super) fn finish(self) -> Result<Vec<String>, Error> {
        if let Some(doubt) = self.doubt {
            return Err(doubt);
        }
        if self.errors.is_empty() {
            return Ok(self.warnings);
        }
        Err(Error::new(ErrorKind::History, self.errors.join("; ")).with_help(self.help.join("; ")))
    }
}
