//! The one loop that brings databases up to date.

use crate::config::{Grouping, StateLocation, Target};
use crate::ledger::{Entry, Ledger, Opened, Row, State, Transaction};
use crate::lock::{self, Lock, Outcome, Watch};
use crate::observer::{Event, emit};
use crate::plan::{Action, Plan, Presence, Standing, Step, standings};
use crate::report::{AppliedPatch, Report};
use crate::session::{Connector, Session};
use crate::{
    Config, Error, ErrorKind, baseline, bootstrap, concurrent, failpoint, recover, transaction,
};
use patchgen_model::{Checksum, Kind, PatchSet};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The databases that one ledger answers for, and where that ledger is.
#[derive(Clone, Debug)]
pub(crate) struct Domain {
    pub(crate) in_target: bool,
    /// The database that holds the ledger.
    pub(crate) database: String,
    /// The role that uses it.
    pub(crate) user: String,
    /// The logical databases.
    pub(crate) names: Vec<String>,
    /// Their keys in the ledger.
    pub(crate) keys: Vec<String>,
}

/// One domain with the state apart, one for each database with the state in the target.
fn domains(set: &PatchSet<'_>, config: &Config, connector: &Connector<'_>) -> Vec<Domain> {
    let mut domains: Vec<Domain> = Vec::new();
    for database in set.databases() {
        let target = config.target(database.database);
        let (home, owner) = match &config.state {
            StateLocation::Apart { database, role } => (database.clone(), role.clone()),
            StateLocation::InTarget => {
                let first = set
                    .get(database.first)
                    .map_or("postgres", |patch| patch.user());
                (target.database.clone(), first.to_owned())
            }
        };
        let position = domains
            .iter()
            .position(|domain| domain.database == home)
            .unwrap_or_else(|| {
                domains.push(Domain {
                    in_target: config.state == StateLocation::InTarget,
                    database: home,
                    user: connector.login(&owner).to_owned(),
                    names: Vec::new(),
                    keys: Vec::new(),
                });
                domains.len() - 1
            });
        domains[position].names.push(database.database.to_owned());
        domains[position].keys.push(target.to_string());
    }
    domains
}

/// What `apply`, `plan`, `status` and `verify` all need.
pub(crate) struct Context<'c, 'a> {
    pub(crate) set: PatchSet<'a>,
    pub(crate) config: &'c Config,
    pub(crate) targets: Connector<'c>,
    pub(crate) state: Connector<'c>,
}

impl<'c, 'a> Context<'c, 'a> {
    pub(crate) fn new(set: &PatchSet<'a>, config: &'c Config) -> Result<Self, Error> {
        let targets = Connector::new(config, config.base()?);
        // With the state in the target there is but one server.
        let state = match config.state {
            StateLocation::Apart { .. } => config.state_base()?,
            StateLocation::InTarget => config.base()?,
        };
        Ok(Self {
            set: *set,
            config,
            targets,
            state: Connector::new(config, state),
        })
    }

    pub(crate) fn domains(&self) -> Vec<Domain> {
        domains(&self.set, self.config, &self.targets)
    }

    pub(crate) async fn open(&self, domain: &Domain) -> Result<Opened, Error> {
        Ledger::open(
            &self.state,
            &domain.database,
            &domain.user,
            self.set.revision(),
        )
        .await
    }

    /// Whether a role was refused though it exists: it has another password.
    pub(crate) async fn is_refused_role(&self, domain: &Domain, refused: &Error) -> bool {
        if refused.kind() != ErrorKind::Authentication {
            return false;
        }
        match bootstrap::maintenance(&self.state, self.state.admin()).await {
            Ok(session) => bootstrap::role_exists(&session, &domain.user)
                .await
                .unwrap_or(true),
            Err(_) => true,
        }
    }

    /// Whether the ledger's digests say that all patches of a domain are applied, and nothing else.
    fn is_settled(&self, domain: &Domain, digests: &[(String, Checksum)]) -> bool {
        let digest_of = |name: &str| {
            self.set
                .databases()
                .find(|d| d.database == name)
                .map(|d| d.digest)
        };
        digests.len() == domain.keys.len()
            && domain.names.iter().zip(&domain.keys).all(|(name, key)| {
                digests
                    .iter()
                    .find(|(found, _)| found == key)
                    .map(|(_, digest)| *digest)
                    == digest_of(name)
            })
    }

    /// Which databases are there, as far as patches that only run on new ones need to know.
    pub(crate) async fn presence(
        &self,
        standings: &[Standing<'_>],
        ledger: Option<&Ledger>,
    ) -> Result<BTreeMap<String, Presence>, Error> {
        let unsettled = |standing: &&Standing<'_>| {
            let settled = standing
                .row
                .as_ref()
                .is_some_and(|row| row.state.is_settled());
            !settled && standing.patch.is_some_and(|patch| patch.is_bootstrap())
        };
        let bootstrap: Vec<&Standing<'_>> = standings.iter().filter(unsettled).collect();
        let Some(user) = bootstrap
            .first()
            .and_then(|standing| standing.patch)
            .map(|patch| patch.user())
        else {
            return Ok(BTreeMap::new());
        };
        let mut names: Vec<String> = bootstrap
            .iter()
            .map(|standing| standing.target.database.clone())
            .collect();
        names.dedup();
        // The catalogue of databases is the same in all databases of a server.
        match ledger.filter(|_| self.config.state_conninfo.is_none()) {
            Some(ledger) => bootstrap::presence(&ledger.session, &names).await,
            None => {
                bootstrap::presence(&bootstrap::maintenance(&self.targets, user).await?, &names)
                    .await
            }
        }
    }

    pub(crate) fn standings(&self, domain: &Domain, rows: Vec<Row>) -> Vec<Standing<'a>> {
        standings(&self.set, rows, self.config, &domain.names)
    }
}

pub(crate) async fn apply(set: &PatchSet<'_>, config: &Config) -> Result<Report, Error> {
    let began = Instant::now();
    let context = Context::new(set, config)?;
    let mut report = Report::new(set.len());
    for domain in context.domains() {
        apply_domain(&context, &domain, &mut report).await?;
    }
    report.elapsed = began.elapsed();
    Ok(report)
}

async fn apply_domain(
    context: &Context<'_, '_>,
    domain: &Domain,
    report: &mut Report,
) -> Result<(), Error> {
    let mut watched = false;
    let ledger = match context.open(domain).await? {
        Opened::Session(ledger) => {
            if let Some(digests) = ledger.digests(&domain.keys).await? {
                if context.is_settled(domain, &digests) {
                    return Ok(());
                }
                watched = true;
                let plan = preview(context, domain, &ledger).await?;
                if let Some(plan) = plan.filter(Plan::is_empty) {
                    report.warn(context.config, plan.warnings);
                    return Ok(());
                }
            }
            ledger
        }
        Opened::Absent(refused) => {
            let applied = bootstrap::home(&context.state, domain, &context.set, refused).await?;
            applied.into_iter().for_each(|(patch, elapsed)| {
                report.applied.push(AppliedPatch::new(&patch, elapsed))
            });
            match context.open(domain).await? {
                Opened::Session(ledger) => ledger,
                Opened::Absent(refused) => return Err(refused),
            }
        }
    };
    let is_done = |rows: &[tokio_postgres::SimpleQueryRow]| {
        context.is_settled(
            domain,
            &rows
                .iter()
                .filter_map(crate::ledger::read_digest)
                .collect::<Vec<_>>(),
        )
    };
    let watch = watched.then(|| Watch {
        query: ledger.digest_query(&domain.keys),
        is_done: &is_done,
    });
    let lock = match lock::acquire(
        &context.state,
        &domain.database,
        &domain.user,
        &ledger.lock_key(),
        watch,
    )
    .await?
    {
        Outcome::Held(lock) => lock,
        Outcome::Done(waited) => {
            report.waited += waited;
            return Ok(());
        }
    };
    report.waited += lock.waited;
    failpoint!("locked");
    let mut work = Work {
        config: context.config,
        connector: &context.targets,
        in_target: domain.in_target,
        ledger,
        lock,
        session: None,
        fence: None,
        finish: String::new(),
        backoff: Duration::ZERO,
        granted: Vec::new(),
    };
    let outcome = run(context, domain, &mut work, report).await;
    let flushed = work.flush().await;
    work.lock.release().await;
    outcome.and(flushed)
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
        run_group(work, group, &mut made, report).await?;
        let target = &group[0].target.database;
        let is_last = !others
            .iter()
            .any(|step| step.patch.is_bootstrap() && step.target.database == *target);
        if group[0].patch.is_bootstrap()
            && is_last
            && made.get(target) == Some(&Presence::Unfinished)
        {
            work.flush().await?;
            let session = work.session(target, group[0].patch.user()).await?;
            bootstrap::mark_finished(&session, target).await?;
            work.keep(session);
            made.insert(target.clone(), Presence::Present);
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
            && made.get(&step.target.database) != Some(&Presence::Present);
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
    let (patch, target) = (group[0].patch, &group[0].target.database);
    let presence = made.get(target).copied();
    let elapsed = if patch.is_baseline()
        && presence != Some(Presence::Present)
        && !baseline::is_transactional(&patch)
    {
        work.baseline(&mut entries, presence).await?
    } else {
        if patch.is_bootstrap() && presence == Some(Presence::Absent) {
            work.make_database(&entries, target).await?;
        }
        match patch.kind() {
            Kind::Std | Kind::Direct => transaction::run(work, &mut entries).await?,
            Kind::Concurrent => concurrent::run(work, &mut entries[0]).await?,
        }
    };
    if patch.is_bootstrap() && presence != Some(Presence::Present) {
        made.insert(target.clone(), Presence::Unfinished);
    }
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
        work.ledger.settle(&entries, "adopted")
    );
    work.ledger
        .session
        .run(&message)
        .await
        .map_err(|refusal| work.ledger.session.explain(refusal))?;
    for entry in &entries {
        let reason = "its database existed before";
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
    for row in rows.iter_mut().filter(|row| row.state == State::Committing) {
        let target = target_of(&row.key);
        let applied =
            recover::outcome(&context.targets, &target, row, &work.lock.system_identifier).await?;
        let message = work.ledger.recovered(row, applied);
        work.ledger
            .session
            .run(&message)
            .await
            .map_err(|refusal| work.ledger.session.explain(refusal))?;
        row.state = if applied {
            State::Applied
        } else {
            State::Intent
        };
        let patch = patchgen_model::PatchId {
            database: &row.key,
            version: row.version,
        };
        emit(context.config, &Event::Recovered { patch, applied });
    }
    Ok(rows)
}

/// The target that a key of the ledger names.
pub(crate) fn target_of(key: &str) -> Target {
    match key.split_once('/') {
        Some((database, schema)) => Target {
            database: database.to_owned(),
            schema: Some(schema.to_owned()),
        },
        None => Target {
            database: key.to_owned(),
            schema: None,
        },
    }
}

/// A run under way: its sessions, its lock, and what is still to be written to the ledger.
pub(crate) struct Work<'c, 'w> {
    pub(crate) config: &'c Config,
    pub(crate) connector: &'w Connector<'c>,
    pub(crate) in_target: bool,
    pub(crate) ledger: Ledger,
    pub(crate) lock: Lock,
    session: Option<Session>,
    fence: Option<Session>,
    /// Statements that travel with the next message to the ledger.
    finish: String,
    /// The last pause between two tries of a patch.
    pub(crate) backoff: Duration,
    /// Roles that may write a ledger in the target.
    granted: Vec<String>,
}

impl Work<'_, '_> {
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

    /// Sees to it that the transaction's number cannot be handed out again, should the target's server crash.
    ///
    /// Needed only where the ledger is on another server: on the same one, a record that survived a crash was written
    /// to the log after the transaction.
    pub(crate) async fn fence(
        &mut self,
        transaction: &Transaction,
        database: &str,
    ) -> Result<(), Error> {
        if transaction.system_identifier == self.lock.system_identifier {
            return Ok(());
        }
        let fence = match self.fence.take() {
            Some(fence) if fence.database == database && !fence.is_closed() => fence,
            _ => {
                self.connector
                    .open(database, self.connector.admin())
                    .await?
            }
        };
        let flush = "SELECT pg_catalog.pg_logical_emit_message(true, 'patchgen', 'fence')";
        fence
            .run(flush)
            .await
            .map_err(|refusal| fence.explain(refusal))?;
        self.fence = Some(fence);
        Ok(())
    }

    async fn make_database(&mut self, entries: &[Entry<'_>], name: &str) -> Result<(), Error> {
        let session = bootstrap::maintenance(self.connector, entries[0].patch.user()).await?;
        bootstrap::create_database(self.config, &session, name).await
    }

    /// Runs a baseline that cannot run in a transaction.
    async fn baseline(
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
        let mut session = bootstrap::maintenance(self.connector, patch.user()).await?;
        if presence == Some(Presence::Unfinished) {
            bootstrap::drop_unfinished(self.config, &session, &target).await?;
        }
        if !baseline::creates(&patch, &target) {
            bootstrap::create_database(self.config, &session, &target).await?;
            session = self.connector.open(&target, patch.user()).await?;
        }
        if let Err(error) = baseline::run(self.connector, session, &patch, &target).await {
            self.record_failure(entries, &error).await;
            return Err(error);
        }
        failpoint!("ran");
        self.finish = format!("{}; ", self.ledger.done(entries));
        Ok(began.elapsed())
    }

    /// Writes why a patch failed; the error that the caller gives matters more than one from here.
    pub(crate) async fn record_failure(&mut self, entries: &[Entry<'_>], error: &Error) {
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
