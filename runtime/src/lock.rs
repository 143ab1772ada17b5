//! The run lock: one run at a time for each state database.
//!
//! It is an advisory lock of a transaction that stays open on a connection of its own, so a pooler cannot leak it and a
//! killed program cannot keep it. Those who wait poll: a blocking wait would hold a snapshot, and a concurrent index build
//! in the same database would wait for that for ever. They wait on the connection that they have: whoever gets the lock
//! opens another one for the work.

use crate::observer::{Event, emit};
use crate::quote::literal;
use crate::session::{Connector, Session, application_name};
use crate::{Config, Error, ErrorKind};
use std::time::{Duration, Instant};
use tokio_postgres::SimpleQueryRow;

/// The lock while it is held; dropping it closes the connection and so releases it.
pub(crate) struct Lock {
    session: Session,
    /// How long others held it.
    pub(crate) waited: Duration,
    /// `pg_control_system()` of the server that holds it.
    pub(crate) system_identifier: String,
}

/// What came of trying for the lock.
pub(crate) enum Tried {
    Held(Lock),
    /// Another run held it, and seems to have ended: what was to be done may be done.
    Freed(Session),
}

/// One wait for the lock, in which it may be tried for several times.
pub(crate) struct Wait<'a> {
    config: &'a Config,
    key: &'a str,
    began: Instant,
    told: Option<Instant>,
}

impl<'a> Wait<'a> {
    pub(crate) fn new(config: &'a Config, key: &'a str) -> Self {
        Self {
            config,
            key,
            began: Instant::now(),
            told: None,
        }
    }

    /// How long others held the lock.
    pub(crate) fn waited(&self) -> Duration {
        self.told.map_or(Duration::ZERO, |_| self.began.elapsed())
    }

    /// Tries for the lock in a session; if others hold it, waits until they do not, for as long as the configuration
    /// allows.
    pub(crate) async fn acquire(&mut self, session: Session) -> Result<Tried, Error> {
        let name = literal(&application_name(&self.config.program, Some("run lock")));
        let attempt = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = 0; \
             SET LOCAL application_name = {name}; \
             SELECT pg_catalog.pg_try_advisory_xact_lock({}), pg_catalog.pg_is_in_recovery(), \
             (SELECT system_identifier FROM pg_catalog.pg_control_system())",
            self.key
        );
        let rows = ask(&session, &attempt).await?;
        if column(&rows, 1) == "t" {
            return Err(standby(&session.place));
        }
        if column(&rows, 0) == "t" {
            let system_identifier = column(&rows, 2).to_owned();
            return Ok(Tried::Held(Lock {
                session,
                waited: self.waited(),
                system_identifier,
            }));
        }
        self.until_free(&session).await?;
        Ok(Tried::Freed(session))
    }

    /// Waits until the lock seems to be free, and says for whom.
    async fn until_free(&mut self, session: &Session) -> Result<(), Error> {
        // Shared, so that those who look do not stand in each other's way.
        let look = format!(
            "SELECT pg_catalog.pg_try_advisory_xact_lock_shared({})",
            self.key
        );
        loop {
            let holder = ask(session, &holder_query(self.key)).await?;
            let who = holder
                .first()
                .map_or_else(|| "a run that has just ended".to_owned(), describe);
            let waited = self.began.elapsed();
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
            if self.is_to_tell() {
                emit(
                    self.config,
                    &Event::Waiting {
                        holder: &who,
                        waited,
                    },
                );
                self.told = Some(Instant::now());
            }
            while !self.is_to_tell() && self.began.elapsed() <= self.config.lock_wait {
                tokio::time::sleep(pause(self.began.elapsed())).await;
                if column(&ask(session, &look).await?, 0) == "t" {
                    return Ok(());
                }
            }
        }
    }

    fn is_to_tell(&self) -> bool {
        const AGAIN: Duration = Duration::from_secs(10);
        self.told.is_none_or(|told| told.elapsed() > AGAIN)
    }
}

/// Waits for the lock on a connection of its own.
pub(crate) async fn acquire(
    connector: &Connector<'_>,
    database: &str,
    user: &str,
    key: &str,
) -> Result<Lock, Error> {
    let mut session = connector.open(database, user).await?;
    let mut wait = Wait::new(connector.config, key);
    loop {
        session = match wait.acquire(session).await? {
            Tried::Held(lock) => return Ok(lock),
            Tried::Freed(session) => session,
        };
    }
}

/// How long to wait before the next look: little at first, since most runs are short.
fn pause(waited: Duration) -> Duration {
    const SHORTEST: Duration = Duration::from_millis(10);
    const LONGEST: Duration = Duration::from_millis(100);
    let pause = (waited / 8).clamp(SHORTEST, LONGEST);
    pause.mul_f64(0.75 + 0.5 * fastrand::f64())
}

async fn ask(session: &Session, query: &str) -> Result<Vec<SimpleQueryRow>, Error> {
    let rows = session.query(query).await;
    rows.map_err(|refusal| session.explain(refusal))
}

fn column(rows: &[SimpleQueryRow], number: usize) -> &str {
    let first = rows.first();
    first.and_then(|row| row.get(number)).unwrap_or_default()
}

/// Ends the transaction and asks who holds an advisory lock of the session's database.
pub(crate) fn holder_query(key: &str) -> String {
    format!(
        "ROLLBACK; SELECT l.pid, a.application_name, pg_catalog.to_char(a.xact_start, 'YYYY-MM-DD HH24:MI:SS TZ'), \
         a.usename FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
         WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 \
         AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) \
         AND ((l.classid::bigint << 32) | l.objid::bigint) = {key}"
    )
}

/// A row of [`holder_query`] for people.
pub(crate) fn describe(row: &SimpleQueryRow) -> String {
    let column = |number| row.get(number).unwrap_or("?");
    format!(
        "process {} `{}` of role `{}` since {}",
        column(0),
        column(1),
        column(3),
        column(2)
    )
}

pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

pub(crate) fn standby(place: &str) -> Error {
    Error::new(
        ErrorKind::Standby,
        format!("the server at `{place}` is a standby, where nothing can be written"),
    )
    .with_help("name the primary, or several hosts with target_session_attrs=read-write")
}

impl Lock {
    /// Fails when the connection has died and with it the lock.
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

    /// Lets others go on at once.
    pub(crate) async fn release(self) {
        // When this fails the connection is gone, and the lock with it.
        let _ = self.session.run("COMMIT").await;
    }
}
