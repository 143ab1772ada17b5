//! A run under way.

use crate::ledger::{DURABLE, Entry, Ledger, Transaction, is_gone};
use crate::lock::Lock;
use crate::observer::{Event, emit};
use crate::plan::Presence;
use crate::session::{Connector, Session};
use crate::transaction::transaction_gone;
use crate::{Config, Error, ErrorKind, Target, baseline, bootstrap, failpoint, transaction};
use patchgen_model::Patch;
use std::cell::Cell;
use std::time::{Duration, Instant};

/// A run under way: its sessions, its lock, and what is still to be written to the ledger.
pub(crate) struct Work<'c, 'w> {
    pub(crate) config: &'c Config,
    pub(crate) connector: &'w Connector<'c>,
    pub(crate) in_target: bool,
    pub(crate) ledger: Ledger,
    pub(crate) lock: Lock,
    session: Option<Session>,
    fence: Cell<Option<Session>>,
    /// Statements that travel with the next message to the ledger.
    finish: String,
    /// The last pause between two tries of a patch.
    pub(crate) backoff: Duration,
    /// Roles that may write a ledger in the target.
    granted: Vec<String>,
    /// Whether the next transaction begins with making the schema that its patches go to.
    pub(crate) makes_schema: bool,
}

/// Writes to the server's log, so that a durable commit has something to flush; all before it is flushed as well.
const FLUSH: &str = "SELECT pg_catalog.pg_logical_emit_message(true, 'patchgen', 'fence')";

impl<'c, 'w> Work<'c, 'w> {
    pub(crate) fn new(
        connector: &'w Connector<'c>,
        in_target: bool,
        ledger: Ledger,
        lock: Lock,
    ) -> Self {
        Self {
            config: connector.config,
            connector,
            in_target,
            ledger,
            lock,
            session: None,
            fence: Cell::new(None),
            finish: String::new(),
            backoff: Duration::ZERO,
            granted: Vec::new(),
            makes_schema: false,
        }
    }

    /// The session for a database and a role: the last one, if it is theirs.
    pub(crate) async fn session(&mut self, database: &str, user: &str) -> Result<Session, Error> {
        let login = self.connector.login(user);
        if self.in_target
            && login != self.ledger.session.user
            && !self.granted.iter().any(|role| role == login)
        {
            let grant = self.ledger.grant(login);
            self.ledger
                .session
                .run(&grant)
                .await
                .map_err(|refusal| self.ledger.session.explain(refusal))?;
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

    /// Gives a session back for the next patch.
    pub(crate) fn keep(&mut self, session: Session) {
        self.session = Some(session);
    }

    /// What is still to be written, as the beginning of a message.
    pub(crate) fn take_finish(&mut self) -> String {
        std::mem::take(&mut self.finish)
    }

    /// Notes that patches are committed; it is written with the next message.
    pub(crate) fn finish_later(&mut self, entries: &[Entry<'_>]) {
        self.finish = format!("{}; ", self.ledger.applied(entries));
    }

    /// Notes that what cannot run in a transaction is done; it is written with the next message.
    pub(crate) fn done_later(&mut self, entries: &[Entry<'_>]) {
        self.finish = format!("{}; ", self.ledger.done(entries));
    }

    /// Writes what is still to be written.
    pub(crate) async fn flush(&mut self) -> Result<(), Error> {
        let message = self.take_finish();
        if !message.is_empty() {
            self.ledger
                .session
                .run(&message)
                .await
                .map_err(|refusal| self.ledger.session.explain(refusal))?;
            failpoint!("finished");
        }
        Ok(())
    }

    /// Sees to it that the transaction's number cannot be handed out again, should the target's server crash; gives
    /// the guard that the record of the number begins with.
    ///
    /// On the ledger's own server the guard is enough: what survives a crash was written to the log after the
    /// transaction. On another one the log is flushed up to it. Either way the server may have crashed since the number
    /// was given, and then it must not be recorded.
    pub(crate) async fn fence(
        &self,
        transaction: &Transaction,
        target: &Target,
        patch: &Patch<'_>,
    ) -> Result<String, Error> {
        let guard = transaction.guard(target);
        // Servers that were copied from one another have the same identifier.
        let same = self.config.state_conninfo.is_none();
        if same && transaction.system_identifier == self.lock.system_identifier {
            return Ok(guard);
        }
        let database = &target.database;
        let fence = match self.fence.take() {
            Some(fence) if fence.database == *database && !fence.is_closed() => fence,
            _ => {
                self.connector
                    .open(database, self.connector.admin())
                    .await?
            }
        };
        fence
            .run(&format!("{DURABLE}{guard}{FLUSH}"))
            .await
            .map_err(|refusal| {
                if is_gone(&refusal) {
                    transaction_gone(patch)
                } else {
                    fence.explain(refusal)
                }
            })?;
        self.fence.set(Some(fence));
        Ok(String::new())
    }

    pub(crate) async fn make_database(
        &mut self,
        entries: &[Entry<'_>],
        name: &str,
    ) -> Result<(), Error> {
        let session = bootstrap::maintenance(self.connector, entries[0].patch.user()).await?;
        self.connector.made(name);
        bootstrap::create_database(self.config, &session, name).await
    }

    /// Runs a baseline that cannot run in a transaction.
    pub(crate) async fn baseline(
        &mut self,
        entries: &mut [Entry<'_>],
        presence: Option<Presence>,
    ) -> Result<Duration, Error> {
        transaction::begin(self, entries).await?;
        let began = Instant::now();
        let (patch, target) = (entries[0].patch, entries[0].target.database.clone());
        emit(
            self.config,
            &Event::Started {
                patch: patch.id(),
                file: patch.file(),
                attempt: entries[0].attempt,
            },
        );
        baseline::check_name(&patch, &target)?;
        let mut session = bootstrap::maintenance(self.connector, patch.user()).await?;
        self.connector.made(&target);
        if presence == Some(Presence::Unfinished) {
            bootstrap::drop_unfinished(self.config, &session, &target).await?;
        }
        if !baseline::creates(&patch, &target) {
            bootstrap::create_database(self.config, &session, &target).await?;
            session = self.connector.open(&target, patch.user()).await?;
        }
        if let Err(error) = baseline::run(self.connector, session, &patch).await {
            self.record_failure(entries, &error).await;
            return Err(error);
        }
        // What is recorded as done must not be lost with the end of the server's log.
        let session = self.connector.open(&target, patch.user()).await?;
        session
            .run(&format!("{DURABLE}{FLUSH}"))
            .await
            .map_err(|refusal| session.explain(refusal))?;
        failpoint!("ran");
        self.done_later(entries);
        Ok(began.elapsed())
    }

    /// Writes why a patch failed; the error that the caller gives matters more than one from here.
    pub(crate) async fn record_failure(&self, entries: &[Entry<'_>], error: &Error) {
        if error.kind() == ErrorKind::Connection {
            return;
        }
        let mut entries = entries.to_vec();
        if self.in_target {
            // The record of this attempt was rolled back with the patch.
            let Ok(rows) = self
                .ledger
                .session
                .query(&self.ledger.intent(&entries))
                .await
            else {
                return;
            };
            for (entry, row) in entries.iter_mut().zip(rows) {
                entry.attempt = row
                    .get(0)
                    .and_then(|attempt| attempt.parse().ok())
                    .unwrap_or(1);
            }
        }
        let message = self
            .ledger
            .failed(&entries, error.sql_state(), &error.to_string());
        if let Err(refusal) = self.ledger.session.run(&message).await {
            tracing::warn!(error = %refusal.error, "the failure could not be recorded");
        }
    }

    /// Takes back the record of a transaction that was rolled back for certain.
    pub(crate) async fn roll_back_record(&self, entries: &[Entry<'_>]) {
        if let Err(refusal) = self
            .ledger
            .session
            .run(&self.ledger.rolled_back(entries))
            .await
        {
            tracing::warn!(error = %refusal.error, "the rollback could not be recorded; the next run asks the server");
        }
    }
}
