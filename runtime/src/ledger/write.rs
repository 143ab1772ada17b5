//! Writing the ledger: what is about to run, what was committed, what failed.

use super::{DURABLE, Entry, Ledger, Row, SHA256, Settled, Transaction};
use crate::quote::{literal, optional};
use patchgen_model::Version;
use std::fmt::Write as _;

impl Ledger {
    /// Records that patches are about to run; gives a row with the attempt for each. Not for settled patches.
    pub(crate) fn intent(&self, entries: &[Entry<'_>]) -> String {
        format!(
            "{} RETURNING p.attempt",
            self.upsert(entries, "intent", SHA256, "NULL")
        )
    }

    /// Records patches as applied or adopted within the transaction that does it; fails if one is settled already.
    pub(crate) fn settle(&self, entries: &[Entry<'_>], settled: Settled) -> String {
        let finished = if settled == Settled::Applied {
            "NULL"
        } else {
            "pg_catalog.clock_timestamp()"
        };
        let expressions = format!(
            "touched AS ({} RETURNING 1)",
            self.upsert(entries, settled.state(), settled.algorithm(), finished)
        );
        Self::exactly(entries.len(), &expressions)
    }

    fn upsert(
        &self,
        entries: &[Entry<'_>],
        state: &str,
        algorithm: &str,
        finished: &str,
    ) -> String {
        let mut sql = format!(
            "INSERT INTO {}.patch AS p (database, major, minor, point, file, kind, \"user\", description, checksum, \
             algorithm, state, attempt, started_at, finished_at, application_name, branch, revision_number, revision_id, \
             tool_version) VALUES ",
            self.schema
        );
        let (branch, number, id) = match &self.revision {
            Some((branch, number, id)) => (literal(branch), number.to_string(), literal(id)),
            None => ("NULL".to_owned(), "NULL".to_owned(), "NULL".to_owned()),
        };
        for (position, entry) in entries.iter().enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            let _ = write!(
                sql,
                "{separator}({}, {}, {}, {}, {}, {}, '{algorithm}', '{state}', 1, pg_catalog.clock_timestamp(), {finished}, {}, \
                 {branch}, {number}, {id}, {})",
                entry.key(),
                literal(entry.patch.file()),
                literal(entry.patch.kind().as_str()),
                literal(entry.patch.user()),
                literal(entry.patch.description()),
                literal(&entry.patch.checksum().to_string()),
                literal(&self.application_name),
                literal(env!("CARGO_PKG_VERSION")),
            );
        }
        sql.push_str(
            " ON CONFLICT (database, major, minor, point) DO UPDATE SET file = excluded.file, kind = excluded.kind, \
             \"user\" = excluded.\"user\", description = excluded.description, checksum = excluded.checksum, \
             algorithm = excluded.algorithm, state = excluded.state, attempt = p.attempt + 1, started_at = excluded.started_at, \
             finished_at = excluded.finished_at, login_role = excluded.login_role, \
             application_name = excluded.application_name, branch = excluded.branch, \
             revision_number = excluded.revision_number, revision_id = excluded.revision_id, \
             tool_version = excluded.tool_version, sqlstate = NULL, message = NULL \
             WHERE p.state = 'intent'",
        );
        sql
    }

    /// Ends a list of data-changing expressions, of which the last is `touched`, so that all of them fail and change
    /// nothing unless it touches exactly so many rows.
    pub(crate) fn exactly(rows: usize, expressions: &str) -> String {
        // The cast fails with 22P02 and shows the text in the server's log.
        format!(
            "WITH {expressions} SELECT (CASE WHEN pg_catalog.count(*) = {rows} THEN '1' \
             ELSE 'patchgen: another run has taken over' END)::pg_catalog.int4 FROM touched"
        )
    }

    /// Records the transaction that is about to be committed; fails if another run has taken over.
    pub(crate) fn committing(&self, entries: &[Entry<'_>], transaction: &Transaction) -> String {
        let schema = &self.schema;
        let Transaction {
            xid,
            system_identifier,
            timeline,
            database_oid,
            pid: _,
        } = transaction;
        let expressions = format!(
            "changed AS (UPDATE {schema}.patch SET state = 'committing' WHERE state = 'intent' AND {} \
             RETURNING database, major, minor, point, attempt, started_at), \
             touched AS (INSERT INTO {schema}.run AS r (database, major, minor, point, node, attempt, state, \
             system_identifier, timeline, database_oid, xid, started_at) \
             SELECT database, major, minor, point, '', attempt, 'committing', {}, {}, {database_oid}, {xid}, started_at \
             FROM changed ON CONFLICT (database, major, minor, point, node) DO UPDATE SET \
             attempt = excluded.attempt, state = excluded.state, system_identifier = excluded.system_identifier, \
             timeline = excluded.timeline, database_oid = excluded.database_oid, xid = excluded.xid, \
             started_at = excluded.started_at, finished_at = NULL RETURNING 1)",
            matches(entries),
            literal(system_identifier),
            literal(timeline),
        );
        format!("{DURABLE}{}", Self::exactly(entries.len(), &expressions))
    }

    /// Records that the transaction was committed.
    pub(crate) fn applied(&self, entries: &[Entry<'_>]) -> String {
        let (schema, rows) = (&self.schema, matches(entries));
        format!(
            "UPDATE {schema}.patch SET state = 'applied', finished_at = pg_catalog.clock_timestamp() \
             WHERE state = 'committing' AND {rows}; \
             UPDATE {schema}.run SET state = 'applied', finished_at = pg_catalog.clock_timestamp() \
             WHERE state = 'committing' AND {rows}"
        )
    }

    /// Records that what cannot run in a transaction is done.
    pub(crate) fn done(&self, entries: &[Entry<'_>]) -> String {
        format!(
            "UPDATE {}.patch SET state = 'applied', finished_at = pg_catalog.clock_timestamp() \
             WHERE state = 'intent' AND {}",
            self.schema,
            matches(entries)
        )
    }

    /// Records that a psql script is about to run a patch, after its intent.
    ///
    /// The script cannot tell the number of its transaction in time, so an interruption leaves doubt, which is better
    /// than a patch that runs twice. Numbers of earlier attempts must not settle it.
    pub(crate) fn handed_over(&self, entries: &[Entry<'_>]) -> String {
        let schema = &self.schema;
        let keys: Vec<String> = entries
            .iter()
            .map(|entry| format!("({})", entry.key()))
            .collect();
        format!(
            "forgotten AS (DELETE FROM {schema}.run WHERE (database, major, minor, point) IN ({})), \
             touched AS (UPDATE {schema}.patch SET state = 'committing' WHERE state = 'intent' AND {} RETURNING 1)",
            keys.join(", "),
            matches(entries)
        )
    }

    /// Records that the script is through with it.
    pub(crate) fn handed_back(&self, entries: &[Entry<'_>]) -> String {
        format!(
            "touched AS (UPDATE {}.patch SET state = 'applied', finished_at = pg_catalog.clock_timestamp() \
             WHERE state = 'committing' AND {} RETURNING 1)",
            self.schema,
            matches(entries)
        )
    }

    /// Takes back that a transaction is about to be committed.
    pub(crate) fn rolled_back(&self, entries: &[Entry<'_>]) -> String {
        let (schema, rows) = (&self.schema, matches(entries));
        format!(
            "UPDATE {schema}.patch SET state = 'intent' WHERE state = 'committing' AND {rows}; \
             UPDATE {schema}.run SET state = 'intent' WHERE state = 'committing' AND {rows}"
        )
    }

    /// Sets the finish time within the transaction that applies the patches.
    pub(crate) fn finished(&self, entries: &[Entry<'_>]) -> String {
        let keys: Vec<String> = entries
            .iter()
            .map(|entry| format!("({})", entry.key()))
            .collect();
        format!(
            "UPDATE {}.patch SET finished_at = pg_catalog.clock_timestamp() \
             WHERE (database, major, minor, point) IN ({})",
            self.schema,
            keys.join(", ")
        )
    }

    /// Records what the last attempt failed with; the patch stays not applied.
    pub(crate) fn failed(
        &self,
        entries: &[Entry<'_>],
        sql_state: Option<&str>,
        message: &str,
    ) -> String {
        format!(
            "UPDATE {}.patch SET sqlstate = {}, message = {}, finished_at = pg_catalog.clock_timestamp() \
             WHERE state = 'intent' AND {}",
            self.schema,
            optional(sql_state),
            literal(message),
            matches(entries)
        )
    }

    /// Forgets what the last attempt failed with.
    pub(crate) fn cleared(&self, entries: &[Entry<'_>]) -> String {
        format!(
            "UPDATE {}.patch SET sqlstate = NULL, message = NULL WHERE state = 'intent' AND {}",
            self.schema,
            matches(entries)
        )
    }

    /// Settles an interrupted patch as what its transaction turned out to be.
    pub(crate) fn recovered(&self, row: &Row, applied: bool) -> String {
        let Version {
            major,
            minor,
            point,
        } = row.version;
        let state = if applied { "applied" } else { "intent" };
        let place = format!(
            "database = {} AND major = {major} AND minor = {minor} AND point = {point} AND attempt = {}",
            literal(&row.key),
            row.attempt
        );
        format!(
            "UPDATE {schema}.patch SET state = '{state}', finished_at = pg_catalog.clock_timestamp() \
             WHERE state = 'committing' AND {place}; \
             UPDATE {schema}.run SET state = '{state}', finished_at = pg_catalog.clock_timestamp() \
             WHERE state = 'committing' AND {place}",
            schema = self.schema
        )
    }
}

/// A condition that holds for exactly these attempts.
fn matches(entries: &[Entry<'_>]) -> String {
    let keys: Vec<String> = entries
        .iter()
        .map(|entry| format!("({}, {})", entry.key(), entry.attempt))
        .collect();
    format!(
        "(database, major, minor, point, attempt) IN ({})",
        keys.join(", ")
    )
}
