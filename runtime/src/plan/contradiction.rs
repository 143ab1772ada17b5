//! Contradictions between the ledger and the patches of a program, gathered so that all of them are reported at once.

use super::comparison::Comparison;
use super::{PatchState, doubt};
use crate::config::Policy;
use crate::ledger::row::{Row, State};
use crate::server::quote::identifier;
use crate::{Config, Error, ErrorKind, Place};
use patchgen_model::Patch;

/// The contradictions that were found so far.
#[derive(Default)]
pub(super) struct Contradictions {
    errors: Vec<Error>,
    warnings: Vec<String>,
}

impl Contradictions {
    fn add(&mut self, policy: Policy, message: String, help: &str) {
        match policy {
            Policy::Ignore => {}
            Policy::Warn => self.warnings.push(message),
            Policy::Error => self
                .errors
                .push(Error::new(ErrorKind::History, message).with_help(help)),
        }
    }

    /// A concurrent patch was begun, and its kind has changed since.
    pub(super) fn changed_kind(
        &mut self,
        comparison: &Comparison<'_>,
        patch: &Patch<'_>,
        row: &Row,
    ) {
        let message = format!(
            "{} was begun as a concurrent patch, {} of its statements are done, and now it is of kind {}",
            comparison.name(),
            row.run.done,
            patch.kind()
        );
        self.add(
            Policy::Error,
            message,
            "declare `-- patch: kind=concurrent` again: it goes on behind what is done",
        );
    }

    pub(super) fn late(&mut self, comparison: &Comparison<'_>, policy: Policy) {
        let message = format!(
            "{} comes late: a newer patch of `{}` is already applied",
            comparison.name(),
            comparison.place()
        );
        self.add(
            policy,
            message,
            "give it a version after the last applied one, or allow late patches",
        );
    }

    pub(super) fn invalid_database(&mut self, error: Error) {
        let is_new = |other: &Error| other.message() != error.message();
        if self.errors.iter().all(is_new) {
            self.errors.push(error);
        }
    }

    /// A place has no schema, and no patch that creates it. (A missing database is found out by connecting.)
    pub(super) fn missing_schema(&mut self, place: &Place, patch: &Patch<'_>) {
        let (database, schema) = (&place.database, place.schema.as_deref().unwrap_or_default());
        let error = Error::new(
            ErrorKind::MissingDatabase,
            format!("schema `{schema}` does not exist in database `{database}`"),
        )
        .with_help(format!(
            "give it a baseline patch `{}.00000000.0000.{}.baseline.sql`, or run: CREATE SCHEMA {} AUTHORIZATION {};",
            patch.database(),
            patch.user(),
            identifier(schema),
            identifier(patch.user())
        ));
        self.invalid_database(error);
    }

    /// A patch that is edited, missing, newer than the program, or in doubt.
    pub(super) fn contradiction(
        &mut self,
        comparison: &Comparison<'_>,
        config: &Config,
        all: &[Comparison<'_>],
    ) {
        let name = comparison.name();
        match (comparison.state, &comparison.patch, &comparison.row) {
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
                let statement = patch.and_then(|patch| doubt::doubt(&patch, row));
                let message = format!(
                    "whether {name} took effect is not known (attempt {})",
                    row.attempt
                );
                let transaction = || {
                    Error::new(ErrorKind::InDoubt, message).with_help(
                        "run apply: it asks the server and settles the patch if the server knows",
                    )
                };
                self.errors.push(statement.unwrap_or_else(transaction));
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
                let same_place = all
                    .iter()
                    .filter(|other| other.place() == comparison.place());
                let newest = same_place
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

    /// Returns the warnings, or one error for all contradictions: of the kind in doubt if one is, and at its place.
    pub(super) fn finish(self) -> Result<Vec<String>, Error> {
        let mut errors = self.errors;
        let Some(first) = errors
            .iter()
            .position(Error::is_in_doubt)
            .or((!errors.is_empty()).then_some(0))
        else {
            return Ok(self.warnings);
        };
        let first = errors.remove(first);
        Err(errors
            .into_iter()
            .fold(first, Error::and)
            .with_warnings(self.warnings))
    }
}
