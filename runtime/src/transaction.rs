//! Std and direct patches: one transaction, recorded exactly once.
//!
//! With the ledger apart, a transaction's number is recorded before its commit, so that the server can be asked
//! afterwards; with the ledger in the target, patch and record are one transaction.

use crate::blockers::Blockers;
use crate::ledger::{Entry, Settled, Transaction, is_gone};
use crate::lock::{describe, holder_query, seconds};
use crate::message::{Part, PartFailure, Parts, patch_error};
use crate::observer::{Event, emit};
use crate::quote::{identifier, literal};
use crate::script::Variables;
use crate::session::{Session, application_name};
use crate::work::Work;
use crate::{Config, Error, ErrorKind, RoleMode, Target, failpoint};
use futures_util::future::{self, Either};
use patchgen_model::Patch;
use std::time::{Duration, Instant};
use tokio_postgres::error::{DbError, SqlState};

/// What leaves the session as it was before the patch, inside the patch's own transaction: a pooler may give the
/// session to another client right after the commit. (`DISCARD ALL` is not allowed in a transaction.)
pub(crate) const CLEAN: [&str; 8] = [
    "RESET ALL",
    "RESET SESSION AUTHORIZATION",
    "DISCARD TEMP",
    "DISCARD SEQUENCES",
    "DEALLOCATE ALL",
    "CLOSE ALL",
    "UNLISTEN *",
    "SELECT pg_catalog.pg_advisory_unlock_all()",
];

/// What takes back a patch that failed: some of it is not the transaction's.
const UNDO: &str =
    "ROLLBACK; DEALLOCATE ALL; UNLISTEN *; SELECT pg_catalog.pg_advisory_unlock_all()";

const ROLLED_BACK: &str = "rolled back; nothing of this patch was kept";

/// Runs patches of one database and one user as one transaction; gives how long it took.
pub(crate) async fn run(
    work: &mut Work<'_, '_>,
    entries: &mut [Entry<'_>],
) -> Result<Duration, Error> {
    if work.in_target {
        // A record that is still to be written must not come after this patch's own.
        work.flush().await?;
    } else {
        begin(work, entries).await?;
    }
    let began = Instant::now();
    let (target, user) = (
        entries[0].target.clone(),
        entries[0].patch.user().to_owned(),
    );
    for entry in entries.iter() {
        emit(
            work.config,
            &Event::Started {
                patch: entry.patch.id(),
                file: entry.patch.file(),
                attempt: entry.attempt,
            },
        );
    }
    loop {
        work.lock.check()?;
        let session = work.session(&target.database, &user).await?;
        let failure = match with_blockers(work, &session, entries).await {
            Ok(()) => {
                // A dump may leave anything behind.
                if !entries.iter().any(|entry| entry.patch.is_baseline()) {
                    work.keep(session);
                }
                return Ok(began.elapsed());
            }
            Err(failure) => failure,
        };
        // The server has rolled back already where the connection is gone.
        let _ = session.run(UNDO).await;
        match failure {
            Failure::Busy => wait_for_backend(work, &session, &target.to_string(), began).await?,
            Failure::Statement(failure, blockers)
                if may_retry(&failure) && began.elapsed() < work.config.retry_for =>
            {
                pause(work, &entries[0], &failure, blockers).await;
            }
            Failure::Statement(failure, blockers) => {
                return Err(give_up(work, entries, failure, blockers).await);
            }
            Failure::Other(error) => return Err(error),
        }
        if !session.is_closed() {
            work.keep(session);
        }
    }
}

/// Tries once; meanwhile, if it takes long, looks who is in the way.
async fn with_blockers(
    work: &mut Work<'_, '_>,
    session: &Session,
    entries: &[Entry<'_>],
) -> Result<(), Failure> {
    let blockers = Blockers::new(work.connector, session, entries);
    let outcome = {
        let watch = std::pin::pin!(blockers.watch());
        let attempt = std::pin::pin!(attempt(work, session, entries));
        match future::select(attempt, watch).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right((never, _)) => match never {},
        }
    };
    outcome.map_err(|failure| match failure {
        Failure::Statement(failure, _) => Failure::Statement(failure, blockers.seen()),
        other => other,
    })
}

enum Failure {
    /// A backend of an earlier run still works in the target.
    Busy,
    /// A statement was refused; who was in its way, if that is known.
    Statement(PartFailure, Option<String>),
    /// Something that is not the patch's.
    Other(Error),
}

/// Records the intent, and with it that the patches before are applied.
pub(crate) async fn begin(work: &mut Work<'_, '_>, entries: &mut [Entry<'_>]) -> Result<(), Error> {
    let message = format!("{}{}", work.take_finish(), work.ledger.intent(entries));
    let rows = work
        .ledger
        .session
        .query(&message)
        .await
        .map_err(|refusal| work.ledger.session.explain(refusal))?;
    if rows.len() != entries.len() {
        return Err(fenced(&entries[0]));
    }
    for (entry, row) in entries.iter_mut().zip(rows) {
        entry.attempt = row
            .get(0)
            .and_then(|attempt| attempt.parse().ok())
            .unwrap_or(1);
    }
    failpoint!("intent");
    Ok(())
}

async fn attempt(
    work: &mut Work<'_, '_>,
    session: &Session,
    entries: &[Entry<'_>],
) -> Result<(), Failure> {
    let parts = parts(work, entries).map_err(Failure::Other)?;
    let begun = session.read_strings_as_built().await;
    begun.map_err(|refusal| Failure::Other(session.explain(refusal)))?;
    let mut last = None;
    for part in &parts {
        last = part.send(session).await.map_err(|failure| {
            let busy = failure.own
                && failure.refusal.code() == Some(&SqlState::INVALID_TEXT_REPRESENTATION);
            if busy && !is_taken_over(&failure) {
                Failure::Busy
            } else {
                Failure::Statement(failure, None)
            }
        })?;
    }
    failpoint!("ran");
    if work.in_target {
        failpoint!("committed");
        return Ok(());
    }
    let unreadable = || {
        Error::new(
            ErrorKind::Ledger,
            "the server did not tell the number of its transaction",
        )
    };
    let transaction = last
        .as_ref()
        .and_then(Transaction::read)
        .ok_or_else(unreadable)
        .map_err(Failure::Other)?;
    let guard = work
        .fence(&transaction, &entries[0].target, &entries[0].patch)
        .await
        .map_err(Failure::Other)?;
    failpoint!("fenced");
    work.lock.check().map_err(Failure::Other)?;
    let ledger = &work.ledger;
    ledger
        .session
        .run(&format!(
            "{guard}{}",
            ledger.committing(entries, &transaction)
        ))
        .await
        .map_err(|refusal| {
            Failure::Other(match refusal.code() {
                _ if is_gone(&refusal) => transaction_gone(&entries[0].patch),
                Some(&SqlState::INVALID_TEXT_REPRESENTATION) => fenced(&entries[0]),
                _ => ledger.session.explain(refusal),
            })
        })?;
    failpoint!("committing");
    if let Err(refusal) = session.run("COMMIT").await {
        return Err(Failure::Other(commit_failed(work, entries, refusal).await));
    }
    failpoint!("committed");
    work.finish_later(entries);
    Ok(())
}

/// The messages of the transaction: what sets it up, the patches, what cleans up and what tells its number.
fn parts<'a>(work: &Work<'_, '_>, entries: &[Entry<'a>]) -> Result<Vec<Part<'a>>, Error> {
    let config = work.config;
    let mut parts = Parts::default();
    parts.own("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
    parts.own("SET LOCAL idle_in_transaction_session_timeout = 0");
    parts.own(&format!(
        "SELECT {}",
        busy_guard(&entries[0].target.to_string())
    ));
    if work.in_target {
        parts.own(&work.ledger.settle(entries, Settled::Applied));
    }
    if let (true, Some(schema)) = (work.makes_schema, &entries[0].target.schema) {
        let (schema, user) = (identifier(schema), identifier(entries[0].patch.user()));
        parts.own(&format!("CREATE SCHEMA {schema} AUTHORIZATION {user}"));
    }
    for (number, entry) in entries.iter().enumerate() {
        let (patch, target) = (&entry.patch, &entry.target);
        session_settings(config, patch, target)
            .iter()
            .for_each(|setting| parts.own(setting));
        let name = literal(&session_name(&config.program, entry));
        parts.own(&format!("SET LOCAL application_name = {name}"));
        if config.role_mode == RoleMode::SetRole {
            parts.own(&format!("SET LOCAL ROLE {}", identifier(patch.user())));
        }
        let mut variables = Variables::new(config, &target.database, patch.user());
        parts.patch(number, patch, &mut variables)?;
        CLEAN.iter().for_each(|statement| parts.own(statement));
    }
    parts.own("SET LOCAL synchronous_commit = on");
    if work.in_target {
        parts.own(&work.ledger.finished(entries));
        parts.own("COMMIT");
    } else {
        parts.own("SET LOCAL idle_in_transaction_session_timeout = 0");
        parts.own(Transaction::QUERY);
    }
    Ok(parts.finish())
}

/// Timeouts and search path of a patch, for the transaction only.
pub(crate) fn session_settings(config: &Config, patch: &Patch<'_>, target: &Target) -> Vec<String> {
    let timeout = |own: Option<Duration>, general: Duration| own.unwrap_or(general).as_millis();
    let lock = timeout(patch.lock_timeout(), config.lock_timeout);
    let statement = timeout(patch.statement_timeout(), config.statement_timeout);
    let mut settings = vec![
        // For what follows the data of a COPY; see `Session::read_strings_as_built`.
        "SET LOCAL standard_conforming_strings = on".to_owned(),
        format!("SET LOCAL lock_timeout = {lock}"),
        format!("SET LOCAL statement_timeout = {statement}"),
    ];
    if let Some(schema) = &target.schema {
        let schema = identifier(schema);
        settings.push(format!("SET LOCAL search_path = {schema}, public"));
    }
    settings
}

/// What the session of a patch is called while it runs.
pub(crate) fn session_name(program: &str, entry: &Entry<'_>) -> String {
    application_name(
        program,
        Some(&format!("{} #{}", entry.patch.id(), entry.attempt)),
    )
}

/// An expression that takes the target's lock for the transaction, or fails with 22P02 while another one has it.
pub(crate) fn busy_guard(target: &str) -> String {
    format!(
        "(CASE WHEN pg_catalog.pg_try_advisory_xact_lock({}) THEN '1' \
         ELSE 'patchgen: an earlier session is still at work here' END)::pg_catalog.int4",
        target_lock(target)
    )
}

/// The key of the lock that every transaction of a patch holds in its target.
pub(crate) fn target_lock(target: &str) -> String {
    format!(
        "pg_catalog.hashtextextended({}, 0)",
        literal(&format!("patchgen target {target}"))
    )
}

fn is_taken_over(failure: &PartFailure) -> bool {
    let server = failure.refusal.error.as_db_error();
    failure.own && server.is_some_and(|error| error.message().contains("taken over"))
}

/// Lock waits and serialisation failures pass by themselves.
fn may_retry(failure: &PartFailure) -> bool {
    let transient = [
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::T_R_SERIALIZATION_FAILURE,
    ];
    failure
        .refusal
        .code()
        .is_some_and(|code| transient.contains(code))
}

async fn pause(
    work: &mut Work<'_, '_>,
    entry: &Entry<'_>,
    failure: &PartFailure,
    blockers: Option<String>,
) {
    // Full jitter, so that programs that met once do not meet again.
    work.backoff = (work.backoff * 2).clamp(Duration::from_secs(1), Duration::from_secs(30));
    let pause = work.backoff.mul_f64(0.5 + fastrand::f64() / 2.0);
    let mut reason = failure
        .refusal
        .error
        .as_db_error()
        .map_or("", DbError::message)
        .to_owned();
    reason.extend(blockers.map(|blockers| format!("; {blockers}")));
    emit(
        work.config,
        &Event::Retrying {
            patch: entry.patch.id(),
            reason: &reason,
            pause,
        },
    );
    tokio::time::sleep(pause).await;
}

async fn wait_for_backend(
    work: &Work<'_, '_>,
    session: &Session,
    target: &str,
    began: Instant,
) -> Result<(), Error> {
    let holder = session
        .run(&holder_query(&target_lock(target)))
        .await
        .map_err(|refusal| session.explain(refusal))?;
    let holder = holder
        .as_ref()
        .map_or_else(|| "a session that has just ended".to_owned(), describe);
    if began.elapsed() > work.config.lock_wait {
        let waited = seconds(began.elapsed());
        return Err(Error::new(
            ErrorKind::Locked,
            format!("another session has been at work in `{target}` for {waited}: {holder}"),
        )
        .with_help(
            "let it end; if its program is gone and it hangs, end it with pg_terminate_backend",
        ));
    }
    emit(
        work.config,
        &Event::Waiting {
            holder: &holder,
            waited: began.elapsed(),
        },
    );
    tokio::time::sleep(Duration::from_millis(fastrand::u64(50..150))).await;
    Ok(())
}

/// The patch has failed for good: records why, and gives the error.
async fn give_up(
    work: &mut Work<'_, '_>,
    entries: &[Entry<'_>],
    failure: PartFailure,
    blockers: Option<String>,
) -> Error {
    let (blamed, offset) = match failure.blame {
        Some((number, offset)) => (&entries[number], Some(offset)),
        None => (&entries[0], None),
    };
    if is_taken_over(&failure) {
        return fenced(blamed);
    }
    if work.makes_schema
        && failure.own
        && failure.refusal.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE)
    {
        return no_right_to_create(work, blamed, failure.refusal.error);
    }
    let help = blockers.map_or_else(
        || ROLLED_BACK.to_owned(),
        |blockers| format!("{ROLLED_BACK}\n{blockers}"),
    );
    let error = patch_error(&blamed.patch, failure.refusal, offset, &help);
    work.record_failure(std::slice::from_ref(blamed), &error)
        .await;
    error
}

fn no_right_to_create(
    work: &Work<'_, '_>,
    entry: &Entry<'_>,
    error: tokio_postgres::Error,
) -> Error {
    let (database, login) = (
        &entry.target.database,
        work.connector.login(entry.patch.user()),
    );
    let schema = entry.target.schema.as_deref().unwrap_or_default();
    Error::new(
        ErrorKind::Privilege,
        format!("role `{login}` may not create schema `{schema}` in database `{database}`"),
    )
    .with_help(format!(
        "let an administrator run: GRANT CREATE ON DATABASE {} TO {};",
        identifier(database),
        identifier(login)
    ))
    .with_patch(&entry.patch)
    .with_sql_state(SqlState::INSUFFICIENT_PRIVILEGE.code())
    .with_source(error)
}

/// COMMIT was refused, or its answer was lost.
async fn commit_failed(
    work: &mut Work<'_, '_>,
    entries: &[Entry<'_>],
    refusal: crate::session::Refusal,
) -> Error {
    let patch = &entries[0].patch;
    if refusal.is_lost() {
        return Error::new(
            ErrorKind::Connection,
            format!(
                "{}: the connection was lost while it was being committed",
                patch.file()
            ),
        )
        .with_help("run again: the server is asked then whether it was committed")
        .with_patch(patch)
        .with_source(refusal.error);
    }
    // A deferred constraint, for example: the transaction is rolled back, and the server is there to say so.
    let error = patch_error(patch, refusal, None, ROLLED_BACK);
    work.roll_back_record(entries).await;
    work.record_failure(entries, &error).await;
    error
}

/// The server has lost the transaction in a crash before anything was recorded.
pub(crate) fn transaction_gone(patch: &Patch<'_>) -> Error {
    Error::new(
        ErrorKind::Connection,
        format!(
            "{}: the server ended the patch's session; nothing of it was kept",
            patch.file()
        ),
    )
    .with_help("run again")
    .with_patch(patch)
}

fn fenced(entry: &Entry<'_>) -> Error {
    Error::new(
        ErrorKind::Fenced,
        format!("another run has taken over `{}`", entry.patch.file()),
    )
    .with_help("nothing of this run was kept; look at the other run's outcome with status")
    .with_patch(&entry.patch)
}
