//! Recovery: finds out the outcome of interrupted transactions from the server that ran them.

use super::deployment::Deployment;
use super::scope::LedgerScope;
use crate::event::Event;
use crate::ledger::Ledger;
use crate::ledger::entry::session_prefix;
use crate::ledger::interrupted::Interrupted;
use crate::ledger::row::{Row, State};
use crate::server::connector::Connector;
use crate::server::identity::{Difference, TransactionId, TransactionStatus};
use crate::server::lock::target_lock;
use crate::server::quote::{literal, sql};
use crate::server::session::{Refusal, Session};
use crate::{Error, ErrorKind};
use std::time::{Duration, Instant};
use tokio_postgres::error::SqlState;

/// The outcome of a transaction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    Committed,
    Aborted,
    /// Its session is still at work.
    Running,
    /// The server cannot tell, for this reason.
    Unknown(String),
}

/// Asks the server for the outcome of a transaction.
///
/// `ledger_cluster` is the system identifier of the ledger's server, if the target may be on the same one.
pub(crate) async fn outcome(
    interrupted: &Interrupted,
    connector: &Connector<'_>,
    ledger_cluster: Option<&str>,
) -> Result<Outcome, Error> {
    let database = &interrupted.place.database;
    match connector.open(database, &interrupted.user).await {
        Ok(session) => ask(interrupted, &session, ledger_cluster).await,
        Err(error) if error.kind() == ErrorKind::MissingDatabase => Ok(Outcome::Unknown(format!(
            "database `{database}` does not exist any more"
        ))),
        Err(error) => Err(error),
    }
}

async fn ask(
    interrupted: &Interrupted,
    session: &Session,
    ledger_cluster: Option<&str>,
) -> Result<Outcome, Error> {
    let Some(id) = &interrupted.transaction else {
        let lock = target_lock(&interrupted.place);
        let prefix = session_prefix(&interrupted.place, interrupted.identity.as_id());
        let prefix = literal(&prefix);
        let query = sql!(
            "
            SELECT NOT pg_try_advisory_xact_lock({lock}) OR EXISTS (
                SELECT FROM pg_stat_activity WHERE datname = current_database()
                    AND starts_with(application_name, {prefix}) AND pid <> pg_backend_pid())
            "
        );
        let row = session.row(&query).await?;
        if row.is_some_and(|row| row.get(0) == Some("t")) {
            return Ok(Outcome::Running);
        }
        return Ok(Outcome::Unknown(
            "the ledger has no number of its transaction, as when a psql script runs it".to_owned(),
        ));
    };
    let query = TransactionStatus::query(&interrupted.place, id);
    let row = match session.try_row(&query).await {
        Ok(row) => row,
        Err(refusal) => return from_the_future(session, refusal),
    };
    let status = row.as_ref().and_then(TransactionStatus::read);
    let Some(status) = status else {
        return Ok(Outcome::Unknown("the server gave no answer".to_owned()));
    };
    let with_ledger = ledger_cluster == Some(&id.database.cluster);
    if let Some(difference) = id.database.difference(&status.database, with_ledger) {
        return Ok(Outcome::Unknown(reason(id, difference)));
    }
    Ok(match status.status.as_deref() {
        _ if !status.is_free => Outcome::Running,
        Some("in progress") => Outcome::Running,
        Some("committed") => Outcome::Committed,
        Some("aborted") => Outcome::Aborted,
        _ => Outcome::Unknown("the server no longer knows so old a transaction".to_owned()),
    })
}

fn reason(id: &TransactionId, difference: Difference) -> String {
    match difference {
        Difference::Cluster => format!(
            "it ran on the server with system identifier {}, and this is another one",
            id.database.cluster
        ),
        Difference::Database => {
            "its database was dropped since, and this is another one of that name".to_owned()
        }
        Difference::History => format!(
            "it ran on timeline {}, and the server has been promoted since",
            id.database.history.as_deref().unwrap_or("?")
        ),
    }
}

fn from_the_future(session: &Session, refusal: Refusal) -> Result<Outcome, Error> {
    match refusal.error.as_db_error() {
        // "transaction ID … is in the future", in the server's language.
        Some(server) if *server.code() == SqlState::INVALID_PARAMETER_VALUE => Ok(Outcome::Unknown(
            "the server has not come to that transaction number: it was restored from an older backup".to_owned(),
        )),
        _ => Err(session.explain(refusal)),
    }
}

/// Waits for the end of a transaction; returns `true` if it was committed.
pub(crate) async fn is_committed(
    interrupted: &Interrupted,
    connector: &Connector<'_>,
    ledger_cluster: Option<&str>,
) -> Result<bool, Error> {
    let began = Instant::now();
    loop {
        match outcome(interrupted, connector, ledger_cluster).await? {
            Outcome::Committed => return Ok(true),
            Outcome::Aborted => return Ok(false),
            Outcome::Running if began.elapsed() < connector.config.lock_wait => {
                tokio::time::sleep(Duration::from_millis(fastrand::u64(50..150))).await;
            }
            Outcome::Running => return Err(interrupted.running()),
            Outcome::Unknown(reason) => return Err(interrupted.doubt(&reason)),
        }
    }
}

/// Finds out the outcome of all interrupted transactions of a scope and records it; returns the rows with it.
///
/// `finish` is called with the rows before they are written: afterwards nobody has a reason to look at their databases.
pub(crate) async fn recover(
    deployment: &Deployment<'_, '_>,
    scope: &LedgerScope,
    ledger: &Ledger,
    cluster: &str,
    finish: impl AsyncFnOnce(&[Row]) -> Result<(), Error>,
) -> Result<Vec<Row>, Error> {
    let mut rows = ledger.rows(&scope.series).await?;
    let mut messages = Vec::new();
    for row in rows.iter_mut().filter(|row| row.state == State::Committing) {
        let interrupted = Interrupted::of_row(row);
        let ledger_cluster = deployment.ledger_cluster(cluster);
        let applied = is_committed(&interrupted, &deployment.targets, ledger_cluster).await?;
        messages.push(ledger.recovered(row, applied));
        row.state = if applied {
            State::Applied
        } else {
            State::Intent
        };
        deployment.config.emit(&Event::Recovered {
            patch: interrupted.identity.as_id(),
            applied,
        });
    }
    if !messages.is_empty() {
        finish(&rows).await?;
        ledger.session.execute(&messages.join("; ")).await?;
    }
    Ok(rows)
}
