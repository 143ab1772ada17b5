//! The one loop that brings databases up to date.

use crate::config::Grouping;
use crate::context::{Context, Domain, target_of};
use crate::ledger::{Entry, Ledger, Opened, Row, Settled, State};
use crate::lock::{Tried, Wait};
use crate::observer::{Event, emit};
use crate::plan::{Action, Plan, Presence, Standing, Step};
use crate::recover::Interrupted;
use crate::report::{AppliedPatch, Report};
use crate::work::Work;
use crate::{Config, Error, baseline, bootstrap, concurrent, failpoint, restored, transaction};
use patchgen_model::{Kind, Patch, PatchId, PatchSet};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tracing::Instrument as _;

pub(crate) async fn apply(set: &PatchSet<'_>, config: &Config) -> Result<Report, Error> {
    let began = Instant::now();
    let context = Context::new(set, config)?;
    let mut report = Report::new(set.len());
    for domain in context.domains() {
        if let Err(error) = apply_domain(&context, &domain, &mut report).await {
            return Err(error.with_warnings(report.warnings));
        }
    }
    report.elapsed = began.elapsed();
    Ok(report)
}

async fn apply_domain(
    context: &Context<'_, '_>,
    domain: &Domain,
    report: &mut Report,
) -> Result<(), Error> {
    let mut opened = context.open(domain).await?;
    if let Opened::Session(ledger) = opened {
        opened = match look(context, domain, &ledger, report).await? {
            Look::Done => return Ok(()),
            Look::Pending => Opened::Session(ledger),
            Look::Empty => bootstrap::reopen(domain, context, ledger).await?,
        };
    }
    let is_made = matches!(opened, Opened::Absent(_));
    let (mut ledger, applied) = context.establish(domain, opened).await?;
    report.made(&applied);
    // Another program may have made it, and more.
    if is_made && look(context, domain, &ledger, report).await? == Look::Done {
        return Ok(());
    }
    let key = ledger.lock_key();
    let mut wait = Wait::new(context.config, &key);
    let lock = loop {
        let session = match wait.acquire(ledger.session).await? {
            Tried::Held(lock) => break lock,
            Tried::Freed(session) => session,
        };
        ledger = Ledger::new(session, context.config, context.set.revision());
        if look(context, domain, &ledger, report).await? == Look::Done {
            report.waited += wait.waited();
            return Ok(());
        }
    };
    report.waited += lock.waited;
    let ledger = match context.open(domain).await? {
        Opened::Session(ledger) => ledger,
        Opened::Absent(refused) => return Err(refused),
    };
    ledger.stay().await?;
    failpoint!("locked");
    let mut work = Work::new(&context.targets, domain.in_target, ledger, lock);
    let outcome = run(context, domain, &mut work, report).await;
    let flushed = work.flush().await;
    work.lock.release().await;
    outcome.and(flushed)
}

/// How a ledger stands, seen without the lock.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// Nothing is to be done.
    Done,
    /// Something is.
    Pending,
    /// It has no tables yet.
    Empty,
}

async fn look(
    context: &Context<'_, '_>,
    domain: &Domain,
    ledger: &Ledger,
    report: &mut Report,
) -> Result<Look, Error> {
    let Some(digests) = ledger.digests(&domain.keys).await? else {
        return Ok(Look::Empty);
    };
    if context.is_settled(domain, &digests) {
        return Ok(Look::Done);
    }
    let plan = preview(context, domain, ledger).await?;
    if let Some(plan) = plan.filter(Plan::is_empty) {
        report.warn(context.config, plan.warnings);
        return Ok(Look::Done);
    }
    Ok(Look::Pending)
}

/// What would be done, without the lock; nothing when interrupted patches must be settled first.
async fn preview<'a>(
    context: &Context<'_, 'a>,
    domain: &Domain,
    ledger: &Ledger,
) -> Result<Option<Plan<'a>>, Error> {
    let rows = ledger.rows(&domain.keys).await?;
    if rows.iter().any(|row| row.state == State::Committing) {
        return Ok(None);
    }
    let standings = context.standings(domain, rows);
    let presence = context.presence(&standings, Some(ledger)).await?;
    Plan::new(&standings, &presence, context.config).map(Some)
}

async fn run(
    context: &Context<'_, '_>,
    domain: &Domain,
    work: &mut Work<'_, '_>,
    report: &mut Report,
) -> Result<(), Error> {
    work.ledger.upgrade().await?;
    let rows = settle_interrupted(context, domain, work).await?;
    let standings = context.standings(domain, rows);
    let presence = context.presence(&standings, Some(&work.ledger)).await?;
    let plan = Plan::new(&standings, &presence, context.config)?;
    report.warn(context.config, plan.warnings);
    if !plan.steps.is_empty() {
        let system = Some(work.lock.system_identifier.as_str());
        let notices = restored::notices(&context.targets, domain, &standings, system).await;
        report.warn(context.config, notices);
    }
    emit(
        context.config,
        &Event::Planned {
            patches: plan.steps.len(),
        },
    );
    let mut made: BTreeMap<String, Presence> = presence;
    let mut rest = &plan.steps[..];
    while !rest.is_empty() {
        let (group, others) = rest.split_at(group_length(rest, &made, context.config));
        rest = others;
        if group[0].action == Action::Adopt {
            adopt(work, group, report).await?;
            continue;
        }
        let patch = &group[0].patch;
        let span = tracing::info_span!(
            "patch",
            patch = %patch.id(),
            database = %group[0].target,
            user = patch.user(),
            kind = %patch.kind(),
            together = group.len(),
        );
        run_group(work, group, &mut made, report)
            .instrument(span)
            .await?;
        let target = &group[0].target;
        let key = target.to_string();
        let is_last = !others
            .iter()
            .any(|step| step.patch.is_bootstrap() && step.target == *target);
        if group[0].patch.is_bootstrap() && is_last && made.get(&key) == Some(&Presence::Unfinished)
        {
            if target.schema.is_none()
                && let Err(error) = finish_bootstrap(context, &target.database).await
            {
                // While the record is open the next run takes the mark off; a marked database is one to be dropped.
                work.take_finish();
                return Err(error);
            }
            made.insert(key, Presence::Present);
        }
    }
    Ok(())
}

/// How many of the steps share the next transaction (or, if they are only recorded, the next record).
fn group_length(steps: &[Step<'_>], made: &BTreeMap<String, Presence>, config: &Config) -> usize {
    let first = &steps[0];
    if first.action == Action::Adopt {
        return steps
            .iter()
            .take_while(|step| step.action == Action::Adopt)
            .count();
    }
    let may_share = |step: &Step<'_>| {
        let fresh = step.patch.is_bootstrap()
            && made.get(&step.target.to_string()) != Some(&Presence::Present);
        step.action == Action::Run
            && step.patch.kind() == Kind::Std
            && (fresh || config.grouping == Grouping::Consecutive)
            && (!step.patch.is_baseline() || baseline::is_transactional(&step.patch))
    };
    let same = |step: &&Step<'_>| {
        may_share(step)
            && step.target == first.target
            && step.patch.user() == first.patch.user()
            && step.patch.is_bootstrap() == first.patch.is_bootstrap()
    };
    steps.iter().take_while(same).count().max(1)
}

async fn run_group(
    work: &mut Work<'_, '_>,
    group: &[Step<'_>],
    made: &mut BTreeMap<String, Presence>,
    report: &mut Report,
) -> Result<(), Error> {
    let mut entries: Vec<Entry<'_>> = group.iter().map(entry).collect();
    let (patch, target) = (group[0].patch, &group[0].target);
    let key = target.to_string();
    let presence = made.get(&key).copied();
    let is_script = patch.is_baseline()
        && presence != Some(Presence::Present)
        && !baseline::is_transactional(&patch);
    if is_script && target.schema.is_some() {
        return Err(baseline::no_schema(&patch));
    }
    work.makes_schema = presence == Some(Presence::Absent) && target.schema.is_some();
    let elapsed = if is_script {
        work.baseline(&mut entries, presence).await?
    } else {
        if patch.is_bootstrap() && presence == Some(Presence::Absent) && !work.makes_schema {
            work.flush().await?;
            work.make_database(&entries, &target.database).await?;
        }
        match patch.kind() {
            Kind::Std | Kind::Direct => transaction::run(work, &mut entries).await?,
            Kind::Concurrent => concurrent::run(work, &mut entries[0]).await?,
        }
    };
    if patch.is_bootstrap() && presence != Some(Presence::Present) {
        made.insert(key, Presence::Unfinished);
    }
    if work.makes_schema {
        let what = format!("schema `{target}`");
        emit(work.config, &Event::Created { what: &what });
    }
    work.makes_schema = false;
    for entry in &entries {
        emit(
            work.config,
            &Event::Applied {
                patch: entry.patch.id(),
                file: entry.patch.file(),
                elapsed,
            },
        );
        report
            .applied
            .push(AppliedPatch::new(&entry.patch, elapsed));
    }
    Ok(())
}

fn entry<'a>(step: &Step<'a>) -> Entry<'a> {
    Entry {
        patch: step.patch,
        target: step.target.clone(),
        attempt: 1,
    }
}

/// Records patches that would make a database which is there already.
async fn adopt(
    work: &mut Work<'_, '_>,
    group: &[Step<'_>],
    report: &mut Report,
) -> Result<(), Error> {
    let entries: Vec<Entry<'_>> = group.iter().map(entry).collect();
    let message = format!(
        "{}{}",
        work.take_finish(),
        work.ledger.settle(&entries, Settled::Adopted)
    );
    work.ledger
        .session
        .run(&message)
        .await
        .map_err(|refusal| work.ledger.session.explain(refusal))?;
    for entry in &entries {
        let reason = "its database or schema existed before";
        emit(
            work.config,
            &Event::Adopted {
                patch: entry.patch.id(),
                reason,
            },
        );
        report
            .adopted
            .push(AppliedPatch::new(&entry.patch, Duration::ZERO));
    }
    Ok(())
}

/// Asks the servers what became of interrupted transactions; gives the rows as they are then.
async fn settle_interrupted(
    context: &Context<'_, '_>,
    domain: &Domain,
    work: &Work<'_, '_>,
) -> Result<Vec<Row>, Error> {
    let mut rows = work.ledger.rows(&domain.keys).await?;
    let mut messages = Vec::new();
    for row in rows.iter_mut().filter(|row| row.state == State::Committing) {
        let target = target_of(&row.key);
        let interrupted = Interrupted::of_row(row, &target);
        let applied = interrupted
            .outcome(&context.targets, &work.lock.system_identifier)
            .await?;
        messages.push(work.ledger.recovered(row, applied));
        row.state = if applied {
            State::Applied
        } else {
            State::Intent
        };
        let patch = PatchId::new(&row.key, row.version);
        emit(context.config, &Event::Recovered { patch, applied });
    }
    if !messages.is_empty() {
        // Before the record: once nothing is in question any more, nobody looks at the mark again.
        finish_bootstraps(context, domain, &rows).await?;
        let ledger = &work.ledger.session;
        ledger
            .run(&messages.join("; "))
            .await
            .map_err(|refusal| ledger.explain(refusal))?;
    }
    Ok(rows)
}

/// Takes the mark off databases whose bootstrap turned out to be complete.
async fn finish_bootstraps(
    context: &Context<'_, '_>,
    domain: &Domain,
    rows: &[Row],
) -> Result<(), Error> {
    let standings = context.standings(domain, rows.to_vec());
    let is_bootstrap =
        |standing: &&Standing<'_>| standing.patch.is_some_and(|patch| patch.is_bootstrap());
    let is_settled = |standing: &Standing<'_>| {
        standing
            .row
            .as_ref()
            .is_some_and(|row| row.state.is_settled())
    };
    for group in standings.chunk_by(|a, b| a.target == b.target) {
        let mut patches = group.iter().filter(is_bootstrap).peekable();
        let is_database = group[0].target.schema.is_none();
        if is_database && patches.peek().is_some() && patches.all(is_settled) {
            finish_bootstrap(context, &group[0].target.database).await?;
        }
    }
    Ok(())
}

/// Takes the mark off a database, as the role that made it.
async fn finish_bootstrap(context: &Context<'_, '_>, name: &str) -> Result<(), Error> {
    let is_first = |patch: &Patch<'_>| {
        let target = context.config.target(patch.database());
        patch.is_bootstrap() && target.database == name && target.schema.is_none()
    };
    let Some(maker) = context.set.iter().find(is_first) else {
        return Ok(());
    };
    let mut made = vec![name.to_owned()];
    for patch in context.set.iter().filter(is_first) {
        made.extend(baseline::databases(context.config, &patch));
    }
    let session = bootstrap::maintenance(&context.targets, maker.user()).await?;
    bootstrap::mark_finished(&session, &made).await
}
