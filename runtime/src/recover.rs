//! Settles what an interrupted run left: asks the server that ran a transaction whether it was committed.

use crate::config::Target;
use crate::ledger::{Entry, Row};
use crate::quote::literal;
use crate::session::{Connector, Refusal, Session};
use crate::transaction::target_lock;
use crate::{Error, ErrorKind};
use patchgen_model::Version;
use std::time::{Duration, Instant};
use tokio_postgres::error::SqlState;

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

/// A transaction that was about to be committed when its run ended.
pub(crate) struct Interrupted<'i> {
    pub(crate) target: &'i Target,
    pub(crate) user: &'i str,
    pub(crate) file: &'i str,
    pub(crate) version: Version,
    pub(crate) attempt: u32,
    pub(crate) started_at: Option<&'i str>,
    pub(crate) xid: Option<&'i str>,
    pub(crate) system_identifier: Option<&'i str>,
    pub(crate) timeline: Option<&'i str>,
}

impl<'i> Interrupted<'i> {
    pub(crate) fn of_row(row: &'i Row, target: &'i Target) -> Self {
        Self {
            target,
            user: &row.user,
            file: &row.file,
            version: row.version,
            attempt: row.attempt,
            started_at: row.started_at.as_deref(),
            xid: row.run.xid.as_deref(),
            system_identifier: row.run.system_identifier.as_deref(),
            timeline: row.run.timeline.as_deref(),
        }
    }

    pub(crate) fn of_entry(entry: &'i Entry<'_>) -> Self {
        Self {
            target: &entry.target,
            user: entry.patch.user(),
            file: entry.patch.file(),
            version: entry.patch.version(),
            attempt: entry.attempt,
            started_at: None,
            xid: None,
            system_identifier: None,
            timeline: None,
        }
    }

    /// Looks once.
    pub(crate) async fn examine(
        &self,
        connector: &Connector<'_>,
        ledger_system: Option<&str>,
    ) -> Result<Finding, Error> {
        // A server of its own may have been copied from this one, identifier and all.
        let ledger_system = ledger_system.filter(|_| connector.config.state_conninfo.is_none());
        match connector.open(&self.target.database, self.user).await {
            Ok(session) => self.look(&session, ledger_system).await,
            Err(error) if error.kind() == ErrorKind::MissingDatabase => {
                Ok(Finding::Unknown(format!(
                    "database `{}` does not exist any more",
                    self.target.database
                )))
            }
            Err(error) => Err(error),
        }
    }

    async fn look(&self, session: &Session, ledger_system: Option<&str>) -> Result<Finding, Error> {
        let (Some(xid), Some(system), Some(timeline)) =
            (self.xid, self.system_identifier, self.timeline)
        else {
            return Ok(Finding::Unknown(
                "the ledger has no number of its transaction, as when a psql script runs it"
                    .to_owned(),
            ));
        };
        let query = format!(
            "SELECT pg_catalog.pg_try_advisory_xact_lock({}), system_identifier, \
             pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8), \
             CASE WHEN system_identifier::text = {} THEN pg_catalog.pg_xact_status({}::xid8) END \
             FROM pg_catalog.pg_control_system()",
            target_lock(&self.target.to_string()),
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

    /// Looks until the transaction is over; gives whether it was committed.
    pub(crate) async fn outcome(
        &self,
        connector: &Connector<'_>,
        ledger_system: &str,
    ) -> Result<bool, Error> {
        let began = Instant::now();
        loop {
            match self.examine(connector, Some(ledger_system)).await? {
                Finding::Committed => return Ok(true),
                Finding::Aborted => return Ok(false),
                Finding::Running if began.elapsed() < connector.config.lock_wait => {
                    tokio::time::sleep(Duration::from_millis(fastrand::u64(50..150))).await;
                }
                Finding::Running => return Err(self.running()),
                Finding::Unknown(reason) => return Err(self.doubt(&reason)),
            }
        }
    }

    /// Its session is still at work, so there is nothing to decide yet.
    pub(crate) fn running(&self) -> Error {
        Error::new(
            ErrorKind::Locked,
            format!(
                "an earlier session of `{}` is still at work in `{}` (attempt {})",
                self.file, self.target, self.attempt
            ),
        )
        .with_help(
            "let it end; if its program is gone and it hangs, end it with pg_terminate_backend",
        )
    }

    /// The message for somebody who has to decide at night.
    pub(crate) fn doubt(&self, reason: &str) -> Error {
        let identity = self.identity();
        let message = format!(
            "whether `{}` took effect in `{}` is not known: {reason} ({})",
            self.file,
            self.target,
            self.when()
        );
        Error::new(ErrorKind::InDoubt, message).with_help(format!(
            "look in database `{}` whether what the patch makes is there; then run, with the same files and options, \
             `patchgen resolve --applied {identity}` if it is, or `patchgen resolve --retry {identity}` if it is not",
            self.target.database
        ))
    }

    /// The same for a statement that runs outside of transactions.
    pub(crate) fn statement_doubt(&self, reason: &str) -> Error {
        let identity = self.identity();
        let message = format!(
            "how far a statement of `{}` came in `{}` is not known: {reason} ({})",
            self.file,
            self.target,
            self.when()
        );
        Error::new(ErrorKind::InDoubt, message).with_help(format!(
            "look in database `{}` what the statement has done, and bring it to its end by hand or take it back; then run, with \
             the same files and options, `patchgen resolve --applied {identity}` if all of it is done, and apply goes on \
             behind it, or `patchgen resolve --retry {identity}` if it is to be run again",
            self.target.database
        ))
    }

    fn when(&self) -> String {
        let begun = self
            .started_at
            .map_or_else(String::new, |when| format!(", begun {when}"));
        format!("attempt {}{begun}", self.attempt)
    }

    fn identity(&self) -> String {
        let Version {
            major,
            minor,
            point,
        } = self.version;
        format!("{}:{major}-{minor}-{point}", self.target)
    }
}

fn from_the_future(session: &Session, refusal: Refusal) -> Result<Finding, Error> {
    match refusal.error.as_db_error() {
        // "transaction ID … is in the future", in the server's language.
        Some(server) if *server.code() == SqlState::INVALID_PARAMETER_VALUE => Ok(Finding::Unknown(
            "the server has not come to that transaction number: it was restored from an older backup".to_owned(),
        )),
        _ => Err(session.explain(refusal)),
    }
}
