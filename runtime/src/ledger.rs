//! The ledger: the only SQL that reads or writes the state database.

pub(crate) mod entry;
pub(crate) mod error;
pub(crate) mod interrupted;
pub(crate) mod progress;
mod read;
pub(crate) mod record;
pub(crate) mod row;
mod write;

use crate::server::connector::Connector;
use crate::server::quote::{identifier, literal, sql};
use crate::server::session::{Refusal, Session};
use crate::{Config, Error, ErrorKind};
use patchgen_model::Revision;
use std::fmt::Write as _;
use tokio_postgres::error::SqlState;

pub(crate) use write::FinalState;

const STEPS: &str = include_str!("ledger/schema.sql");

/// A session on the state database, and the statements for its tables.
pub(crate) struct Ledger {
    pub(crate) session: Session,
    /// In quotes.
    schema: String,
    schema_name: String,
    application_name: String,
    revision: Option<(String, u32, String)>,
}

/// The result of an attempt to open the ledger.
#[expect(clippy::large_enum_variant, reason = "one at a time, and short-lived")]
pub(crate) enum Opened {
    /// The state database exists; the ledger's tables may still be missing.
    Session(Ledger),
    /// The state database, or the role to use it, does not exist: nothing was ever applied.
    Absent(Error),
}

impl Ledger {
    pub(crate) fn new(session: Session, config: &Config, revision: Option<Revision<'_>>) -> Self {
        Self {
            session,
            schema: identifier(&config.state_schema),
            schema_name: config.state_schema.clone(),
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
            // An invalid database is not absent: it has to be dropped first.
            Err(error)
                if error.sql_state() != Some(SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE.code())
                    && matches!(
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
        self.session.execute(stay).await
    }

    /// The key of the run lock, as SQL.
    pub(crate) fn lock_key(&self) -> String {
        format!(
            "pg_catalog.hashtextextended({}, 0)",
            literal(&format!("patchgen run {}", self.schema))
        )
    }

    /// Returns the number of the last step that was run; 0 if there is no ledger yet.
    pub(crate) async fn steps_done(&self) -> Result<usize, Error> {
        let query = format!("SELECT max(number) FROM {}.step", self.schema);
        match self.session.try_row(&query).await {
            Ok(row) => Ok(row
                .and_then(|row| row.get(0).and_then(|number| number.parse().ok()))
                .unwrap_or(0)),
            Err(refusal) if is_missing(&refusal) => Ok(0),
            Err(refusal) => Err(self.session.explain(refusal)),
        }
    }

    /// Returns the number of the last step that was run, 0 if there is no ledger; fails if it is damaged or newer than this
    /// program.
    pub(crate) async fn check_layout(&self) -> Result<usize, Error> {
        let (schema, known) = (literal(&self.schema_name), steps().count());
        let query = sql!(
            "
            SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = {schema} AND c.relname IN ('patch', 'run', 'step')
            "
        );
        let rows = self.session.rows(&query).await?;
        let found: Vec<&str> = rows.iter().filter_map(|row| row.get(0)).collect();
        if found.is_empty() {
            return Ok(0);
        }
        let mut tables = ["patch", "run", "step"].into_iter();
        if let Some(missing) = tables.find(|table| !found.contains(table)) {
            return Err(self.lacks_table(missing));
        }
        match self.steps_done().await? {
            0 => Err(self.lacks_steps()),
            done if done > known => Err(self.is_newer(done, known)),
            done => Ok(done),
        }
    }

    /// Creates the ledger, or brings it up to date; needs the run lock.
    pub(crate) async fn upgrade(&self) -> Result<(), Error> {
        let steps = self.steps(self.check_layout().await?);
        if steps.is_empty() {
            return Ok(());
        }
        let message = format!("BEGIN; {steps} COMMIT");
        match self.session.execute(&message).await {
            Ok(()) => Ok(()),
            Err(mut error) => {
                if error.kind() == ErrorKind::Privilege {
                    error = error.with_help(self.by_administrator());
                }
                let _ = self.session.try_open("ROLLBACK").await;
                Err(error)
            }
        }
    }

    /// The statements of all steps after a number of them; empty if there are none.
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
        for (number, step) in (1usize..).zip(steps()).skip(done) {
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

    /// The statements that let another role write this ledger, for patches that record themselves.
    pub(crate) fn grant(&self, user: &str) -> String {
        let (schema, user) = (&self.schema, identifier(user));
        format!(
            "GRANT USAGE ON SCHEMA {schema} TO {user}; \
             GRANT SELECT, INSERT, UPDATE, DELETE ON {schema}.patch, {schema}.run TO {user}"
        )
    }
}

/// The texts of all steps.
fn steps() -> impl Iterator<Item = &'static str> {
    STEPS.split("\n-- step ").skip(1)
}

fn is_missing(refusal: &Refusal) -> bool {
    matches!(
        refusal.code(),
        Some(&SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME)
    )
}
