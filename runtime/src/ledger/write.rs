//! Writing the ledger: patches that are about to run, that were committed, that failed.

use super::Ledger;
use super::entry::{Begun, Planned};
use super::row::{LastFailure, Row};
use crate::server::guard::Guard;
use crate::server::identity::{DatabaseIdentity, TransactionId};
use crate::server::quote::{literal, optional, sql};
use crate::server::session::DURABLE;
use patchgen_model::Version;

/// The way in which a patch is recorded without an intent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FinalState {
    /// Applied, in the transaction that records it or just before.
    Applied,
    /// Recorded without running.
    Adopted,
    /// Recorded without running because another tool has run it; its text at that time is not known.
    Imported,
}

impl FinalState {
    const fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Adopted | Self::Imported => "adopted",
        }
    }

    const fn algorithm(self) -> &'static str {
        match self {
            Self::Applied | Self::Adopted => SHA256,
            Self::Imported => "sha256 (imported)",
        }
    }
}

const SHA256: &str = "sha256";

impl Ledger {
    /// Records that patches are about to run; returns a row with the attempt for each. Final patches are left alone.
    pub(crate) fn intent(&self, patches: &[Planned<'_>]) -> String {
        format!(
            "{} RETURNING p.attempt",
            self.upsert(patches, "intent", SHA256, "NULL")
        )
    }

    /// Records patches as applied or adopted, in the transaction that does it; fails if one is final already.
    pub(crate) fn record_final(&self, patches: &[Planned<'_>], state: FinalState) -> String {
        let finished = if state == FinalState::Applied {
            "NULL"
        } else {
            "pg_catalog.clock_timestamp()"
        };
        let expressions = format!(
            "touched AS ({} RETURNING 1)",
            self.upsert(patches, state.word(), state.algorithm(), finished)
        );
        Self::exactly(patches.len(), &expressions)
    }

    fn upsert(
        &self,
        patches: &[Planned<'_>],
        state: &str,
        algorithm: &str,
        finished: &str,
    ) -> String {
        let schema = &self.schema;
        let (branch, number, id) = match &self.revision {
            Some((branch, number, id)) => (literal(branch), number.to_string(), literal(id)),
            None => ("NULL".to_owned(), "NULL".to_owned(), "NULL".to_owned()),
        };
        let application = literal(&self.application_name);
        let version = literal(env!("CARGO_PKG_VERSION"));
        let values = |planned: &Planned<'_>| {
            let patch = &planned.patch;
            format!(
                "({}, {}, {}, {}, {}, {}, '{algorithm}', '{state}', 1, pg_catalog.clock_timestamp(), {finished}, \
                 {application}, {branch}, {number}, {id}, {version})",
                planned.key(),
                literal(patch.file()),
                literal(patch.kind().as_str()),
                literal(patch.user()),
                literal(patch.description()),
                literal(&patch.checksum().to_string()),
            )
        };
        let values: Vec<String> = patches.iter().map(values).collect();
        let values = values.join(", ");
        sql!(
            r#"
            INSERT INTO {schema}.patch AS p (
                database, major, minor, point, file, kind, "user", description, checksum,
                algorithm, state, attempt, started_at, finished_at,
                application_name, branch, revision_number, revision_id, tool_version)
            VALUES {values}
            ON CONFLICT (database, major, minor, point) DO UPDATE SET
                file = excluded.file, kind = excluded.kind, "user" = excluded."user",
                description = excluded.description, checksum = excluded.checksum, algorithm = excluded.algorithm,
                state = excluded.state, attempt = p.attempt + 1,
                started_at = excluded.started_at, finished_at = excluded.finished_at,
                login_role = excluded.login_role, application_name = excluded.application_name,
                branch = excluded.branch, revision_number = excluded.revision_number,
                revision_id = excluded.revision_id, tool_version = excluded.tool_version,
                sqlstate = NULL, message = NULL
            WHERE p.state = 'intent'
            "#
        )
    }

    /// Ends a list of data-changing expressions, of which the last is `touched`, so that all of them fail and change
    /// nothing unless it touches exactly this number of rows.
    pub(crate) fn exactly(rows: usize, expressions: &str) -> String {
        let guard = Guard::TakenOver.expression(&format!("pg_catalog.count(*) = {rows}"));
        format!("WITH {expressions} SELECT {guard} FROM touched")
    }

    /// Records the transaction that is about to be committed; fails if another run has taken over.
    pub(crate) fn committing(&self, begun: &[Begun<'_>], id: &TransactionId) -> String {
        let (schema, rows) = (&self.schema, matches(begun));
        let TransactionLiterals {
            cluster,
            history,
            database,
            xid,
        } = TransactionLiterals::new(Some(id));
        let expressions = sql!(
            "
            changed AS (
                UPDATE {schema}.patch SET state = 'committing' WHERE state = 'intent' AND {rows}
                RETURNING database, major, minor, point, attempt, started_at),
            touched AS (
                INSERT INTO {schema}.run AS r (
                    database, major, minor, point, node, attempt, state,
                    system_identifier, timeline, database_oid, xid, started_at)
                SELECT database, major, minor, point, '', attempt, 'committing',
                    {cluster}, {history}, {database}, {xid}, started_at
                FROM changed
                ON CONFLICT (database, major, minor, point, node) DO UPDATE SET
                    attempt = excluded.attempt, state = excluded.state,
                    system_identifier = excluded.system_identifier, timeline = excluded.timeline,
                    database_oid = excluded.database_oid, xid = excluded.xid,
                    started_at = excluded.started_at, finished_at = NULL
                RETURNING 1)
            "
        );
        format!("{DURABLE}{}", Self::exactly(begun.len(), &expressions))
    }

    /// Records that the transaction was committed.
    pub(crate) fn applied(&self, begun: &[Begun<'_>]) -> String {
        self.decided("applied", &matches(begun))
    }

    /// Records the outcome of a transaction that was about to be committed.
    fn decided(&self, state: &str, rows: &str) -> String {
        let schema = &self.schema;
        sql!(
            "
            UPDATE {schema}.patch SET state = '{state}', finished_at = pg_catalog.clock_timestamp()
                WHERE state = 'committing' AND {rows};
            UPDATE {schema}.run SET state = '{state}', finished_at = pg_catalog.clock_timestamp()
                WHERE state = 'committing' AND {rows}
            "
        )
    }

    /// Records that a patch outside of transactions is done.
    pub(crate) fn done(&self, begun: &Begun<'_>) -> String {
        let (schema, rows) = (&self.schema, matches(std::slice::from_ref(begun)));
        sql!(
            "
            UPDATE {schema}.patch SET state = 'applied', finished_at = pg_catalog.clock_timestamp()
                WHERE state = 'intent' AND {rows}
            "
        )
    }

    /// Records that a psql script is about to commit a patch, after its intent.
    ///
    /// The script cannot tell its transaction id in time, so an interruption leaves doubt, which is better than a patch
    /// that runs twice. Transaction ids of earlier attempts must not decide it.
    pub(crate) fn script_begins(&self, begun: &Begun<'_>) -> String {
        let (schema, key) = (&self.schema, begun.key());
        let rows = matches(std::slice::from_ref(begun));
        sql!(
            "
            forgotten AS (DELETE FROM {schema}.run WHERE (database, major, minor, point) = ({key})),
            touched AS (UPDATE {schema}.patch SET state = 'committing' WHERE state = 'intent' AND {rows} RETURNING 1)
            "
        )
    }

    /// Records that the psql script has committed it.
    pub(crate) fn script_ends(&self, begun: &Begun<'_>) -> String {
        let (schema, rows) = (&self.schema, matches(std::slice::from_ref(begun)));
        sql!(
            "
            touched AS (
                UPDATE {schema}.patch SET state = 'applied', finished_at = pg_catalog.clock_timestamp()
                WHERE state = 'committing' AND {rows} RETURNING 1)
            "
        )
    }

    /// Records that a transaction which was about to be committed was rolled back.
    pub(crate) fn rolled_back(&self, begun: &[Begun<'_>]) -> String {
        let (schema, rows) = (&self.schema, matches(begun));
        sql!(
            "
            UPDATE {schema}.patch SET state = 'intent' WHERE state = 'committing' AND {rows};
            UPDATE {schema}.run SET state = 'intent' WHERE state = 'committing' AND {rows}
            "
        )
    }

    /// Sets the finish time, in the transaction that applies the patches.
    pub(crate) fn finished(&self, patches: &[Planned<'_>]) -> String {
        let keys: Vec<String> = patches
            .iter()
            .map(|planned| format!("({})", planned.key()))
            .collect();
        let (schema, keys) = (&self.schema, keys.join(", "));
        sql!(
            "
            UPDATE {schema}.patch SET finished_at = pg_catalog.clock_timestamp()
                WHERE (database, major, minor, point) IN ({keys})
            "
        )
    }

    /// Records the error of the last attempt; the patch stays pending.
    pub(crate) fn failed(&self, begun: &Begun<'_>, failure: &LastFailure) -> String {
        let (schema, rows) = (&self.schema, matches(std::slice::from_ref(begun)));
        let (sql_state, message) = (
            optional(failure.sql_state.as_deref()),
            literal(&failure.message),
        );
        sql!(
            "
            UPDATE {schema}.patch
                SET sqlstate = {sql_state}, message = {message}, finished_at = pg_catalog.clock_timestamp()
                WHERE state = 'intent' AND {rows}
            "
        )
    }

    /// Removes the error of the last attempt.
    pub(crate) fn cleared(&self, begun: &Begun<'_>) -> String {
        let (schema, rows) = (&self.schema, matches(std::slice::from_ref(begun)));
        format!(
            "UPDATE {schema}.patch SET sqlstate = NULL, message = NULL WHERE state = 'intent' AND {rows}"
        )
    }

    /// Records the outcome of an interrupted transaction.
    pub(crate) fn recovered(&self, row: &Row, is_committed: bool) -> String {
        let Version {
            major,
            minor,
            point,
        } = row.version;
        let state = if is_committed { "applied" } else { "intent" };
        let rows = format!(
            "database = {} AND major = {major} AND minor = {minor} AND point = {point} AND attempt = {}",
            literal(&row.series.place.to_string()),
            row.attempt
        );
        self.decided(state, &rows)
    }
}

/// A condition that holds for exactly these attempts.
fn matches(begun: &[Begun<'_>]) -> String {
    let keys: Vec<String> = begun
        .iter()
        .map(|begun| format!("({}, {})", begun.key(), begun.attempt))
        .collect();
    format!(
        "(database, major, minor, point, attempt) IN ({})",
        keys.join(", ")
    )
}

/// The columns of a transaction as SQL; all of them `NULL` for none.
pub(super) struct TransactionLiterals {
    pub(super) cluster: String,
    pub(super) history: String,
    pub(super) database: String,
    pub(super) xid: String,
}

impl TransactionLiterals {
    pub(super) fn new(id: Option<&TransactionId>) -> Self {
        let part = |part: fn(&DatabaseIdentity) -> Option<&str>| {
            optional(id.and_then(|id| part(&id.database)))
        };
        let number = |number: Option<&str>| number.map_or_else(|| "NULL".to_owned(), str::to_owned);
        Self {
            cluster: part(|database| Some(&database.cluster)),
            history: part(|database| database.history.as_deref()),
            database: number(id.map(|id| id.database.database.as_str())),
            xid: number(id.map(|id| id.xid.as_str())),
        }
    }
}
