//! Concurrent patches: statement by statement, each on its own, on a connection that nothing else uses.
//!
//! A statement that can run in a transaction runs in one, with the same protocol as a std patch. Any other is recorded
//! before it begins and after it ends; what a restart does with one that was interrupted depends on its class.

use super::lane::Lane;
use super::leftover::Leftover;
use super::recovery::is_committed;
use super::transaction::open_transaction;
use crate::ledger::entry::{Begun, Planned, fnv1a};
use crate::ledger::interrupted::Interrupted;
use crate::ledger::progress::{Progress, UnderWay};
use crate::ledger::record::Record;
use crate::message::envelope::{BEGIN, Envelope, busy_guard};
use crate::message::error::{PartFailure, patch_error};
use crate::message::variables::Variables;
use crate::message::{Part, Parts, statements};
use crate::plan::Step;
use crate::plan::doubt::{INTERRUPTED, leaves_doubt, statement_doubt};
use crate::server::connector::Connector;
use crate::server::identity::OpenTransaction;
use crate::server::quote::{literal, sql};
use crate::server::session::Session;
use crate::{Error, ErrorKind, failpoint};
use patchgen_model::{Class, Patch, Statement};
use std::time::{Duration, Instant};
use tokio_postgres::SimpleQueryRow;
use tokio_postgres::error::ErrorPosition;

/// Runs the statements of a patch that are not done yet; returns the time that it took.
pub(crate) async fn run<'a>(lane: &mut Lane<'_, 'a>, step: &Step<'a>) -> Result<Duration, Error> {
    let begun = lane.record_intent(std::slice::from_ref(step)).await?;
    let began = Instant::now();
    lane.report_started(&begun);
    let begun = &begun[0];
    let session = open(lane, begun).await?;
    Leftover::report_invalid(&session, lane.config).await?;
    let outcome = run_statements(lane, begun, &session).await;
    // Through a pooler the next client gets this session.
    let _ = session.try_open("DISCARD ALL").await;
    outcome?;
    failpoint!("committed");
    lane.note(Record::Done(Box::new(begun.clone())));
    Ok(began.elapsed())
}

async fn open(lane: &Lane<'_, '_>, begun: &Begun<'_>) -> Result<Session, Error> {
    let name = begun.session_name(&lane.config.program);
    let session = lane
        .connector
        .open_as(&begun.place.database, begun.patch.user(), &name)
        .await?;
    wait_for_survivors(lane, begun, &session).await?;
    let envelope = Envelope {
        config: lane.config,
        place: &begun.place,
        login: &session.user,
    };
    let mut settings = envelope.session(&begun.patch);
    // A statement that is recorded as done must not be lost with the end of the server's WAL.
    settings.push("SET synchronous_commit = on".to_owned());
    session.open(&settings.join("; ")).await?;
    Ok(session)
}

/// Finds a backend of an earlier attempt: it outlives its client until its statement ends.
async fn survivor(
    planned: &Planned<'_>,
    session: &Session,
) -> Result<Option<SimpleQueryRow>, Error> {
    let prefix = literal(&planned.session_prefix());
    let former = literal(&planned.former_session_prefix());
    let query = sql!(
        "
        SELECT pid, application_name, pg_catalog.to_char(query_start, 'YYYY-MM-DD HH24:MI:SS TZ')
        FROM pg_catalog.pg_stat_activity WHERE datname = pg_catalog.current_database()
            AND (pg_catalog.starts_with(application_name, {prefix})
                OR pg_catalog.starts_with(application_name, {former}))
            AND pid <> pg_catalog.pg_backend_pid()
        "
    );
    session.row(&query).await
}

/// Fails while a session of an earlier attempt is at work.
pub(crate) async fn refuse_if_running(
    connector: &Connector<'_>,
    begun: &Begun<'_>,
) -> Result<(), Error> {
    let opened = connector.open(&begun.place.database, begun.patch.user());
    let session = match opened.await {
        Err(error) if error.kind() == ErrorKind::MissingDatabase => return Ok(()),
        opened => opened?,
    };
    match survivor(begun, &session).await? {
        Some(_) => Err(Interrupted::of_begun(begun).running()),
        None => Ok(()),
    }
}

/// Waits for the sessions of earlier attempts.
async fn wait_for_survivors(
    lane: &Lane<'_, '_>,
    begun: &Begun<'_>,
    session: &Session,
) -> Result<(), Error> {
    let mut wait = lane.connector.wait();
    while let Some(row) = survivor(begun, session).await? {
        let column = |number| row.get(number).unwrap_or("?");
        let holder = format!(
            "process {} `{}`, whose program is gone, since {}",
            column(0),
            column(1),
            column(2)
        );
        if wait.elapsed() > lane.config.lock_wait {
            let message = format!(
                "an earlier session of `{}` is still at work: {holder}",
                begun.patch.file()
            );
            return Err(Error::new(ErrorKind::Locked, message)
                .with_help(format!(
                    "let it end, or end it with SELECT pg_terminate_backend({})",
                    column(0)
                ))
                .with_patch(&begun.patch));
        }
        wait.report(&holder);
        tokio::time::sleep(Duration::from_millis(fastrand::u64(50..150))).await;
    }
    Ok(())
}

/// The digest of the first statements of a patch; `None` if it has fewer.
pub(crate) fn digest_of(patch: &Patch<'_>, done: usize) -> Option<String> {
    Some(digest(patch, statements(patch).get(..done)?))
}

/// A digest of the text of statements, which shows whether they were edited.
fn digest(patch: &Patch<'_>, statements: &[Statement<'_>]) -> String {
    let text = |statement: &Statement<'_>| statement.span.of(patch.text()).bytes().chain([0]);
    format!("{:016x}", fnv1a(statements.iter().flat_map(text)))
}

async fn run_statements<'a>(
    lane: &Lane<'_, 'a>,
    begun: &Begun<'a>,
    session: &Session,
) -> Result<(), Error> {
    let patch = begun.patch;
    let all = statements(&patch);
    let mut progress = resume(lane, begun, &all).await?;
    // Statements that are done stay done, but a session's settings ended with the session.
    let done = &all[..progress.done.min(all.len())];
    for statement in done.iter().filter(|it| it.class.is_session_setting()) {
        let sent = send(&patch, session, statement).await;
        sent.map_err(|failure| fail(&patch, statement, failure))?;
    }
    while let Some(statement) = all.get(progress.done) {
        lane.lock.check()?;
        let current = Current {
            lane,
            begun,
            session,
            statement,
        };
        let outcome = if runs_in_transaction(statement) {
            current.run_in_transaction(&mut progress).await
        } else {
            current.run_alone(&mut progress).await
        };
        if let Err(error) = outcome {
            return Err(current.give_up(&mut progress, error).await);
        }
        progress.done += 1;
        progress.digest = Some(digest(&patch, &all[..progress.done]));
        progress.under_way = UnderWay::Nothing;
        lane.ledger.write(begun, &progress, "").await?;
        failpoint!("statement");
    }
    Ok(())
}

/// `true` if a statement runs in a transaction of its own here. The effect of a session's setting must outlive it.
fn runs_in_transaction(statement: &Statement<'_>) -> bool {
    statement.class.runs_in_transaction()
        && statement.class != Class::Procedural
        && !statement.class.is_session_setting()
}

/// Reads the progress of earlier attempts, and finds out the outcome of a transaction that was about to be committed.
async fn resume(
    lane: &Lane<'_, '_>,
    begun: &Begun<'_>,
    all: &[Statement<'_>],
) -> Result<Progress, Error> {
    let mut progress = lane.ledger.progress(begun).await?;
    let expected = all
        .get(..progress.done)
        .map(|done| digest(&begun.patch, done));
    if expected.is_none() || (progress.done > 0 && progress.digest != expected) {
        let message = format!(
            "`{}` was edited in statements that are already done ({} are)",
            begun.patch.file(),
            progress.done
        );
        return Err(Error::new(ErrorKind::History, message)
            .with_help("put back the statements that are done and edit only what follows them")
            .with_patch(&begun.patch));
    }
    if let Some(interrupted) = Interrupted::of_progress(begun, &progress) {
        let is_one_server = lane.config.state_conninfo.is_none();
        let ledger_cluster = is_one_server.then_some(lane.lock.cluster.as_str());
        if is_committed(&interrupted, lane.connector, ledger_cluster).await? {
            progress.done += 1;
            progress.digest = all
                .get(..progress.done)
                .map(|done| digest(&begun.patch, done));
        }
        progress.under_way = UnderWay::Nothing;
    }
    Ok(progress)
}

async fn send(
    patch: &Patch<'_>,
    session: &Session,
    statement: &Statement<'_>,
) -> Result<(), PartFailure> {
    let config = crate::Config::new();
    let variables = Variables::new(&config, &session.database, patch.user());
    let part = Part::new(0, patch, statement, &variables);
    part.send(session).await.map(drop)
}

/// The error for a statement that failed.
pub(super) fn fail(patch: &Patch<'_>, statement: &Statement<'_>, failure: PartFailure) -> Error {
    let begins = statement.span.start as usize;
    let offset = failure.blame.map_or(begins, |blame| blame.offset);
    let help = "the statements before this one are done and stay; correct this one and run again";
    patch_error(patch, failure.refusal, Some(offset), help)
}

/// The statement that runs now.
struct Current<'s, 'w, 'a> {
    lane: &'s Lane<'w, 'a>,
    begun: &'s Begun<'a>,
    session: &'s Session,
    statement: &'s Statement<'a>,
}

impl Current<'_, '_, '_> {
    /// In a transaction: recorded like a std patch.
    async fn run_in_transaction(&self, progress: &mut Progress) -> Result<(), Error> {
        let (patch, begun) = (&self.begun.patch, self.begun);
        let variables = Variables::new(self.lane.config, &self.session.database, patch.user());
        let mut parts = Parts::default();
        parts.own(BEGIN);
        parts.own("SET LOCAL synchronous_commit = on");
        parts.own(&format!("SELECT {}", busy_guard(&begun.place)));
        parts.statement(0, patch, self.statement, &variables);
        parts.own(&OpenTransaction::query());
        let mut last = None;
        for part in parts.finish() {
            let sent = part.send(self.session).await;
            last = sent.map_err(|failure| fail(patch, self.statement, failure))?;
        }
        failpoint!("ran");
        let transaction = open_transaction(last.as_ref())?;
        let guard = self.lane.secure(&transaction, begun).await?;
        progress.under_way = UnderWay::Transaction(transaction.id);
        self.lane.ledger.write(begun, progress, &guard).await?;
        failpoint!("committing");
        let committed = self.session.try_open("COMMIT").await;
        committed
            .map(drop)
            .map_err(|refusal| fail(patch, self.statement, refusal.into()))
    }

    /// Outside of a transaction: recorded before it begins, and cleaned up after if it was interrupted.
    async fn run_alone(&self, progress: &mut Progress) -> Result<(), Error> {
        let (patch, statement) = (&self.begun.patch, self.statement);
        let leftover = Leftover {
            session: self.session,
            patch,
            statement,
            config: self.lane.config,
        };
        let state = leftover.object_state().await?;
        if let UnderWay::Statement { existed } = progress.under_way {
            if leaves_doubt(statement) {
                let interrupted = Interrupted::of_begun(self.begun);
                return Err(statement_doubt(&interrupted, patch, statement, INTERRUPTED));
            }
            if leftover.clean_up(existed, state).await? {
                return Ok(());
            }
        } else {
            progress.under_way = UnderWay::Statement {
                existed: leftover.prepare(state).await?,
            };
            self.lane.ledger.write(self.begun, progress, "").await?;
        }
        failpoint!("begun");
        match send(patch, self.session, statement).await {
            Ok(()) => {}
            Err(failure) if failure.refusal.is_lost() => {
                return Err(fail(patch, statement, failure));
            }
            Err(failure) if self.may_have_committed(&failure) => {
                return Err(self.failed_in_doubt(failure).await);
            }
            Err(failure) => {
                let exists = Leftover::is_existing(&failure);
                let error = fail(patch, statement, failure);
                leftover.clean_up_failure(exists).await?;
                return Err(error);
            }
        }
        failpoint!("ran");
        leftover.check().await
    }

    /// `true` if a `DO` or `CALL` that failed may have committed before; the build has left only such statements in the
    /// class. A statement that the server could not parse never began: only then the error has a position in it.
    fn may_have_committed(&self, failure: &PartFailure) -> bool {
        let server = failure.refusal.error.as_db_error();
        let position = server.and_then(|server| server.position());
        self.statement.class == Class::Procedural
            && !matches!(position, Some(ErrorPosition::Original(_)))
    }

    /// Records the failure. The statement stays recorded as begun, so that only a person can have it run again.
    async fn failed_in_doubt(&self, failure: PartFailure) -> Error {
        let (patch, begun) = (&self.begun.patch, self.begun);
        let server = failure.refusal.error.as_db_error();
        let cause = server.map_or_else(String::new, |server| format!(": {}", server.message()));
        let reason = format!("it failed, and may have committed part of its work{cause}");
        let interrupted = Interrupted::of_begun(begun);
        let mut error = statement_doubt(&interrupted, patch, self.statement, &reason);
        if let Some(code) = failure.refusal.code() {
            error = error.with_sql_state(code.code().to_owned());
        }
        self.lane.record_failure(begun, &error).await;
        error
    }

    /// Records that the statement failed for certain and nothing is under way any more.
    async fn give_up(&self, progress: &mut Progress, error: Error) -> Error {
        if error.kind() != ErrorKind::Patch {
            return error;
        }
        let _ = self.session.try_open("ROLLBACK").await;
        progress.under_way = UnderWay::Nothing;
        if let Err(other) = self.lane.ledger.write(self.begun, progress, "").await {
            return other;
        }
        self.lane.record_failure(self.begun, &error).await;
        error
    }
}
