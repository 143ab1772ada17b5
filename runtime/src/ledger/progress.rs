//! Progress of a concurrent patch, as the ledger keeps it.

use super::Ledger;
use super::entry::{Begun, Planned};
use super::error::{taken_over, transaction_gone};
use super::read::read_transaction;
use super::write::TransactionLiterals;
use crate::Error;
use crate::server::guard::Guard;
use crate::server::identity::TransactionId;
use crate::server::quote::{optional, sql};
use crate::server::session::{DURABLE, Refusal};
use patchgen_model::Patch;

/// The statement that was under way when the ledger was last written.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) enum UnderWay {
    /// None: all that were begun are done.
    #[default]
    Nothing,
    /// One outside of a transaction; `existed` is `true` if the object that it creates existed before.
    Statement { existed: bool },
    /// One whose transaction was about to be committed.
    Transaction(TransactionId),
}

/// The statements that are done, and the one that was under way.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Progress {
    pub(crate) done: usize,
    /// Digest of the text of the statements that are done.
    pub(crate) digest: Option<String>,
    pub(crate) under_way: UnderWay,
}

impl Ledger {
    /// Reads the progress of earlier attempts.
    pub(crate) async fn progress(&self, planned: &Planned<'_>) -> Result<Progress, Error> {
        let (schema, key) = (&self.schema, planned.key());
        let query = sql!(
            "
            SELECT state, statements_done, statements_digest, begun, existed,
                xid, system_identifier, timeline, database_oid
            FROM {schema}.run WHERE (database, major, minor, point, node) = ({key}, '')
            "
        );
        let Some(row) = self.session.row(&query).await? else {
            return Ok(Progress::default());
        };
        let text = |column: usize| row.get(column).map(str::to_owned);
        let transaction = read_transaction(text(5), text(6), text(7), text(8));
        let under_way = match (row.get(0), transaction) {
            (Some("committing"), Some(id)) => UnderWay::Transaction(id),
            _ if row.get(3).is_some() => UnderWay::Statement {
                existed: row.get(4) == Some("t"),
            },
            _ => UnderWay::Nothing,
        };
        let done = row.get(1).and_then(|done| done.parse().ok()).unwrap_or(0);
        Ok(Progress {
            done,
            digest: text(2),
            under_way,
        })
    }

    /// The statement that writes the progress of this attempt; fails if another run has taken over.
    fn advance(&self, begun: &Begun<'_>, progress: &Progress) -> String {
        let (schema, key, attempt) = (&self.schema, begun.key(), begun.attempt);
        let (begins, existed) = match progress.under_way {
            UnderWay::Statement { existed } => (progress.done.to_string(), existed.to_string()),
            _ => ("NULL".to_owned(), "NULL".to_owned()),
        };
        let (state, id) = match &progress.under_way {
            UnderWay::Transaction(id) => ("committing", Some(id)),
            _ => ("intent", None),
        };
        let TransactionLiterals {
            cluster,
            history,
            database,
            xid,
        } = TransactionLiterals::new(id);
        let (done, digest) = (progress.done, optional(progress.digest.as_deref()));
        let expressions = sql!(
            "
            mine AS (
                SELECT 1 FROM {schema}.patch WHERE (database, major, minor, point) = ({key})
                AND state = 'intent' AND attempt = {attempt} FOR UPDATE),
            touched AS (
                INSERT INTO {schema}.run AS r (
                    database, major, minor, point, node, attempt, state,
                    system_identifier, timeline, database_oid, xid,
                    statements_done, statements_digest, begun, existed, started_at)
                SELECT {key}, '', {attempt}, '{state}',
                    {cluster}, {history}, {database}::pg_catalog.int8, {xid}::pg_catalog.int8,
                    {done}, {digest}, {begins}::pg_catalog.int4, {existed}::pg_catalog.bool, pg_catalog.clock_timestamp()
                FROM mine
                ON CONFLICT (database, major, minor, point, node) DO UPDATE SET
                    attempt = excluded.attempt, state = excluded.state,
                    system_identifier = excluded.system_identifier, timeline = excluded.timeline,
                    database_oid = excluded.database_oid, xid = excluded.xid,
                    statements_done = excluded.statements_done, statements_digest = excluded.statements_digest,
                    begun = excluded.begun, existed = excluded.existed
                RETURNING 1)
            "
        );
        format!("{DURABLE}{}", Self::exactly(1, &expressions))
    }

    /// Writes the progress of this attempt, after the guard of the transaction that is about to be committed.
    pub(crate) async fn write(
        &self,
        begun: &Begun<'_>,
        progress: &Progress,
        guard: &str,
    ) -> Result<(), Error> {
        let message = format!("{guard}{}", self.advance(begun, progress));
        let written = self.session.try_row(&message).await;
        written
            .map(drop)
            .map_err(|refusal| self.refused(&begun.patch, refusal))
    }

    /// The error for a message that records a transaction or progress.
    pub(crate) fn refused(&self, patch: &Patch<'_>, refusal: Refusal) -> Error {
        match Guard::of(&refusal) {
            Some(Guard::Gone) => transaction_gone(patch),
            Some(Guard::TakenOver) => taken_over(patch),
            _ => self.session.explain(refusal),
        }
    }
}
