//! The state database: the only SQL that reads or writes it.

mod read;
mod write;

use crate::config::Target;
use crate::quote::{identifier, literal};
use crate::session::{Connector, Refusal, Session};
use crate::transaction::target_lock;
use crate::{Config, Error, ErrorKind};
use patchgen_model::{Patch, Revision, Version};
use std::fmt::Write as _;
use tokio_postgres::SimpleQueryRow;
use tokio_postgres::error::SqlState;

#[cfg(test)]
pub(crate) use read::Run;
pub(crate) use read::{Row, State};

const STEPS: &str = include_str!("ledger.sql");

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

    /// Keeps the server from ending the session while a patch runs elsewhere.
    pub(crate) async fn stay(&self) -> Result<(), Error> {
        // Servers before 14 do not know the setting.
        let stay = "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings \
                    WHERE name = 'idle_session_timeout' AND setting <> '0'";
        let stays = self.session.run(stay).await;
        stays
            .map(drop)
            .map_err(|refusal| self.session.explain(refusal))
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
}

fn is_missing(refusal: &Refusal) -> bool {
    matches!(
        refusal.code(),
        Some(&SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME)
    )
}
