//! Reading the ledger: digests for a start with nothing to do, rows for everything else.

use super::{Ledger, is_missing};
use crate::quote::literal;
use crate::{Error, ErrorKind};
use patchgen_model::{Checksum, Version};
use tokio_postgres::SimpleQueryRow;

/// What the ledger says of a patch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum State {
    /// Begun or failed; nothing is committed.
    Intent,
    /// About to be committed; the transaction number tells.
    Committing,
    /// Committed.
    Applied,
    /// Recorded without running.
    Adopted,
}

impl State {
    pub(crate) const fn is_settled(self) -> bool {
        matches!(self, Self::Applied | Self::Adopted)
    }
}

/// Where and as which transaction a patch ran.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Run {
    pub(crate) system_identifier: Option<String>,
    pub(crate) timeline: Option<String>,
    pub(crate) database_oid: Option<String>,
    pub(crate) xid: Option<String>,
    /// How many statements of a concurrent patch are through.
    pub(crate) done: usize,
    /// Whether the transaction of one of its statements was about to be committed.
    pub(crate) is_committing: bool,
    /// The statement, counted from 0, that was begun outside a transaction and not seen to end.
    pub(crate) begun: Option<usize>,
}

impl Run {
    /// Whether part of a patch that is not settled is done, or may be.
    pub(crate) fn may_have_effect(&self) -> bool {
        self.done > 0 || self.begun.is_some() || self.is_committing
    }
}

/// A row of the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Row {
    pub(crate) key: String,
    pub(crate) version: Version,
    pub(crate) file: String,
    pub(crate) kind: String,
    pub(crate) user: String,
    pub(crate) checksum: String,
    /// `sha256`, followed by `(imported)` where another tool had run the patch.
    pub(crate) algorithm: String,
    pub(crate) state: State,
    pub(crate) attempt: u32,
    pub(crate) started_at: Option<String>,
    pub(crate) finished_at: Option<String>,
    pub(crate) milliseconds: Option<u64>,
    pub(crate) login_role: String,
    pub(crate) branch: Option<String>,
    pub(crate) revision_number: Option<u32>,
    pub(crate) revision_id: Option<String>,
    pub(crate) sql_state: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) run: Run,
}

impl Ledger {
    /// The query for the digests of some databases: one row each, of those that have any patch.
    ///
    /// It is asked at every start; an operator of text and numbers could be anybody's, `concat` is PostgreSQL's.
    fn digest_query(&self, keys: &[String]) -> String {
        format!(
            "SELECT database, pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.string_agg(\
             pg_catalog.concat(CASE WHEN state IN ('applied', 'adopted') THEN '' ELSE state || ' ' END, \
             major, ' ', minor, ' ', point, ' ', checksum), E'\\n' \
             ORDER BY major, minor, point), 'UTF8')), 'hex') \
             FROM {}.patch WHERE database IN ({}) GROUP BY database",
            self.schema,
            literals(keys)
        )
    }

    /// The digests of some databases, or nothing when the ledger's tables are missing.
    pub(crate) async fn digests(
        &self,
        keys: &[String],
    ) -> Result<Option<Vec<(String, Checksum)>>, Error> {
        match self.session.query(&self.digest_query(keys)).await {
            Ok(rows) => Ok(Some(rows.iter().filter_map(read_digest).collect())),
            Err(refusal) if is_missing(&refusal) => Ok(None),
            Err(refusal) => Err(self.unreadable(refusal)),
        }
    }

    /// All rows of some databases, sorted.
    pub(crate) async fn rows(&self, keys: &[String]) -> Result<Vec<Row>, Error> {
        let time = |column: &str| {
            format!(
                "pg_catalog.to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
            )
        };
        let query = format!(
            "SELECT p.database, p.major, p.minor, p.point, p.file, p.kind, p.\"user\", p.checksum, p.state, p.attempt, \
             {}, {}, pg_catalog.round(extract(epoch FROM p.finished_at - p.started_at) * 1000), p.login_role, p.branch, \
             p.revision_number, p.revision_id, p.sqlstate, p.message, \
             r.system_identifier, r.timeline, r.database_oid, r.xid, r.begun, p.algorithm, r.statements_done, r.state \
             FROM {schema}.patch p LEFT JOIN {schema}.run r ON r.database = p.database AND r.major = p.major \
             AND r.minor = p.minor AND r.point = p.point AND r.node = '' \
             WHERE p.database IN ({}) ORDER BY 1, 2, 3, 4",
            time("p.started_at"),
            time("p.finished_at"),
            literals(keys),
            schema = self.schema,
        );
        match self.session.query(&query).await {
            Ok(rows) => rows
                .iter()
                .map(|row| read_row(row).ok_or_else(|| self.garbled()))
                .collect(),
            Err(refusal) if is_missing(&refusal) => Ok(Vec::new()),
            Err(refusal) => Err(self.session.explain(refusal)),
        }
    }

    fn garbled(&self) -> Error {
        Error::new(
            ErrorKind::Ledger,
            format!(
                "the ledger in database `{}` holds a row of an unknown form",
                self.session.database
            ),
        )
        .with_help(
            "it was written by a newer version, or by hand; use the newest version of the program",
        )
    }
}

fn literals(keys: &[String]) -> String {
    keys.iter()
        .map(|key| literal(key))
        .collect::<Vec<_>>()
        .join(", ")
}

fn read_digest(row: &SimpleQueryRow) -> Option<(String, Checksum)> {
    Some((row.get(0)?.to_owned(), row.get(1)?.parse().ok()?))
}

fn read_row(row: &SimpleQueryRow) -> Option<Row> {
    let text = |column: usize| row.get(column).map(str::to_owned);
    let number = |column: usize| row.get(column).and_then(|number| number.parse().ok());
    Some(Row {
        key: text(0)?,
        version: Version {
            major: number(1)?,
            minor: number(2)?,
            point: number(3)?,
        },
        file: text(4)?,
        kind: text(5)?,
        user: text(6)?,
        checksum: text(7)?,
        algorithm: text(24)?,
        state: match row.get(8)? {
            "intent" => State::Intent,
            "committing" => State::Committing,
            "applied" => State::Applied,
            "adopted" => State::Adopted,
            _ => return None,
        },
        attempt: number(9)?,
        started_at: text(10),
        finished_at: text(11),
        milliseconds: row.get(12).and_then(|number| number.parse().ok()),
        login_role: text(13)?,
        branch: text(14),
        revision_number: number(15),
        revision_id: text(16),
        sql_state: text(17),
        message: text(18),
        run: Run {
            system_identifier: text(19),
            timeline: text(20),
            database_oid: text(21),
            xid: text(22),
            done: number(25).map_or(0, |done: u32| done as usize),
            is_committing: row.get(8) == Some("intent") && row.get(26) == Some("committing"),
            begun: number(23).map(|begun: u32| begun as usize),
        },
    })
}
