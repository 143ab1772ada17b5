//! The state database: the only SQL that reads or writes it.

use crate::config::Target;
use crate::quote::{identifier, literal, optional};
use crate::session::{Connector, Refusal, Session};
use crate::transaction::target_lock;
use crate::{Config, Error, ErrorKind};
use patchgen_model::{Checksum, Patch, Revision, Version};
use std::fmt::Write as _;
use tokio_postgres::SimpleQueryRow;
use tokio_postgres::error::SqlState;

const STEPS: &str = include_str!("ledger.sql");

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

/// As what a patch is recorded that is not run under this tool's eyes, or is recorded where it runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Settled {
    /// Applied, in the transaction that records it or just before.
    Applied,
    /// Recorded without running.
    Adopted,
    /// Recorded without running because another tool has run it; its text then is not known.
    Imported,
}

impl Settled {
    const fn state(self) -> &'static str {
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

/// Where and as which transaction a patch ran.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Run {
    pub(crate) system_identifier: Option<String>,
    pub(crate) timeline: Option<String>,
    pub(crate) database_oid: Option<String>,
    pub(crate) xid: Option<String>,
    /// The statement, counted from 0, that was begun outside a transaction and not seen to end.
    pub(crate) begun: Option<usize>,
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

/// What is needed to write a row: the patch, the key of its target and the attempt.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) patch: Patch<'a>,
    pub(crate) target: Target,
    pub(crate) attempt: u32,
}

impl Entry<'_> {
    /// The key columns as a row of literals.
    pub(crate) fn key(&self) -> String {
        let Version {
            major,
            minor,
            point,
        } = self.patch.version();
        format!(
            "{}, {major}, {minor}, {point}",
            literal(&self.target.to_string())
        )
    }
}

/// Who a transaction was on the server that ran it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Transaction {
    pub(crate) xid: String,
    pub(crate) system_identifier: String,
    pub(crate) timeline: String,
    pub(crate) database_oid: String,
    /// The process that serves its session.
    pub(crate) pid: String,
}

impl Transaction {
    /// The query whose row [`Transaction::read`] understands; it assigns a transaction number if there is none.
    pub(crate) const QUERY: &str = "SELECT pg_catalog.pg_current_xact_id(), \
         (SELECT system_identifier FROM pg_catalog.pg_control_system()), \
         pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8), \
         (SELECT oid FROM pg_catalog.pg_database WHERE datname OPERATOR(pg_catalog.=) pg_catalog.current_database()), \
         pg_catalog.pg_backend_pid()";

    pub(crate) fn read(row: &SimpleQueryRow) -> Option<Self> {
        let column = |number| row.get(number).map(str::to_owned);
        Some(Self {
            xid: column(0)?,
            system_identifier: column(1)?,
            timeline: column(2)?,
            database_oid: column(3)?,
            pid: column(4)?,
        })
    }

    /// A statement for the same server that fails with 22P02 unless the transaction still holds its target's lock.
    ///
    /// A number that a crash has lost is handed out again, perhaps to the very session that is to record it.
    pub(crate) fn guard(&self, target: &Target) -> String {
        format!(
            "SELECT (CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND granted \
             AND objsubid = 1 AND pid = {} AND database = {} AND ((classid::bigint << 32) | objid::bigint) = {}) \
             THEN '1' ELSE 'patchgen: {GONE}' END)::pg_catalog.int4; ",
            self.pid,
            self.database_oid,
            target_lock(&target.to_string()),
        )
    }
}

const GONE: &str = "the transaction is gone";

/// Whether a [`Transaction::guard`] found its transaction gone.
pub(crate) fn is_gone(refusal: &Refusal) -> bool {
    let server = refusal.error.as_db_error();
    server.is_some_and(|server| server.message().contains(GONE))
}

/// What a message begins with whose effect must outlive a crash, whatever the server's settings.
pub(crate) const DURABLE: &str = "SET LOCAL synchronous_commit = on; ";

/// A session on the state database and the statements that it understands.
pub(crate) struct Ledger {
    pub(crate) session: Session,
    schema: String,
    application_name: String,
    revision: Option<(String, u32, String)>,
}

/// Whether there is a ledger to read.
#[expect(clippy::large_enum_variant, reason = "one at a time, and short-lived")]
pub(crate) enum Opened {
    /// The session is there; the ledger's tables may still be missing.
    Session(Ledger),
    /// Nothing was ever applied: there is no such database, or the role to use it is not there.
    Absent(Error),
}

impl Ledger {
    pub(crate) fn new(session: Session, config: &Config, revision: Option<Revision<'_>>) -> Self {
        Self {
            session,
            schema: identifier(&config.state_schema),
            application_name: config.program.clone(),
            revision: revision.map(|r| (r.branch.to_owned(), r.number, r.id.to_owned())),
        }
    }

    pub(crate) async fn open(
        connector: &Connector<'_>,
        database: &str,
        user: &str,
        revision: Option<Revision<'_>>,
    ) -> Result<Opened, Error> {
        match connector.open(database, user).await {
            Ok(session) => Ok(Opened::Session(Self::new(
                session,
                connector.config,
                revision,
            ))),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::MissingDatabase | ErrorKind::Authentication
                ) =>
            {
                Ok(Opened::Absent(error))
            }
            Err(error) => Err(error),
        }
    }

    /// The schema, in quotes.
    pub(crate) fn schema(&self) -> &str {
        &self.schema
    }

    /// The key of the run lock, as SQL.
    pub(crate) fn lock_key(&self) -> String {
        format!(
            "pg_catalog.hashtextextended({}, 0)",
            literal(&format!("patchgen run {}", self.schema))
        )
    }

    /// The query for the digests of some databases: one row each, of those that have any patch.
    pub(crate) fn digest_query(&self, keys: &[String]) -> String {
        format!(
            "SELECT database, pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.string_agg(\
             CASE WHEN state IN ('applied', 'adopted') THEN '' ELSE state || ' ' END \
             || major || ' ' || minor || ' ' || point || ' ' || checksum, E'\\n' \
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
             r.system_identifier, r.timeline, r.database_oid, r.xid, r.begun, p.algorithm \
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

    /// How many of its steps are done; none when there is no ledger yet.
    pub(crate) async fn steps_done(&self) -> Result<usize, Error> {
        let query = format!("SELECT max(number) FROM {}.step", self.schema);
        match self.session.run(&query).await {
            Ok(row) => Ok(row
                .and_then(|row| row.get(0).and_then(|number| number.parse().ok()))
                .unwrap_or(0)),
            Err(refusal) if is_missing(&refusal) => Ok(0),
            Err(refusal) => Err(self.session.explain(refusal)),
        }
    }

    /// Makes the ledger, or brings it up to date; needs the run lock.
    pub(crate) async fn upgrade(&self) -> Result<(), Error> {
        let steps = self.steps(self.steps_done().await?);
        if steps.is_empty() {
            return Ok(());
        }
        let message = format!("BEGIN; {steps} COMMIT");
        match self.session.run(&message).await {
            Ok(_) => Ok(()),
            Err(refusal) => {
                let mut error = self.session.explain(refusal);
                if error.kind() == ErrorKind::Privilege {
                    error = error.with_help(self.by_administrator());
                }
                let _ = self.session.run("ROLLBACK").await;
                Err(error)
            }
        }
    }

    fn unreadable(&self, refusal: Refusal) -> Error {
        let error = self.session.explain(refusal);
        if error.kind() != ErrorKind::Privilege {
            return error;
        }
        let (schema, user) = (&self.schema, identifier(&self.session.user));
        error.with_help(format!(
            "another role keeps its record in schema {schema}: name another schema with --state-schema, or let its owner \
             run: GRANT USAGE ON SCHEMA {schema} TO {user}; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \
             {schema} TO {user};"
        ))
    }

    /// What lets this role keep its ledger here.
    fn by_administrator(&self) -> String {
        let (database, user) = (
            identifier(&self.session.database),
            identifier(&self.session.user),
        );
        format!(
            "let an administrator run: GRANT CREATE ON DATABASE {database} TO {user};\nif another role keeps its record \
             in schema {} here, name another schema with --state-schema",
            self.schema
        )
    }

    /// The statements of all steps after the first so many; none when all are done.
    pub(crate) fn steps(&self, done: usize) -> String {
        let schema = &self.schema;
        let mut sql = String::new();
        if done == 0 {
            let _ = write!(
                sql,
                "CREATE SCHEMA IF NOT EXISTS {schema}; \
                 CREATE TABLE {schema}.step (number integer PRIMARY KEY, \
                 made_at timestamptz NOT NULL DEFAULT pg_catalog.now()); \
                 COMMENT ON TABLE {schema}.step IS 'The steps by which these tables were made and upgraded.'; "
            );
        }
        for (number, step) in (1usize..).zip(STEPS.split("\n-- step ").skip(1)).skip(done) {
            let step = step
                .split_once('\n')
                .map_or("", |(_, sql)| sql)
                .replace("{schema}", schema);
            let _ = write!(
                sql,
                "INSERT INTO {schema}.step (number) VALUES ({number}); {step} "
            );
        }
        sql
    }

    /// Lets another role write this ledger, for patches that record themselves.
    pub(crate) fn grant(&self, user: &str) -> String {
        let (schema, user) = (&self.schema, identifier(user));
        format!(
            "GRANT USAGE ON SCHEMA {schema} TO {user}; \
             GRANT SELECT, INSERT, UPDATE, DELETE ON {schema}.patch, {schema}.run TO {user}"
        )
    }

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

fn literals(keys: &[String]) -> String {
    keys.iter()
        .map(|key| literal(key))
        .collect::<Vec<_>>()
        .join(", ")
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

fn is_missing(refusal: &Refusal) -> bool {
    matches!(
        refusal.code(),
        Some(&SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME)
    )
}

pub(crate) fn read_digest(row: &SimpleQueryRow) -> Option<(String, Checksum)> {
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
            begun: number(23).map(|begun: u32| begun as usize),
        },
    })
}
