//! The run lock: one run at a time for each state database.
//!
//! It is an advisory lock of a transaction that stays open on a connection of its own, so a pooler cannot leak it and a
//! killed program cannot keep it. Those who wait poll: a blocking wait would hold a snapshot, and a concurrent index build
//! in the same database would wait for that for ever.

use crate::observer::{Event, emit};
use crate::quote::literal;
use crate::session::{Connector, Session, application_name};
use crate::{Error, ErrorKind};
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

/// What came of waiting for the lock.
#[expect(clippy::large_enum_variant, reason = "one at a time, and short-lived")]
pub(crate) enum Outcome {
    Held(Lock),
    /// What was to be done had been done by another run while this one waited.
    Done(Duration),
}

/// A query that is asked along with every try, and what its rows must look like for the wait to be over.
pub(crate) struct Watch<'w> {
    pub(crate) query: String,
    pub(crate) is_done: &'w dyn Fn(&[SimpleQueryRow]) -> bool,
}

/// Waits for the lock, for as long as the configuration allows.
pub(crate) async fn acquire(
    connector: &Connector<'_>,
    database: &str,
    user: &str,
    key: &str,
) -> Result<Lock, Error> {
    match acquire_unless(connector, database, user, key, None).await? {
        Outcome::Held(lock) => Ok(lock),
        Outcome::Done(_) => Err(Error::new(ErrorKind::Locked, "nobody watches this lock")),
    }
}

/// Waits for the lock, or until another run has done what was to be done.
pub(crate) async fn acquire_unless(
    connector: &Connector<'_>,
    database: &str,
    user: &str,
    key: &str,
    watch: Option<Watch<'_>>,
) -> Result<Outcome, Error> {
    let config = connector.config;
    let session = connector.open(database, user).await?;
    let began = Instant::now();
    let name = literal(&application_name(&config.program, Some("run lock")));
    let question = watch.as_ref().map_or("", |watch| &watch.query);
    let attempt = format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = 0; \
         SET LOCAL application_name = {name}; \
         SELECT pg_catalog.pg_try_advisory_xact_lock({key}), pg_catalog.pg_is_in_recovery(), \
         (SELECT system_identifier FROM pg_catalog.pg_control_system()); {question}"
    );
    let holder = holder_query(key);
    let mut told: Option<Instant> = None;
    loop {
        let rows = session
            .query(&attempt)
            .await
            .map_err(|refusal| session.explain(refusal))?;
        let column = |number| {
            rows.first()
                .and_then(|row| row.get(number))
                .unwrap_or_default()
        };
        if column(1) == "t" {
            return Err(standby(&session.place));
        }
        let waited = if told.is_some() {
            began.elapsed()
        } else {
            Duration::ZERO
        };
        if watch
            .as_ref()
            .is_some_and(|watch| (watch.is_done)(&rows[1..]))
        {
            return Ok(Outcome::Done(waited));
        }
        if column(0) == "t" {
            let system_identifier = column(2).to_owned();
            return Ok(Outcome::Held(Lock {
                session,
                waited,
                system_identifier,
            }));
        }
        let rows = session
            .query(&holder)
            .await
            .map_err(|refusal| session.explain(refusal))?;
        let holder = rows
            .first()
            .map_or_else(|| "a run that has just ended".to_owned(), describe);
        if began.elapsed() > config.lock_wait {
            return Err(Error::new(
                ErrorKind::Locked,
                format!(
                    "another run has held the lock in database `{database}` for {}: {holder}",
                    seconds(began.elapsed())
                ),
            )
            .with_help(
                "let it end, or look at what it does in pg_stat_activity; nothing was changed",
            ));
        }
        if told.is_none_or(|told| told.elapsed() > Duration::from_secs(10)) {
            emit(
                config,
                &Event::Waiting {
                    holder: &holder,
                    waited: began.elapsed(),
                },
            );
            told = Some(Instant::now());
        }
        tokio::time::sleep(Duration::from_millis(fastrand::u64(50..150))).await;
    }
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
