//! Concurrent patches: statement by statement, each on its own, on a connection that nothing else uses.
//!
//! What can run in a transaction runs in one, with the same protocol as a std patch. What cannot is written down before it
//! begins and after it ends; what a restart does with one that was interrupted depends on its class.

mod doubt;
mod leftover;

use crate::ledger::{Entry, Transaction};
use crate::message::{Part, PartFailure, Parts, patch_error};
use crate::observer::{Event, emit};
use crate::progress::{Progress, UnderWay};
use crate::quote::{identifier, literal};
use crate::recover::Interrupted;
use crate::script::Variables;
use crate::session::{Connector, Session, application_name};
use crate::work::Work;
use crate::{Error, ErrorKind, Target, failpoint, transaction};
use doubt::{INTERRUPTED, leaves_doubt, statement_doubt};
use leftover::Leftover;

pub(crate) use doubt::doubt;

use patchgen_model::{Class, Item, Patch, Statement};
use std::time::{Duration, Instant};
use tokio_postgres::SimpleQueryRow;

/// Runs the statements of a patch that are not done yet; gives how long it took.
pub(crate) async fn run(work: &mut Work<'_, '_>, entry: &mut Entry<'_>) -> Result<Duration, Error> {
    transaction::begin(work, std::slice::from_mut(entry)).await?;
    let began = Instant::now();
    let patch = entry.patch;
    emit(
        work.config,
        &Event::Started {
            patch: patch.id(),
            file: patch.file(),
            attempt: entry.attempt,
        },
    );
    let session = open(work, entry).await?;
    leftover::report_invalid(&session, work.config).await?;
    let outcome = statements(work, entry, &session).await;
    // Through a pooler the next client gets this session.
    let _ = session.run("DISCARD ALL").await;
    outcome?;
    failpoint!("committed");
    work.done_later(std::slice::from_ref(entry));
    Ok(began.elapsed())
}

/// The name by which sessions of a patch are found, whichever attempt they belong to.
fn session_name(patch: &Patch<'_>) -> String {
    format!("{} #", patch.id())
}

async fn open(work: &Work<'_, '_>, entry: &Entry<'_>) -> Result<Session, Error> {
    let name = application_name(
        &work.config.program,
        Some(&format!("{}{}", session_name(&entry.patch), entry.attempt)),
    );
    let session = work
        .connector
        .open_as(&entry.target.database, entry.patch.user(), &name)
        .await?;
    wait_for_survivors(work, entry, &session).await?;
    let mut settings = session_settings(&entry.patch, &entry.target, &session.user);
    // What is recorded as done must not be lost with the end of the server's log.
    settings.push("SET synchronous_commit = on".to_owned());
    session
        .run(&settings.join("; "))
        .await
        .map_err(|refusal| session.explain(refusal))?;
    Ok(session)
}

/// Role, search path and timeouts of a patch, for the session of a login.
pub(crate) fn session_settings(patch: &Patch<'_>, target: &Target, login: &str) -> Vec<String> {
    let mut settings = vec!["SET standard_conforming_strings = on".to_owned()];
    if login != patch.user() {
        settings.push(format!("SET ROLE {}", identifier(patch.user())));
    }
    if let Some(schema) = &target.schema {
        settings.push(format!("SET search_path = {}, public", identifier(schema)));
    }
    // Without one of its own there is no lock_timeout: it would cancel an index build that waits for old snapshots.
    for (name, timeout) in [
        ("lock_timeout", patch.lock_timeout()),
        ("statement_timeout", patch.statement_timeout()),
    ] {
        if let Some(timeout) = timeout {
            settings.push(format!("SET {name} = {}", timeout.as_millis()));
        }
    }
    settings
}

/// A backend outlives its client until its statement ends: one of an earlier attempt that is still at work.
async fn survivor(entry: &Entry<'_>, session: &Session) -> Result<Option<SimpleQueryRow>, Error> {
    let prefix = application_name("", Some(&session_name(&entry.patch)));
    let query = format!(
        "SELECT pid, application_name, pg_catalog.to_char(query_start, 'YYYY-MM-DD HH24:MI:SS TZ') \
         FROM pg_catalog.pg_stat_activity WHERE datname = pg_catalog.current_database() \
         AND pg_catalog.starts_with(application_name, {}) AND pid <> pg_catalog.pg_backend_pid()",
        literal(prefix.trim_end())
    );
    let found = session.run(&query).await;
    found.map_err(|refusal| session.explain(refusal))
}

/// Nobody is to settle a statement that is still running.
pub(crate) async fn refuse_if_running(
    connector: &Connector<'_>,
    entry: &Entry<'_>,
) -> Result<(), Error> {
    let opened = connector.open(&entry.target.database, entry.patch.user());
    let session = match opened.await {
        Err(error) if error.kind() == ErrorKind::MissingDatabase => return Ok(()),
        opened => opened?,
    };
    match survivor(entry, &session).await? {
        Some(_) => Err(Interrupted::of_entry(entry).running()),
        None => Ok(()),
    }
}

/// Waits for those of earlier attempts.
async fn wait_for_survivors(
    work: &Work<'_, '_>,
    entry: &Entry<'_>,
    session: &Session,
) -> Result<(), Error> {
    let began = Instant::now();
    let mut told = false;
    while let Some(row) = survivor(entry, session).await? {
        let column = |number| row.get(number).unwrap_or("?");
        let holder = format!(
            "process {} `{}`, whose program is gone, since {}",
            column(0),
            column(1),
            column(2)
        );
        if began.elapsed() > work.config.lock_wait {
            let message = format!(
                "an earlier session of `{}` is still at work: {holder}",
                entry.patch.file()
            );
            return Err(Error::new(ErrorKind::Locked, message)
                .with_help(format!(
                    "let it end, or end it with SELECT pg_terminate_backend({})",
                    column(0)
                ))
                .with_patch(&entry.patch));
        }
        if !told {
            emit(
                work.config,
                &Event::Waiting {
                    holder: &holder,
                    waited: began.elapsed(),
                },
            );
            told = true;
        }
        tokio::time::sleep(Duration::from_millis(fastrand::u64(50..150))).await;
    }
    Ok(())
}

/// The statements of a patch, in order.
fn statements_of<'a>(patch: &Patch<'a>) -> Vec<Statement<'a>> {
    let statement = |item| match item {
        Item::Statement(statement) => Some(statement),
        Item::Meta(_) => None,
    };
    patch.items().filter_map(statement).collect()
}

/// How many statements a patch has.
pub(crate) fn count(patch: &Patch<'_>) -> usize {
    statements_of(patch).len()
}

/// The digest of the first statements of a patch.
pub(crate) fn digest_of(patch: &Patch<'_>, done: usize) -> Option<String> {
    Some(digest(patch, statements_of(patch).get(..done)?))
}

async fn statements(
    work: &Work<'_, '_>,
    entry: &Entry<'_>,
    session: &Session,
) -> Result<(), Error> {
    let patch = entry.patch;
    let all = statements_of(&patch);
    let mut progress = resume(work, entry, &all).await?;
    for statement in &all[..progress.done.min(all.len())] {
        // What is done stays done, but a session's settings ended with the session.
        if matches!(
            statement.class,
            Class::SessionSetting | Class::SetRole | Class::LexicalSetting
        ) {
            send(&patch, session, statement)
                .await
                .map_err(|failure| fail(&patch, statement, failure))?;
        }
    }
    while let Some(statement) = all.get(progress.done) {
        work.lock.check()?;
        let step = Step {
            work,
            entry,
            session,
            statement,
        };
        let outcome = if in_transaction(statement) {
            step.transaction(&mut progress).await
        } else {
            step.alone(&mut progress).await
        };
        if let Err(error) = outcome {
            return Err(step.give_up(&mut progress, error).await);
        }
        progress.done += 1;
        progress.digest = Some(digest(&patch, &all[..progress.done]));
        progress.under_way = UnderWay::Nothing;
        work.ledger.write(entry, &progress, None, "").await?;
        failpoint!("statement");
    }
    Ok(())
}

fn in_transaction(statement: &Statement<'_>) -> bool {
    let persists = matches!(
        statement.class,
        Class::SessionSetting | Class::SetRole | Class::LexicalSetting
    );
    statement.class.runs_in_transaction() && statement.class != Class::Procedural && !persists
}

/// Reads how far earlier attempts came, and settles a transaction that was about to be committed.
async fn resume(
    work: &Work<'_, '_>,
    entry: &Entry<'_>,
    all: &[Statement<'_>],
) -> Result<Progress, Error> {
    let mut progress = work.ledger.progress(entry).await?;
    if progress.done > all.len()
        || (progress.done > 0
            && progress.digest != Some(digest(&entry.patch, &all[..progress.done])))
    {
        let message = format!(
            "`{}` was edited in statements that are already done ({} are)",
            entry.patch.file(),
            progress.done
        );
        return Err(Error::new(ErrorKind::History, message)
            .with_help("put back the statements that are done and edit only what follows them")
            .with_patch(&entry.patch));
    }
    if let Some(interrupted) = progress.interrupted(entry) {
        if interrupted
            .outcome(work.connector, &work.lock.system_identifier)
            .await?
        {
            progress.done += 1;
            progress.digest = all
                .get(..progress.done)
                .map(|done| digest(&entry.patch, done));
        }
        progress.under_way = UnderWay::Nothing;
    }
    Ok(progress)
}

/// FNV-1a over the text of statements: it only has to notice an edit.
fn digest(patch: &Patch<'_>, statements: &[Statement<'_>]) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for statement in statements {
        for byte in statement.span.of(patch.text()).bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}

async fn send(
    patch: &Patch<'_>,
    session: &Session,
    statement: &Statement<'_>,
) -> Result<(), PartFailure> {
    let config = crate::Config::new();
    let variables = Variables::new(&config, &session.database, patch.user());
    Part::new(0, patch, statement, &variables)
        .send(session)
        .await
        .map(drop)
}

fn fail(patch: &Patch<'_>, statement: &Statement<'_>, failure: PartFailure) -> Error {
    let offset = failure
        .blame
        .map_or(statement.span.start as usize, |(_, offset)| offset);
    let help = "the statements before this one are done and stay; correct this one and run again";
    patch_error(patch, failure.refusal, Some(offset), help)
}

struct Step<'s, 'c, 'w, 'a> {
    work: &'s Work<'c, 'w>,
    entry: &'s Entry<'a>,
    session: &'s Session,
    statement: &'s Statement<'a>,
}

impl Step<'_, '_, '_, '_> {
    /// In a transaction: recorded like a std patch.
    async fn transaction(&self, progress: &mut Progress) -> Result<(), Error> {
        let (patch, ledger) = (&self.entry.patch, &self.work.ledger);
        let variables = Variables::new(self.work.config, &self.session.database, patch.user());
        let mut parts = Parts::default();
        parts.own("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
        parts.own("SET LOCAL synchronous_commit = on");
        parts.own(&format!(
            "SELECT {}",
            transaction::busy_guard(&self.entry.target.to_string())
        ));
        parts.statement(0, patch, self.statement, &variables);
        parts.own(Transaction::QUERY);
        let mut last = None;
        for part in parts.finish() {
            last = part
                .send(self.session)
                .await
                .map_err(|failure| fail(patch, self.statement, failure))?;
        }
        failpoint!("ran");
        let unreadable = || {
            Error::new(
                ErrorKind::Ledger,
                "the server did not tell the number of its transaction",
            )
        };
        let transaction = last
            .as_ref()
            .and_then(Transaction::read)
            .ok_or_else(unreadable)?;
        let guard = self
            .work
            .fence(&transaction, &self.entry.target, &self.entry.patch)
            .await?;
        let Transaction {
            xid,
            system_identifier,
            timeline,
            ..
        } = transaction.clone();
        progress.under_way = UnderWay::Transaction {
            xid,
            system_identifier,
            timeline,
        };
        ledger
            .write(self.entry, progress, Some(&transaction), &guard)
            .await?;
        failpoint!("committing");
        self.session
            .run("COMMIT")
            .await
            .map(drop)
            .map_err(|refusal| {
                fail(
                    patch,
                    self.statement,
                    PartFailure {
                        refusal,
                        blame: None,
                        own: false,
                    },
                )
            })
    }

    /// Outside a transaction: written down before it begins, looked after when it was interrupted.
    async fn alone(&self, progress: &mut Progress) -> Result<(), Error> {
        let (patch, statement) = (&self.entry.patch, self.statement);
        let leftover = Leftover {
            session: self.session,
            patch,
            statement,
            config: self.work.config,
        };
        let there = leftover.look().await?;
        if let UnderWay::Statement { existed } = progress.under_way {
            if leaves_doubt(statement) {
                return Err(statement_doubt(
                    &Interrupted::of_entry(self.entry),
                    patch,
                    statement,
                    INTERRUPTED,
                ));
            }
            if leftover.settle(existed, there).await? {
                return Ok(());
            }
        } else {
            progress.under_way = UnderWay::Statement {
                existed: leftover.clear(there).await?,
            };
            self.work
                .ledger
                .write(self.entry, progress, None, "")
                .await?;
        }
        failpoint!("begun");
        match send(patch, self.session, statement).await {
            Ok(()) => {}
            Err(failure) if failure.refusal.is_lost() => {
                return Err(fail(patch, statement, failure));
            }
            Err(failure) if self.may_have_committed().await? => {
                return Err(self.failed_in_doubt(failure).await);
            }
            Err(failure) => return leftover.after_error(failure).await,
        }
        failpoint!("ran");
        leftover.check().await
    }

    /// The statement failed for certain: nothing is under way any more.
    async fn give_up(&self, progress: &mut Progress, error: Error) -> Error {
        if error.kind() != ErrorKind::Patch {
            return error;
        }
        let _ = self.session.run("ROLLBACK").await;
        progress.under_way = UnderWay::Nothing;
        if let Err(other) = self.work.ledger.write(self.entry, progress, None, "").await {
            return other;
        }
        self.work
            .record_failure(std::slice::from_ref(self.entry), &error)
            .await;
        error
    }
}
