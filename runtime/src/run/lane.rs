//! A lane: what a run carries from one patch to the next: its sessions, its lock and the result that is not written yet.

use super::scope::Protocol;
use crate::event::Event;
use crate::ledger::Ledger;
use crate::ledger::entry::{Begun, Planned};
use crate::ledger::error::{taken_over, transaction_gone};
use crate::ledger::record::Record;
use crate::ledger::row::LastFailure;
use crate::plan::Step;
use crate::server::connector::Connector;
use crate::server::guard::Guard;
use crate::server::identity::OpenTransaction;
use crate::server::run_lock::RunLock;
use crate::server::session::{DURABLE, FLUSH, Session};
use crate::{Config, Error, ErrorKind, failpoint};
use std::cell::Cell;
use std::time::Duration;

/// The state of a run between its patches.
pub(crate) struct Lane<'w, 'a> {
    pub(crate) config: &'w Config,
    pub(crate) connector: &'w Connector<'w>,
    pub(crate) protocol: Protocol,
    pub(crate) ledger: Ledger,
    pub(crate) lock: RunLock,
    /// The session of the last patch.
    session: Option<Session>,
    /// The session that flushes the target's WAL.
    flusher: Cell<Option<Session>>,
    record: Record<'a>,
    /// The last pause between two tries of a patch.
    pub(crate) backoff: Duration,
    /// Roles that may write a ledger in the target.
    granted: Vec<String>,
}

impl<'w, 'a> Lane<'w, 'a> {
    pub(crate) fn new(
        connector: &'w Connector<'w>,
        protocol: Protocol,
        ledger: Ledger,
        lock: RunLock,
    ) -> Self {
        Self {
            config: connector.config,
            connector,
            protocol,
            ledger,
            lock,
            session: None,
            flusher: Cell::new(None),
            record: Record::Nothing,
            backoff: Duration::ZERO,
            granted: Vec::new(),
        }
    }

    /// Returns a session for a database and a role: the last one, if it is theirs.
    pub(crate) async fn session(&mut self, database: &str, user: &str) -> Result<Session, Error> {
        let login = self.connector.login(user);
        if self.protocol == Protocol::SameTransaction
            && login != self.ledger.session.user
            && !self.granted.iter().any(|role| role == login)
        {
            self.ledger
                .session
                .execute(&self.ledger.grant(login))
                .await?;
            self.granted.push(login.to_owned());
        }
        match self.session.take() {
            Some(session)
                if session.database == database
                    && session.user == login
                    && !session.is_closed() =>
            {
                Ok(session)
            }
            _ => self.connector.open(database, login).await,
        }
    }

    /// Keeps a session for the next patch.
    pub(crate) fn keep(&mut self, session: Session) {
        self.session = Some(session);
    }

    /// Notes a result, which is written with the next message to the ledger.
    pub(crate) fn note(&mut self, record: Record<'a>) {
        self.record = record;
    }

    /// Takes the unwritten result, as the beginning of a message.
    pub(crate) fn take_record(&mut self) -> String {
        std::mem::take(&mut self.record).sql(&self.ledger)
    }

    /// Writes the unwritten result.
    pub(crate) async fn flush(&mut self) -> Result<(), Error> {
        let message = self.take_record();
        if !message.is_empty() {
            self.ledger.session.execute(&message).await?;
            failpoint!("finished");
        }
        Ok(())
    }

    /// Begins patches that share a transaction: by a recorded intent, or, where the record is part of the transaction,
    /// without one.
    pub(crate) async fn begin(&mut self, steps: &[Step<'a>]) -> Result<Vec<Begun<'a>>, Error> {
        if self.protocol == Protocol::RecordedFirst {
            return self.record_intent(steps).await;
        }
        // An unwritten record must not come after this patch's own.
        self.flush().await?;
        let begun = |step: &Step<'a>| Begun {
            planned: step.planned(),
            attempt: step.attempt,
        };
        Ok(steps.iter().map(begun).collect())
    }

    /// Records the intent, and with it the unwritten result of the patches before.
    pub(crate) async fn record_intent(
        &mut self,
        steps: &[Step<'a>],
    ) -> Result<Vec<Begun<'a>>, Error> {
        let planned: Vec<Planned<'a>> = steps.iter().map(Step::planned).collect();
        let message = format!("{}{}", self.take_record(), self.ledger.intent(&planned));
        let rows = self.ledger.session.rows(&message).await?;
        if rows.len() != planned.len() {
            return Err(taken_over(&planned[0].patch));
        }
        let attempts = rows.iter().map(|row| {
            let attempt = row.get(0).and_then(|attempt| attempt.parse().ok());
            attempt.unwrap_or(1)
        });
        let begun = planned
            .into_iter()
            .zip(attempts)
            .map(|(planned, attempt)| Begun { planned, attempt })
            .collect();
        failpoint!("intent");
        Ok(begun)
    }

    /// Reports the start of patches.
    pub(crate) fn report_started(&self, begun: &[Begun<'a>]) {
        for begun in begun {
            self.config.emit(&Event::Started {
                patch: begun.patch.id(),
                file: begun.patch.file(),
                attempt: begun.attempt,
            });
        }
    }

    /// Flushes the target's WAL past an open transaction, so that a crash cannot assign its id again; returns the guard
    /// that its record begins with.
    ///
    /// On the ledger's own server the guard is enough: the record survives a crash only if the WAL before it does. Either
    /// way the server may have crashed since the id was assigned, and then it must not be recorded.
    pub(crate) async fn secure(
        &self,
        transaction: &OpenTransaction,
        planned: &Planned<'a>,
    ) -> Result<String, Error> {
        let guard = transaction.guard(&planned.place);
        // Servers that were copied from one another share the identifier.
        let is_one_server = self.config.state_conninfo.is_none();
        if is_one_server && transaction.id.database.cluster == self.lock.cluster {
            return Ok(guard);
        }
        let database = &planned.place.database;
        let flusher = match self.flusher.take() {
            Some(session) if session.database == *database && !session.is_closed() => session,
            _ => {
                self.connector
                    .open(database, self.connector.admin())
                    .await?
            }
        };
        let message = format!("{DURABLE}{guard}{FLUSH}");
        flusher
            .try_row(&message)
            .await
            .map_err(|refusal| match Guard::of(&refusal) {
                Some(Guard::Gone) => transaction_gone(&planned.patch),
                _ => flusher.explain(refusal),
            })?;
        self.flusher.set(Some(flusher));
        Ok(String::new())
    }

    /// Records the error of an attempt whose intent is recorded. An error of the ledger is only logged: the one that the
    /// caller returns matters more.
    pub(crate) async fn record_failure(&self, begun: &Begun<'a>, error: &Error) {
        if error.kind() == ErrorKind::Connection {
            return;
        }
        let failure = LastFailure {
            sql_state: error.sql_state().map(str::to_owned),
            message: error.to_string(),
        };
        let message = self.ledger.failed(begun, &failure);
        if let Err(refusal) = self.ledger.session.try_row(&message).await {
            tracing::warn!(error = %refusal.error, "the failure could not be recorded");
        }
    }

    /// Records the error of an attempt whose own record was rolled back with the patch.
    pub(crate) async fn record_lost_attempt(&self, planned: &Planned<'a>, error: &Error) {
        let intent = self.ledger.intent(std::slice::from_ref(planned));
        let Ok(Some(row)) = self.ledger.session.try_row(&intent).await else {
            return;
        };
        let attempt = row.get(0).and_then(|attempt| attempt.parse().ok());
        let begun = Begun {
            planned: planned.clone(),
            attempt: attempt.unwrap_or(1),
        };
        self.record_failure(&begun, error).await;
    }

    /// Records that a transaction which was about to be committed was rolled back for certain.
    pub(crate) async fn record_rollback(&self, begun: &[Begun<'a>]) {
        let message = self.ledger.rolled_back(begun);
        if let Err(refusal) = self.ledger.session.try_row(&message).await {
            tracing::warn!(error = %refusal.error, "the rollback could not be recorded; the next run asks the server");
        }
    }
}
