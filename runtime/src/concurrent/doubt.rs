//! Statements of which it cannot be known how far they came.

use super::{Step, statements_of};
use crate::Error;
use crate::context::target_of;
use crate::ledger::Row;
use crate::message::PartFailure;
use crate::position::locate;
use crate::quote::literal;
use crate::recover::Interrupted;
use patchgen_model::{Class, Kind, Patch, Statement};

/// Whether an interruption leaves open what became of a statement.
pub(super) fn leaves_doubt(statement: &Statement<'_>) -> bool {
    matches!(statement.class, Class::Unrepeatable | Class::Procedural)
}

/// The error of a patch that was interrupted in such a statement, if it was.
pub(crate) fn doubt(patch: &Patch<'_>, row: &Row) -> Option<Error> {
    let begun = row.run.begun.filter(|_| patch.kind() == Kind::Concurrent)?;
    let statement = statements_of(patch)
        .into_iter()
        .nth(begun)
        .filter(leaves_doubt)?;
    let target = target_of(&row.key);
    Some(statement_doubt(
        &Interrupted::of_row(row, &target),
        patch,
        &statement,
        INTERRUPTED,
    ))
}

pub(super) const INTERRUPTED: &str =
    "it did not come to its end, and may have committed all or part of its work";

pub(super) fn statement_doubt(
    interrupted: &Interrupted<'_>,
    patch: &Patch<'_>,
    statement: &Statement<'_>,
    reason: &str,
) -> Error {
    let (location, excerpt) = locate(patch.file(), patch.text(), statement.span.start as usize);
    interrupted
        .statement_doubt(reason)
        .with_location(location, Some(excerpt))
        .with_patch(patch)
}

impl Step<'_, '_, '_, '_> {
    /// Whether a `DO` or `CALL` that failed commits on its way, as far as its text and those of the procedures that it names
    /// tell: what it had committed stays.
    pub(super) async fn may_have_committed(&self) -> Result<bool, Error> {
        if self.statement.class != Class::Procedural {
            return Ok(false);
        }
        let text = self.statement.span.of(self.entry.patch.text());
        let text = literal(&text.to_lowercase());
        let query = format!(
            "SELECT 1 WHERE pg_catalog.strpos({text}, 'commit') > 0 OR EXISTS (SELECT FROM pg_catalog.pg_proc p \
             JOIN pg_catalog.pg_language l ON l.oid = p.prolang WHERE p.prokind = 'p' \
             AND pg_catalog.strpos({text}, pg_catalog.lower(p.proname)) > 0 \
             AND (p.prosrc ~* 'commit|call|execute' OR l.lanname NOT IN ('sql', 'plpgsql')))"
        );
        let found = self.session.run(&query).await;
        let found = found.map_err(|refusal| self.session.explain(refusal))?;
        Ok(found.is_some())
    }

    /// It stays written down as begun, so that nothing but a person's word has it run again.
    pub(super) async fn failed_in_doubt(&self, failure: PartFailure) -> Error {
        let (patch, entry) = (&self.entry.patch, self.entry);
        let server = failure.refusal.error.as_db_error();
        let cause = server.map_or_else(String::new, |server| format!(": {}", server.message()));
        let reason = format!("it failed, and may have committed part of its work{cause}");
        let interrupted = Interrupted::of_entry(entry);
        let mut error = statement_doubt(&interrupted, patch, self.statement, &reason);
        if let Some(code) = failure.refusal.code() {
            error = error.with_sql_state(code.code().to_owned());
        }
        self.work
            .record_failure(std::slice::from_ref(entry), &error)
            .await;
        error
    }
}
