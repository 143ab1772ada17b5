//! How far a concurrent patch is, as the ledger keeps it.

use crate::ledger::{DURABLE, Entry, Ledger, Transaction, is_gone};
use crate::quote::{literal, optional};
use crate::recover::Interrupted;
use crate::transaction::transaction_gone;
use crate::{Error, ErrorKind};

/// The statement that was under way when the ledger was last written.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) enum UnderWay {
    /// None: all that were begun are done.
    #[default]
    Nothing,
    /// One outside a transaction; `existed` tells whether what it makes was there before.
    Statement { existed: bool },
    /// One whose transaction was about to be committed.
    Transaction {
        xid: String,
        system_identifier: String,
        timeline: String,
    },
}

/// How many statements are done, and what was under way.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Progress {
    pub(crate) done: usize,
    /// Digest of the text of the statements that are done.
    pub(crate) digest: Option<String>,
    pub(crate) under_way: UnderWay,
}

impl Progress {
    /// The transaction that was about to be committed, of which the server can be asked.
    pub(crate) fn interrupted<'p>(&'p self, entry: &'p Entry<'_>) -> Option<Interrupted<'p>> {
        let UnderWay::Transaction {
            xid,
            system_identifier,
            timeline,
        } = &self.under_way
        else {
            return None;
        };
        Some(Interrupted {
            xid: Some(xid),
            system_identifier: Some(system_identifier),
            timeline: Some(timeline),
            ..Interrupted::of_entry(entry)
        })
    }
}

impl Ledger {
    /// Reads how far earlier attempts came.
    pub(crate) async fn progress(&self, entry: &Entry<'_>) -> Result<Progress, Error> {
        let query = format!(
            "SELECT state, statements_done, statements_digest, begun, existed, xid, system_identifier, timeline \
             FROM {}.run WHERE (database, major, minor, point, node) = ({}, '')",
            self.schema(),
            entry.key()
        );
        let row = self
            .session
            .run(&query)
            .await
            .map_err(|refusal| self.session.explain(refusal))?;
        let Some(row) = row else {
            return Ok(Progress::default());
        };
        let text = |column: usize| row.get(column).map(str::to_owned);
        let under_way = match (row.get(0), text(5), text(6), text(7)) {
            (Some("committing"), Some(xid), Some(system_identifier), Some(timeline)) => {
                UnderWay::Transaction {
                    xid,
                    system_identifier,
                    timeline,
                }
            }
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

    /// The statement that writes how far this attempt is; fails with 22P02 if another run has taken over.
    pub(crate) fn advance(
        &self,
        entry: &Entry<'_>,
        progress: &Progress,
        transaction: Option<&Transaction>,
    ) -> String {
        let (schema, key, attempt) = (self.schema(), entry.key(), entry.attempt);
        let (begun, existed) = match progress.under_way {
            UnderWay::Statement { existed } => (progress.done.to_string(), existed.to_string()),
            _ => ("NULL".to_owned(), "NULL".to_owned()),
        };
        let state = if matches!(progress.under_way, UnderWay::Transaction { .. }) {
            "committing"
        } else {
            "intent"
        };
        let (system, timeline, oid, xid) = match transaction {
            Some(t) => (
                literal(&t.system_identifier),
                literal(&t.timeline),
                t.database_oid.clone(),
                t.xid.clone(),
            ),
            None => (
                "NULL".to_owned(),
                "NULL".to_owned(),
                "NULL".to_owned(),
                "NULL".to_owned(),
            ),
        };
        let expressions = format!(
            "mine AS (SELECT 1 FROM {schema}.patch WHERE (database, major, minor, point) = ({key}) \
             AND state = 'intent' AND attempt = {attempt} FOR UPDATE), \
             touched AS (INSERT INTO {schema}.run AS r (database, major, minor, point, node, attempt, state, \
             system_identifier, timeline, database_oid, xid, statements_done, statements_digest, begun, existed, started_at) \
             SELECT {key}, '', {attempt}, '{state}', {system}, {timeline}, {oid}::bigint, {xid}::bigint, {}, {}, \
             {begun}::integer, {existed}::boolean, pg_catalog.clock_timestamp() FROM mine \
             ON CONFLICT (database, major, minor, point, node) DO UPDATE SET attempt = excluded.attempt, \
             state = excluded.state, system_identifier = excluded.system_identifier, timeline = excluded.timeline, \
             database_oid = excluded.database_oid, xid = excluded.xid, statements_done = excluded.statements_done, \
             statements_digest = excluded.statements_digest, begun = excluded.begun, existed = excluded.existed \
             RETURNING 1)",
            progress.done,
            optional(progress.digest.as_deref()),
        );
        format!("{DURABLE}{}", Self::exactly(1, &expressions))
    }

    /// Writes how far this attempt is, after the guard of the transaction that is about to be committed.
    pub(crate) async fn write(
        &self,
        entry: &Entry<'_>,
        progress: &Progress,
        transaction: Option<&Transaction>,
        guard: &str,
    ) -> Result<(), Error> {
        let message = format!("{guard}{}", self.advance(entry, progress, transaction));
        match self.session.run(&message).await {
            Ok(_) => Ok(()),
            Err(refusal) if is_gone(&refusal) => Err(transaction_gone(&entry.patch)),
            Err(refusal)
                if refusal.code()
                    == Some(&tokio_postgres::error::SqlState::INVALID_TEXT_REPRESENTATION) =>
            {
                Err(Error::new(
                    ErrorKind::Fenced,
                    format!("another run has taken over `{}`", entry.patch.file()),
                )
                .with_help("look at the other run's outcome with status")
                .with_patch(&entry.patch))
            }
            Err(refusal) => Err(self.session.explain(refusal)),
        }
    }
}
