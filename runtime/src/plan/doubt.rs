//! Doubt: statements whose progress cannot be known after an interruption.

use crate::Error;
use crate::ledger::interrupted::Interrupted;
use crate::ledger::row::Row;
use crate::message::position::locate;
use crate::message::statements;
use patchgen_model::{Class, Kind, Patch, Statement};

/// Reason for a statement that was interrupted.
pub(crate) const INTERRUPTED: &str =
    "it did not come to its end, and may have committed all or part of its work";

/// `true` if an interruption leaves the progress of a statement unknown.
pub(crate) fn leaves_doubt(statement: &Statement<'_>) -> bool {
    matches!(statement.class, Class::Unrepeatable | Class::Procedural)
}

/// The error of a concurrent patch that was interrupted in such a statement, if it was.
pub(crate) fn doubt(patch: &Patch<'_>, row: &Row) -> Option<Error> {
    let begun = row.run.begun.filter(|_| patch.kind() == Kind::Concurrent)?;
    let statement = statements(patch)
        .into_iter()
        .nth(begun)
        .filter(leaves_doubt)?;
    Some(statement_doubt(
        &Interrupted::of_row(row),
        patch,
        &statement,
        INTERRUPTED,
    ))
}

/// The error for a statement whose progress is unknown, at its place in the file.
pub(crate) fn statement_doubt(
    interrupted: &Interrupted,
    patch: &Patch<'_>,
    statement: &Statement<'_>,
    reason: &str,
) -> Error {
    let (location, excerpt) = locate(patch, statement.span.start as usize);
    interrupted
        .statement_doubt(reason)
        .with_location(location, Some(excerpt))
        .with_patch(patch)
}
