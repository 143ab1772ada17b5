//! Reading the ledger: digests for a start with nothing to do, rows for everything else.

use super::row::{LastFailure, Row, Run, Series, State};
use super::{Ledger, is_missing};
use crate::Error;
use crate::server::identity::{DatabaseIdentity, TransactionId};
use crate::server::quote::{literals, sql};
use patchgen_model::{Checksum, Version};
use tokio_postgres::SimpleQueryRow;

impl Ledger {
    /// The query for the digests of some places: one row for each that has any patch.
    ///
    /// It runs at every start. `concat` is PostgreSQL's own, while an operator of text and numbers could be anybody's. An
    /// attempt of which nothing took effect does not count: its patch may have been deleted since.
    fn digest_query(&self, places: &str) -> String {
        let schema = &self.schema;
        sql!(
            r"
            SELECT database, pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.string_agg(
                pg_catalog.concat(
                    CASE WHEN state IN ('applied', 'adopted') THEN '' ELSE state || ' ' END,
                    major, ' ', minor, ' ', point, ' ', checksum),
                E'\n' ORDER BY major, minor, point), 'UTF8')), 'hex')
            FROM {schema}.patch p
            WHERE database IN ({places}) AND (state <> 'intent' OR EXISTS (
                SELECT FROM {schema}.run r
                WHERE r.database = p.database AND r.major = p.major AND r.minor = p.minor AND r.point = p.point
                AND (r.state = 'committing' OR r.statements_done > 0 OR r.begun IS NOT NULL)))
            GROUP BY database
            "
        )
    }

    /// Returns the digests of some places, or `None` if the ledger's tables are missing.
    pub(crate) async fn digests(
        &self,
        series: &[Series],
    ) -> Result<Option<Vec<(String, Checksum)>>, Error> {
        let query = self.digest_query(&places(series));
        match self.session.try_rows(&query).await {
            Ok(rows) => Ok(Some(rows.iter().filter_map(read_digest).collect())),
            // Only an absent ledger was never used; a missing table is damage.
            Err(refusal) if is_missing(&refusal) => {
                self.check_layout().await?;
                Ok(None)
            }
            Err(refusal) => Err(self.unreadable(refusal)),
        }
    }

    /// Returns all rows of some series, sorted.
    pub(crate) async fn rows(&self, series: &[Series]) -> Result<Vec<Row>, Error> {
        let time = |column: &str| {
            format!(
                "pg_catalog.to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
            )
        };
        let (started, finished) = (time("p.started_at"), time("p.finished_at"));
        let (schema, places) = (&self.schema, places(series));
        let query = sql!(
            r#"
            SELECT p.database, p.major, p.minor, p.point, p.file, p.kind, p."user", p.checksum, p.algorithm, p.state,
                p.attempt, {started}, {finished},
                pg_catalog.round(extract(epoch FROM p.finished_at - p.started_at) * 1000),
                p.login_role, p.branch, p.revision_number, p.revision_id, p.sqlstate, p.message,
                r.xid, r.system_identifier, r.timeline, r.database_oid, r.statements_done, r.state, r.begun
            FROM {schema}.patch p LEFT JOIN {schema}.run r
                ON r.database = p.database AND r.major = p.major AND r.minor = p.minor AND r.point = p.point
                AND r.node = ''
            WHERE p.database IN ({places}) ORDER BY 1, 2, 3, 4
            "#
        );
        match self.session.try_rows(&query).await {
            Ok(rows) => rows
                .iter()
                .map(|row| read_row(row, series).ok_or_else(|| self.garbled()))
                .collect(),
            Err(refusal) if is_missing(&refusal) => {
                self.check_layout().await?;
                Ok(Vec::new())
            }
            Err(refusal) => Err(self.unreadable(refusal)),
        }
    }
}

fn places(series: &[Series]) -> String {
    let places: Vec<String> = series
        .iter()
        .map(|series| series.place.to_string())
        .collect();
    literals(places.iter().map(String::as_str))
}

fn read_digest(row: &SimpleQueryRow) -> Option<(String, Checksum)> {
    Some((row.get(0)?.to_owned(), row.get(1)?.parse().ok()?))
}

/// The columns of a row, read one after the other.
struct Columns<'r> {
    row: &'r SimpleQueryRow,
    next: usize,
}

impl Columns<'_> {
    fn text(&mut self) -> Option<String> {
        let value = self.row.get(self.next).map(str::to_owned);
        self.next += 1;
        value
    }

    fn number<N: std::str::FromStr>(&mut self) -> Option<N> {
        self.text().and_then(|text| text.parse().ok())
    }
}

fn read_row(row: &SimpleQueryRow, series: &[Series]) -> Option<Row> {
    let mut columns = Columns { row, next: 0 };
    let place = columns.text()?;
    let series = series
        .iter()
        .find(|series| series.place.to_string() == place)?;
    let mut row = Row {
        series: series.clone(),
        version: Version {
            major: columns.number()?,
            minor: columns.number()?,
            point: columns.number()?,
        },
        file: columns.text()?,
        kind: columns.text()?,
        user: columns.text()?,
        checksum: columns.text()?,
        algorithm: columns.text()?,
        state: State::read(&columns.text()?)?,
        attempt: columns.number()?,
        started_at: columns.text(),
        finished_at: columns.text(),
        milliseconds: columns.number(),
        login_role: columns.text()?,
        branch: columns.text(),
        revision_number: columns.number(),
        revision_id: columns.text(),
        failure: {
            let (sql_state, message) = (columns.text(), columns.text());
            message.map(|message| LastFailure { sql_state, message })
        },
        run: {
            let (xid, cluster, history, database) = (
                columns.text(),
                columns.text(),
                columns.text(),
                columns.text(),
            );
            let done: Option<u32> = columns.number();
            let state = columns.text();
            Run {
                transaction: read_transaction(xid, cluster, history, database),
                done: done.map_or(0, |done| done as usize),
                is_committing: state.as_deref() == Some("committing"),
                begun: columns.number(),
            }
        },
    };
    // Of any other patch, the transaction is the patch's own.
    row.run.is_committing &= row.state == State::Intent;
    Some(row)
}

/// The recorded transaction; `None` unless all of its parts are recorded.
pub(super) fn read_transaction(
    xid: Option<String>,
    cluster: Option<String>,
    history: Option<String>,
    database: Option<String>,
) -> Option<TransactionId> {
    Some(TransactionId {
        xid: xid?,
        database: DatabaseIdentity {
            cluster: cluster?,
            history,
            database: database?,
        },
    })
}
