//! Std and direct patches: one transaction, recorded exactly once.
//!
//! With the ledger apart, the transaction id is recorded before the commit, so that the server can be asked for the
//! outcome afterwards; with the ledger in the target, patch and record are one transaction.

use super::blockers::Blockers;
use super::lane::Lane;
use super::scope::Protocol;
use crate::event::Event;
use crate::ledger::FinalState;
use crate::ledger::entry::{Begun, Planned};
use crate::ledger::error::taken_over;
use crate::ledger::record::Record;
use crate::message::envelope::{Envelope, STAY, UNDO};
use crate::message::error::{PartFailure, patch_error};
use crate::message::{Part, Parts};
use crate::plan::{Begins, Step};
use crate::server::guard::Guard;
use crate::server::identity::OpenTransaction;
use crate::server::lock::{describe, holder_query, seconds, target_lock};
use crate::server::quote::identifier;
use crate::server::session::{Refusal, Session};
use crate::server::wait::Wait;
use crate::{Error, ErrorKind, Place, failpoint};
use futures_util::future::{self, Either};
use std::time::{Duration, Instant};
use tokio_postgres::SimpleQueryRow;
use tokio_postgres::error::{DbError, SqlState};

const ROLLED_BACK: &str = "rolled back; nothing of this patch was kept";

/// Patches that share a transaction, and the schema that it begins with.
struct Group<'g, 'a> {
    begun: &'g [Begun<'a>],
    creates_schema: bool,
}

impl<'a> Group<'_, 'a> {
    fn place(&self) -> &Place {
        &self.begun[0].place
    }

    fn planned(&self) -> Vec<Planned<'a>> {
        self.begun
            .iter()
            .map(|begun| begun.planned.clone())
            .collect()
    }
}

/// Runs patches of one place and one user as one transaction; returns the time that it took.
pub(crate) async fn run<'a>(
    lane: &mut Lane<'_, 'a>,
    steps: &[Step<'a>],
) -> Result<Duration, Error> {
    let begun = lane.begin(steps).await?;
    let began = Instant::now();
    lane.report_started(&begun);
    let group = Group {
        begun: &begun,
        creates_schema: steps[0].begins == Begins::Schema,
    };
    let (place, user) = (&steps[0].place, steps[0].patch.user());
    let connector = lane.connector;
    let mut busy = None;
    loop {
        lane.lock.check()?;
        let session = lane.session(&place.database, user).await?;
        let failure = match with_blockers(lane, &session, &group).await {
            Ok(()) => {
                // A dump may leave anything behind.
                if !steps.iter().any(|step| step.patch.is_baseline()) {
                    lane.keep(session);
                }
                return Ok(began.elapsed());
            }
            Err(failure) => failure,
        };
        // If the connection is gone, the server has rolled back already.
        let _ = session.try_open(UNDO).await;
        if !matches!(failure, Failure::Busy) {
            busy = None;
        }
        match failure {
            Failure::Busy => {
                let wait = busy.get_or_insert_with(|| connector.wait());
                wait_for_backend(lane, &session, place, wait).await?;
            }
            Failure::Statement(failure, blockers)
                if is_transient(&failure) && began.elapsed() < lane.config.retry_for =>
            {
                pause(lane, &begun[0], &failure, blockers).await;
            }
            Failure::Statement(failure, blockers) => {
                return Err(give_up(lane, &group, failure, blockers).await);
            }
            Failure::Other(error) => return Err(error),
        }
        if !session.is_closed() {
            lane.keep(session);
        }
    }
}

/// Tries once; if it takes long, watches for sessions that block it.
async fn with_blockers<'a>(
    lane: &mut Lane<'_, 'a>,
    session: &Session,
    group: &Group<'_, 'a>,
) -> Result<(), Failure> {
    let blockers = Blockers::new(lane.connector, session, group.begun);
    let outcome = {
        let watch = std::pin::pin!(blockers.watch());
        let attempt = std::pin::pin!(attempt(lane, session, group));
        match future::select(attempt, watch).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right((never, _)) => match never {},
        }
    };
    outcome.map_err(|failure| match failure {
        Failure::Statement(failure, _) => Failure::Statement(failure, blockers.last_seen()),
        other => other,
    })
}

enum Failure {
    /// A session of an earlier run still works in the target.
    Busy,
    /// A statement was refused; with the sessions that blocked it, if they are known.
    Statement(PartFailure, Option<String>),
    /// An error that is not the patch's.
    Other(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

/// One try: run the patches, record the transaction, commit it.
async fn attempt<'a>(
    lane: &mut Lane<'_, 'a>,
    session: &Session,
    group: &Group<'_, 'a>,
) -> Result<(), Failure> {
    let begun = group.begun;
    session.read_strings_as_built().await?;
    let last = send(&parts(lane, session, group)?, session).await?;
    failpoint!("ran");
    if lane.protocol == Protocol::SameTransaction {
        failpoint!("committed");
        return Ok(());
    }
    let transaction = open_transaction(last.as_ref())?;
    let guard = lane.secure(&transaction, &begun[0]).await?;
    failpoint!("secured");
    lane.lock.check()?;
    let ledger = &lane.ledger;
    let message = format!("{guard}{}", ledger.committing(begun, &transaction.id));
    let recorded = ledger.session.try_row(&message).await;
    recorded.map_err(|refusal| ledger.refused(&begun[0].patch, refusal))?;
    failpoint!("committing");
    if let Err(refusal) = session.try_open("COMMIT").await {
        return Err(commit_failed(lane, begun, refusal).await.into());
    }
    failpoint!("committed");
    lane.note(Record::Committed(begun.to_vec()));
    Ok(())
}

/// Sends the parts of a transaction; returns the last row of the answer.
async fn send(parts: &[Part<'_>], session: &Session) -> Result<Option<SimpleQueryRow>, Failure> {
    let mut last = None;
    for part in parts {
        last = part.send(session).await.map_err(|failure| {
            let guard = Guard::of(&failure.refusal).filter(|_| failure.own);
            if guard == Some(Guard::Busy) {
                Failure::Busy
            } else {
                Failure::Statement(failure, None)
            }
        })?;
    }
    Ok(last)
}

/// Reads the row of [`OpenTransaction::query`].
pub(super) fn open_transaction(row: Option<&SimpleQueryRow>) -> Result<OpenTransaction, Error> {
    row.and_then(OpenTransaction::read).ok_or_else(|| {
        Error::new(
            ErrorKind::Ledger,
            "the server did not tell the number of its transaction",
        )
    })
}

/// The parts of the transaction: the patches in their envelopes, and the record or the query for the transaction id.
fn parts<'a>(
    lane: &Lane<'_, 'a>,
    session: &Session,
    group: &Group<'_, 'a>,
) -> Result<Vec<Part<'a>>, Error> {
    let envelope = Envelope {
        config: lane.config,
        place: group.place(),
        login: &session.user,
    };
    let mut parts = Parts::default();
    parts.own_all(envelope.begin());
    if lane.protocol == Protocol::SameTransaction {
        parts.own(
            &lane
                .ledger
                .record_final(&group.planned(), FinalState::Applied),
        );
    }
    if group.creates_schema {
        parts.own_all(envelope.create_schema(group.begun[0].patch.user()));
    }
    for (number, begun) in group.begun.iter().enumerate() {
        let name = begun.session_name(&lane.config.program);
        envelope.enclose(&mut parts, number, &begun.patch, &name)?;
    }
    parts.own("SET LOCAL synchronous_commit = on");
    if lane.protocol == Protocol::SameTransaction {
        parts.own(&lane.ledger.finished(&group.planned()));
        parts.own("COMMIT");
    } else {
        parts.own(STAY);
        parts.own(&OpenTransaction::query());
    }
    Ok(parts.finish())
}

/// `true` for lock waits and serialization failures, which may not happen again.
fn is_transient(failure: &PartFailure) -> bool {
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

async fn pause<'a>(
    lane: &mut Lane<'_, 'a>,
    begun: &Begun<'a>,
    failure: &PartFailure,
    blockers: Option<String>,
) {
    // Jitter, so that programs that met once do not meet again.
    lane.backoff = (lane.backoff * 2).clamp(Duration::from_secs(1), Duration::from_secs(30));
    let pause = lane.backoff.mul_f64(0.5 + fastrand::f64() / 2.0);
    let server = failure.refusal.error.as_db_error();
    let mut reason = server.map_or("", DbError::message).to_owned();
    reason.extend(blockers.map(|blockers| format!("; {blockers}")));
    lane.config.emit(&Event::Retrying {
        patch: begun.patch.id(),
        reason: &reason,
        pause,
    });
    tokio::time::sleep(pause).await;
}

async fn wait_for_backend(
    lane: &Lane<'_, '_>,
    session: &Session,
    place: &Place,
    wait: &mut Wait<'_>,
) -> Result<(), Error> {
    let holder = session.row(&holder_query(&target_lock(place))).await?;
    let holder = holder
        .as_ref()
        .map_or_else(|| "a session that has just ended".to_owned(), describe);
    let waited = wait.elapsed();
    if waited > lane.config.lock_wait {
        let waited = seconds(waited);
        return Err(Error::new(
            ErrorKind::Locked,
            format!("another session has been at work in `{place}` for {waited}: {holder}"),
        )
        .with_help(
            "let it end; if its program is gone and it hangs, end it with pg_terminate_backend",
        ));
    }
    wait.report(&holder);
    tokio::time::sleep(Duration::from_millis(fastrand::u64(50..150))).await;
    Ok(())
}

/// Records that a patch has failed for good; returns the error.
async fn give_up<'a>(
    lane: &mut Lane<'_, 'a>,
    group: &Group<'_, 'a>,
    failure: PartFailure,
    blockers: Option<String>,
) -> Error {
    let blamed = &group.begun[failure.blame.map_or(0, |blame| blame.patch)];
    if failure.own && Guard::of(&failure.refusal) == Some(Guard::TakenOver) {
        return taken_over(&blamed.patch);
    }
    if group.creates_schema
        && failure.own
        && failure.refusal.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE)
    {
        return no_right_to_create(lane, blamed, failure.refusal.error);
    }
    let help = blockers.map_or_else(
        || ROLLED_BACK.to_owned(),
        |blockers| format!("{ROLLED_BACK}\n{blockers}"),
    );
    let offset = failure.blame.map(|blame| blame.offset);
    let error = patch_error(&blamed.patch, failure.refusal, offset, &help);
    record_failure(lane, blamed, &error).await;
    error
}

async fn record_failure<'a>(lane: &Lane<'_, 'a>, begun: &Begun<'a>, error: &Error) {
    match lane.protocol {
        Protocol::RecordedFirst => lane.record_failure(begun, error).await,
        Protocol::SameTransaction => lane.record_lost_attempt(begun, error).await,
    }
}

fn no_right_to_create(
    lane: &Lane<'_, '_>,
    planned: &Planned<'_>,
    error: tokio_postgres::Error,
) -> Error {
    let (database, login) = (
        &planned.place.database,
        lane.connector.login(planned.patch.user()),
    );
    let schema = planned.place.schema.as_deref().unwrap_or_default();
    Error::new(
        ErrorKind::Privilege,
        format!("role `{login}` may not create schema `{schema}` in database `{database}`"),
    )
    .with_help(format!(
        "let an administrator run: GRANT CREATE ON DATABASE {} TO {};",
        identifier(database),
        identifier(login)
    ))
    .with_patch(&planned.patch)
    .with_sql_state(SqlState::INSUFFICIENT_PRIVILEGE.code())
    .with_source(error)
}

/// The error of a COMMIT that was refused, or whose answer was lost.
async fn commit_failed<'a>(lane: &Lane<'_, 'a>, begun: &[Begun<'a>], refusal: Refusal) -> Error {
    let patch = &begun[0].patch;
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
    // A deferred constraint, for example: the transaction is rolled back, and the server says so.
    let error = patch_error(patch, refusal, None, ROLLED_BACK);
    lane.record_rollback(begun).await;
    for begun in begun {
        lane.record_failure(begun, &error).await;
    }
    error
}
