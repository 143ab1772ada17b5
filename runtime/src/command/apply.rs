//! `apply`: the one loop that brings databases up to date.

use crate::config::Grouping;
use crate::event::Event;
use crate::ledger::entry::Planned;
use crate::ledger::row::State;
use crate::ledger::{FinalState, Ledger, Opened};
use crate::plan::{Action, Begins, Plan, Step};
use crate::report::{AppliedPatch, Report};
use crate::run::deployment::Deployment;
use crate::run::lane::Lane;
use crate::run::scope::LedgerScope;
use crate::run::{bootstrap, concurrent, recovery, restored, script, transaction};
use crate::server::run_lock::{Attempt, LockWait, RunLock};
use crate::{Config, Error, failpoint};
use patchgen_model::{Kind, PatchSet};
use std::time::{Duration, Instant};
use tracing::Instrument as _;

pub(crate) async fn apply(set: &PatchSet<'_>, config: &Config) -> Result<Report, Error> {
    let began = Instant::now();
    let deployment = Deployment::new(set, config)?;
    let mut report = Report::new(set.len());
    for scope in deployment.scopes() {
        let run = Run {
            deployment: &deployment,
            scope: &scope,
        };
        if let Err(error) = run.apply(&mut report).await {
            report.warnings.extend_from_slice(error.warnings());
            report.warnings.extend(deployment.targets.warnings());
            return Err(error.with_warnings(report.warnings));
        }
    }
    report.elapsed = began.elapsed();
    report.waited = deployment.targets.waited();
    report.warnings.extend(deployment.targets.warnings());
    Ok(report)
}

/// The run of one scope.
#[derive(Clone, Copy)]
struct Run<'r, 'a> {
    deployment: &'r Deployment<'r, 'a>,
    scope: &'r LedgerScope,
}

/// The amount of work in a scope, as seen without the lock.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    /// The databases are up to date.
    Nothing,
    Pending,
    /// The ledger has no tables yet.
    NoLedger,
}

impl<'r, 'a> Run<'r, 'a> {
    /// From the first question to the ledger to the release of the run lock.
    async fn apply(self, report: &mut Report) -> Result<(), Error> {
        let (deployment, scope) = (self.deployment, self.scope);
        let mut opened = deployment.open(scope).await?;
        if let Opened::Session(ledger) = opened {
            opened = match self.work(&ledger, report).await? {
                Work::Nothing => return Ok(()),
                Work::Pending => Opened::Session(ledger),
                Work::NoLedger => bootstrap::reopen(deployment, scope, ledger).await?,
            };
        }
        let was_absent = matches!(opened, Opened::Absent(_));
        let (ledger, applied) = bootstrap::establish(deployment, scope, opened).await?;
        report.applied.extend(applied);
        // Another program may have created it, and more.
        if was_absent && self.work(&ledger, report).await? == Work::Nothing {
            return Ok(());
        }
        let Some(lock) = self.lock(ledger, report).await? else {
            return Ok(());
        };
        let ledger = match deployment.open(scope).await? {
            Opened::Session(ledger) => ledger,
            Opened::Absent(refused) => return Err(refused),
        };
        ledger.stay().await?;
        failpoint!("locked");
        let mut lane = Lane::new(&deployment.targets, scope.protocol, ledger, lock);
        let outcome = self.run(&mut lane, report).await;
        let flushed = lane.flush().await;
        lane.lock.release().await;
        outcome.and(flushed)
    }

    /// Acquires the run lock; `None` if another run has done the work meanwhile.
    async fn lock(self, ledger: Ledger, report: &mut Report) -> Result<Option<RunLock>, Error> {
        let deployment = self.deployment;
        let (key, mut ledger) = (ledger.lock_key(), ledger);
        let mut wait = LockWait::new(&deployment.state, &key);
        loop {
            let session = match wait.acquire(ledger.session).await? {
                Attempt::Acquired(lock) => return Ok(Some(lock)),
                Attempt::Released(session) => session,
            };
            ledger = Ledger::new(session, deployment.config, deployment.set.revision());
            if self.work(&ledger, report).await? == Work::Nothing {
                return Ok(None);
            }
        }
    }

    /// Finds out without the lock if there is work.
    async fn work(self, ledger: &Ledger, report: &mut Report) -> Result<Work, Error> {
        let (deployment, scope) = (self.deployment, self.scope);
        let Some(digests) = ledger.digests(&scope.series).await? else {
            return Ok(Work::NoLedger);
        };
        if deployment.is_up_to_date(scope, &digests) {
            return Ok(Work::Nothing);
        }
        let rows = ledger.rows(&scope.series).await?;
        // Interrupted patches are decided with the lock.
        if rows.iter().any(|row| row.state == State::Committing) {
            return Ok(Work::Pending);
        }
        let comparisons = deployment.compare(scope, rows);
        let presence = deployment.presence(&comparisons, Some(ledger)).await?;
        let plan = Plan::new(&comparisons, &presence, deployment.config)?;
        if plan.is_empty() {
            self.report_plan(&plan, report);
            return Ok(Work::Nothing);
        }
        Ok(Work::Pending)
    }

    /// With the lock held: recover, plan, and run the steps.
    async fn run(self, lane: &mut Lane<'r, 'a>, report: &mut Report) -> Result<(), Error> {
        let (deployment, scope) = (self.deployment, self.scope);
        lane.ledger.upgrade().await?;
        let cluster = lane.lock.cluster.clone();
        let finish = async |rows: &[_]| bootstrap::finish_all(deployment, scope, rows).await;
        let rows = recovery::recover(deployment, scope, &lane.ledger, &cluster, finish).await?;
        let comparisons = deployment.compare(scope, rows);
        let presence = deployment
            .presence(&comparisons, Some(&lane.ledger))
            .await?;
        let plan = Plan::new(&comparisons, &presence, deployment.config)?;
        self.report_plan(&plan, report);
        if !plan.steps.is_empty() {
            let targets = &deployment.targets;
            let found = restored::warnings(targets, scope, &comparisons, Some(&cluster)).await;
            self.warn(found, report);
            let found = bootstrap::close(deployment, scope, &lane.ledger.session).await?;
            self.warn(found.into_iter().collect(), report);
        }
        deployment.config.emit(&Event::Planned {
            patches: plan.steps.len(),
        });
        let mut rest = &plan.steps[..];
        while !rest.is_empty() {
            let (group, others) = rest.split_at(group_length(rest, deployment.config));
            rest = others;
            if group[0].action == Action::Adopt {
                adopt(lane, group, report).await?;
                continue;
            }
            run_group(lane, group, report)
                .instrument(span(group))
                .await?;
            self.finish_bootstrap(lane, &group[0], others).await?;
        }
        Ok(())
    }

    /// Takes the mark off a database after the last patch of its bootstrap.
    async fn finish_bootstrap(
        self,
        lane: &mut Lane<'r, 'a>,
        done: &Step<'a>,
        others: &[Step<'a>],
    ) -> Result<(), Error> {
        let place = &done.place;
        let follows = |step: &Step<'_>| step.patch.is_bootstrap() && step.place == *place;
        if !done.is_bootstrap() || place.schema.is_some() || others.iter().any(follows) {
            return Ok(());
        }
        let finished = bootstrap::finish(self.deployment, &place.database).await;
        if finished.is_err() {
            // While the record is open the next run takes the mark off; a marked database without it is dropped.
            lane.take_record();
        }
        finished
    }

    fn report_plan(self, plan: &Plan<'_>, report: &mut Report) {
        report.left_out += plan.left_out;
        self.warn(plan.warnings.clone(), report);
    }

    fn warn(self, warnings: Vec<String>, report: &mut Report) {
        for warning in &warnings {
            self.deployment.config.warn(warning);
        }
        report.warnings.extend(warnings);
    }
}

fn span(group: &[Step<'_>]) -> tracing::Span {
    let patch = group[0].patch;
    tracing::info_span!(
        "patch",
        patch = %patch.id(),
        database = %group[0].place,
        user = patch.user(),
        kind = %patch.kind(),
        together = group.len(),
    )
}

/// Number of steps that share the next transaction (or the next record, if they are only recorded).
fn group_length(steps: &[Step<'_>], config: &Config) -> usize {
    let first = &steps[0];
    if first.action == Action::Adopt {
        let adopted = steps.iter();
        return adopted
            .take_while(|step| step.action == Action::Adopt)
            .count();
    }
    let may_share = |step: &Step<'_>| {
        step.action == Action::Run
            && step.patch.kind() == Kind::Std
            && (step.is_bootstrap() || config.grouping == Grouping::Consecutive)
            && (!step.patch.is_baseline() || script::is_transactional(&step.patch))
    };
    let same = |step: &&Step<'_>| {
        may_share(step)
            && step.place == first.place
            && step.patch.user() == first.patch.user()
            && step.patch.is_bootstrap() == first.patch.is_bootstrap()
    };
    steps.iter().take_while(same).count().max(1)
}

/// Runs steps that share a transaction, or one that has none.
async fn run_group<'a>(
    lane: &mut Lane<'_, 'a>,
    group: &[Step<'a>],
    report: &mut Report,
) -> Result<(), Error> {
    let step = &group[0];
    let is_script = step.patch.is_baseline() && !script::is_transactional(&step.patch);
    if is_script && step.place.schema.is_some() {
        return Err(script::no_schema(&step.patch));
    }
    let elapsed = if is_script {
        bootstrap::run_script(lane, step).await?
    } else {
        if step.begins == Begins::Database {
            bootstrap::create_database(lane, step).await?;
        }
        match step.patch.kind() {
            Kind::Std | Kind::Direct => transaction::run(lane, group).await?,
            Kind::Concurrent => concurrent::run(lane, step).await?,
        }
    };
    if step.begins == Begins::Schema {
        let what = format!("schema `{}`", step.place);
        lane.config.emit(&Event::Created { what: &what });
    }
    for step in group {
        let patch = &step.patch;
        lane.config.emit(&Event::Applied {
            patch: patch.id(),
            file: patch.file(),
            elapsed,
        });
        report.applied.push(AppliedPatch::new(patch, elapsed));
    }
    Ok(())
}

/// Records patches that would create a database which exists already.
async fn adopt<'a>(
    lane: &mut Lane<'_, 'a>,
    group: &[Step<'a>],
    report: &mut Report,
) -> Result<(), Error> {
    let planned: Vec<Planned<'a>> = group.iter().map(Step::planned).collect();
    let record = lane.take_record();
    let message = format!(
        "{record}{}",
        lane.ledger.record_final(&planned, FinalState::Adopted)
    );
    lane.ledger.session.execute(&message).await?;
    for step in group {
        lane.config.emit(&Event::Adopted {
            patch: step.patch.id(),
            reason: "its database or schema existed before",
        });
        let adopted = AppliedPatch::new(&step.patch, Duration::ZERO);
        report.adopted.push(adopted);
    }
    Ok(())
}
