//! The run lock: one run at a time for each state database.
//!
//! It is an advisory lock of a transaction that stays open, so that a pooler cannot leak it and a killed program cannot
//! keep it. Runs that wait poll: a blocking wait would hold a snapshot, and a concurrent index build in the same database
//! would wait for that snapshot for ever. They wait on the connection that they have, and the run that gets the lock opens
//! another one for its work.

use super::connector::Connector;
use super::identity::CLUSTER;
use super::lock::{describe, holder_query, seconds};
use super::quote::literal;
use super::session::{Session, application_name};
use super::wait::Wait;
use crate::{Config, Error, ErrorKind};
use std::time::Duration;
use tokio_postgres::SimpleQueryRow;

/// The run lock while it is held; dropping it closes the connection and so releases it.
pub(crate) struct RunLock {
    session: Session,
    /// System identifier of the server that holds it.
    pub(crate) cluster: String,
}

/// The result of one try for the lock.
pub(crate) enum Attempt {
    Acquired(RunLock),
    /// Another run held the lock and seems to have ended: the work may be done.
    Released(Session),
}

/// One wait for the lock, during which it may be tried for several times.
pub(crate) struct LockWait<'a> {
    config: &'a Config,
    key: &'a str,
    wait: Wait<'a>,
}

impl<'a> LockWait<'a> {
    pub(crate) fn new(connector: &'a Connector<'_>, key: &'a str) -> Self {
        Self {
            config: connector.config,
            key,
            wait: connector.wait(),
        }
    }

    /// Tries for the lock in a session; if another run holds it, waits for its end, as long as the configuration allows.
    pub(crate) async fn acquire(&mut self, session: Session) -> Result<Attempt, Error> {
        let name = literal(&application_name(&self.config.program, Some("run lock")));
        let attempt = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = 0; \
             SET LOCAL application_name = {name}; \
             SELECT pg_catalog.pg_try_advisory_xact_lock({}), pg_catalog.pg_is_in_recovery(), {CLUSTER}",
            self.key
        );
        let rows = session.rows(&attempt).await?;
        if column(&rows, 1) == "t" {
            return Err(standby(&session.place));
        }
        if column(&rows, 0) == "t" {
            let cluster = column(&rows, 2).to_owned();
            return Ok(Attempt::Acquired(RunLock { session, cluster }));
        }
        self.until_free(&session).await?;
        Ok(Attempt::Released(session))
    }

    /// Waits until the lock seems to be free, and reports the holder.
    async fn until_free(&mut self, session: &Session) -> Result<(), Error> {
        // Shared, so that waiting runs do not block each other.
        let probe = format!(
            "SELECT pg_catalog.pg_try_advisory_xact_lock_shared({})",
            self.key
        );
        loop {
            let holder = session.rows(&holder_query(self.key)).await?;
            let who = holder
                .first()
                .map_or_else(|| "a run that has just ended".to_owned(), describe);
            let waited = self.wait.elapsed();
            if waited > self.config.lock_wait {
                let database = &session.database;
                return Err(Error::new(
                    ErrorKind::Locked,
                    format!(
                        "another run has held the lock in database `{database}` for {}: {who}",
                        seconds(waited)
                    ),
                )
                .with_help(
                    "let it end, or look at what it does in pg_stat_activity; nothing was changed",
                ));
            }
            self.wait.report(&who);
            while !self.wait.is_report_due() && self.wait.elapsed() <= self.config.lock_wait {
                tokio::time::sleep(pause(self.wait.elapsed())).await;
                if column(&session.rows(&probe).await?, 0) == "t" {
                    return Ok(());
                }
            }
        }
    }
}

/// Waits for the lock on a connection of its own.
pub(crate) async fn acquire(
    connector: &Connector<'_>,
    database: &str,
    user: &str,
    key: &str,
) -> Result<RunLock, Error> {
    let mut session = connector.open(database, user).await?;
    let mut wait = LockWait::new(connector, key);
    loop {
        session = match wait.acquire(session).await? {
            Attempt::Acquired(lock) => return Ok(lock),
            Attempt::Released(session) => session,
        };
    }
}

/// Time until the next probe: short at first, since most runs are short.
fn pause(waited: Duration) -> Duration {
    const SHORTEST: Duration = Duration::from_millis(10);
    const LONGEST: Duration = Duration::from_millis(100);
    let pause = (waited / 8).clamp(SHORTEST, LONGEST);
    pause.mul_f64(0.75 + 0.5 * fastrand::f64())
}

fn column(rows: &[SimpleQueryRow], number: usize) -> &str {
    let first = rows.first();
    first.and_then(|row| row.get(number)).unwrap_or_default()
}

fn standby(place: &str) -> Error {
    Error::new(
        ErrorKind::Standby,
        format!("the server at `{place}` is a standby, where nothing can be written"),
    )
    .with_help("name the primary, or several hosts with target_session_attrs=read-write")
}

impl RunLock {
    /// Fails if the connection is closed, and the lock with it.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.session.is_closed() {
            return Err(Error::new(
                ErrorKind::Fenced,
                "the connection that held the run lock was lost",
            )
            .with_help("run again: what was interrupted is settled first"));
        }
        Ok(())
    }

    /// Releases the lock, so that another run can go on at once.
    pub(crate) async fn release(self) {
        // If this fails the connection is closed, and the lock is released with it.
        let _ = self.session.try_open("COMMIT").await;
    }
}
