//! Settles what an interrupted run left: asks the server that ran a transaction whether it was committed.

use crate::config::Target;
use crate::ledger::Row;
use crate::quote::literal;
use crate::session::{Connector, Refusal, Session};
use crate::transaction::target_lock;
use crate::{Error, ErrorKind};
use std::time::{Duration, Instant};

/// What became of a transaction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Finding {
    Committed,
    Aborted,
    /// Its backend is still at work.
    Running,
    /// The server cannot tell, and why.
    Unknown(String),
}

/// Looks once.
pub(crate) async fn examine(
    connector: &Connector<'_>,
    target: &Target,
    row: &Row,
    ledger_system: Option<&str>,
) -> Result<Finding, Error> {
    let session = match connector.open(&target.database, &row.user).await {
        Ok(session) => session,
        Err(error) if error.kind() == ErrorKind::MissingDatabase => {
            return Ok(Finding::Unknown(format!(
                "database `{}` does not exist any more",
                target.database
            )));
        }
        Err(error) => return Err(error),
    };
    look(&session, target, row, ledger_system).await
}

async fn look(
    session: &Session,
    target: &Target,
    row: &Row,
    ledger_system: Option<&str>,
) -> Result<Finding, Error> {
    let (Some(xid), Some(system), Some(timeline)) =
        (&row.run.xid, &row.run.system_identifier, &row.run.timeline)
    else {
        return Ok(Finding::Unknown(
            "the ledger has no number of its transaction".to_owned(),
        ));
    };
    let query = format!(
        "SELECT pg_catalog.pg_try_advisory_xact_lock({}), system_identifier, \
         pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8), \
         CASE WHEN system_identifier::text = {} THEN pg_catalog.pg_xact_status({}::xid8) END \
         FROM pg_catalog.pg_control_system()",
        target_lock(&target.to_string()),
        literal(system),
        literal(xid),
    );
    let answer = match session.run(&query).await {
        Ok(answer) => answer,
        Err(refusal) => return from_the_future(session, refusal),
    };
    let column = |number| answer.as_ref().and_then(|row| row.get(number));
    if column(1) != Some(system) {
        return Ok(Finding::Unknown(format!(
            "it ran on the server with system identifier {system}, and this is another one"
        )));
    }
    // With the ledger on the same server, a surviving record implies a surviving transaction, whatever the timeline.
    if ledger_system != Some(system) && column(2) != Some(timeline) {
        return Ok(Finding::Unknown(format!(
            "it ran on timeline {timeline}, and the server has been promoted since"
        )));
    }
    Ok(match (column(0), column(3)) {
        (Some("f"), _) | (_, Some("in progress")) => Finding::Running,
        (_, Some("committed")) => Finding::Committed,
        (_, Some("aborted")) => Finding::Aborted,
        _ => Finding::Unknown("the server no longer knows so old a transaction".to_owned()),
    })
}

fn from_the_future(session: &Session, refusal: Refusal) -> Result<Finding, Error> {
    match refusal.error.as_db_error() {
        Some(server) if server.message().contains("in the future") => Ok(Finding::Unknown(
            "the server has not come to that transaction number: it was restored from an older backup".to_owned(),
        )),
        _ => Err(session.explain(refusal)),
    }
}

/// Looks until the transaction is over.
pub(crate) async fn outcome(
    connector: &Connector<'_>,
    target: &Target,
    row: &Row,
    ledger_system: &str,
) -> Result<bool, Error> {
    let began = Instant::now();
    loop {
        match examine(connector, target, row, Some(ledger_system)).await? {
            Finding::Committed => return Ok(true),
            Finding::Aborted => return Ok(false),
            Finding::Running if began.elapsed() < connector.config.lock_wait => {
                tokio::time::sleep(Duration::from_millis(fastrand::u64(50..150))).await;
            }
            Finding::Running => return Err(doubt(target, row, "its session is still at work")),
            Finding::Unknown(reason) => return Err(doubt(target, row, &reason)),
        }
    }
}

/// The message for somebody who has to decide at night.
fn doubt(target: &Target, row: &Row, reason: &str) -> Error {
    let when = row.started_at.as_deref().unwrap_or("an unknown time");
    let identity = format!(
        "{}:{}-{}-{}",
        row.key, row.version.major, row.version.minor, row.version.point
    );
    Error::new(
        ErrorKind::InDoubt,
        format!("whether `{}` took effect in `{target}` is not known: {reason} (attempt {}, begun {when})", row.file, row.attempt),
    )
    .with_help(format!(
        "look in database `{}` whether what the patch makes is there; then run `patchgen resolve --applied {identity}` \
         if it is, or `patchgen resolve --retry {identity}` if it is not",
        target.database
    ))
}
