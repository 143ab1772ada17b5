//! `resolve`: the decision of a person about a patch of which no server can tell.

use crate::ledger::entry::{Begun, Planned};
use crate::ledger::interrupted::Interrupted;
use crate::ledger::progress::{Progress, UnderWay};
use crate::ledger::row::{Row, State};
use crate::ledger::{Ledger, Opened};
use crate::message::statements;
use crate::run::concurrent;
use crate::run::deployment::Deployment;
use crate::run::recovery::{self, Outcome};
use crate::run::scope::LedgerScope;
use crate::server::run_lock::RunLock;
use crate::{Config, Error, ErrorKind, Identity};
use patchgen_model::{Kind, PatchSet};
use std::fmt;

/// The decision of a person about a patch in doubt.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Settlement {
    /// It took effect. Of a concurrent patch, the statement in doubt did, and the ones after it are still to be run.
    Applied,
    /// It did not: it is to be run again.
    Retry,
}

impl fmt::Display for Settlement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Applied => "recorded as applied",
            Self::Retry => "to be run again",
        })
    }
}

/// The result of [`resolve`](crate::resolve).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resolved {
    /// The patch.
    pub identity: Identity,
    /// Its file.
    pub file: String,
    /// The decision.
    pub settlement: Settlement,
    /// Number of its statements that are still to be run, where the one in doubt took effect and others follow it.
    pub rest: usize,
}

impl fmt::Display for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            identity,
            file,
            settlement,
            rest,
        } = self;
        if *settlement == Settlement::Applied && *rest > 0 {
            let s = if *rest == 1 { "" } else { "s" };
            return write!(
                f,
                "the statement of {identity} ({file}) that was in doubt counts as done; apply goes on with the {rest} statement{s} after it"
            );
        }
        write!(f, "{identity} ({file}) is {settlement}")
    }
}

pub(crate) async fn resolve(
    set: &PatchSet<'_>,
    config: &Config,
    identity: &Identity,
    settlement: Settlement,
) -> Result<Resolved, Error> {
    let deployment = Deployment::new(set, config)?;
    for scope in &deployment.scopes() {
        if scope.find(identity).is_none() {
            continue;
        }
        let Opened::Session(ledger) = deployment.open(scope).await? else {
            continue;
        };
        let lock = deployment.lock(scope, &ledger).await?;
        let resolution = Resolution {
            deployment: &deployment,
            scope,
            ledger: &ledger,
            lock: &lock,
            settlement,
        };
        let outcome = resolution.resolve(identity).await;
        lock.release().await;
        return outcome;
    }
    Err(unknown(identity))
}

/// One decision, with the run lock held.
struct Resolution<'r, 'a> {
    deployment: &'r Deployment<'r, 'a>,
    scope: &'r LedgerScope,
    ledger: &'r Ledger,
    lock: &'r RunLock,
    settlement: Settlement,
}

impl Resolution<'_, '_> {
    async fn resolve(&self, identity: &Identity) -> Result<Resolved, Error> {
        let rows = self.ledger.rows(&self.scope.series).await?;
        let series = self.scope.find(identity);
        let found = rows
            .iter()
            .find(|row| Some(&row.series) == series && row.version == identity.version);
        let row = found.ok_or_else(|| unknown(identity))?;
        let patch =
            self.deployment.set.iter().find(|patch| {
                patch.version() == row.version && patch.database() == row.series.name
            });
        let rest = match (row.state, patch) {
            (State::Committing, _) => {
                self.refuse_if_known(&Interrupted::of_row(row)).await?;
                let is_committed = self.settlement == Settlement::Applied;
                let message = self.ledger.recovered(row, is_committed);
                self.ledger.session.execute(&message).await?;
                0
            }
            (State::Intent, Some(patch)) if patch.kind() == Kind::Concurrent => {
                let begun = Begun {
                    planned: Planned {
                        patch,
                        place: row.series.place.clone(),
                    },
                    attempt: row.attempt,
                };
                self.resolve_statement(&begun).await?
            }
            _ => return Err(not_in_doubt(row)),
        };
        Ok(Resolved {
            identity: patch.map_or_else(|| row.identity(), |patch| patch.id().into()),
            file: row.file.clone(),
            settlement: self.settlement,
            rest,
        })
    }

    /// Fails if the server knows the outcome: nobody is to contradict it.
    async fn refuse_if_known(&self, interrupted: &Interrupted) -> Result<(), Error> {
        let deployment = self.deployment;
        let ledger_cluster = deployment.ledger_cluster(&self.lock.cluster);
        let outcome = recovery::outcome(interrupted, &deployment.targets, ledger_cluster).await?;
        let known = match outcome {
            Outcome::Unknown(_) => return Ok(()),
            Outcome::Running => return Err(interrupted.running()),
            Outcome::Committed => "was committed",
            Outcome::Aborted => "was rolled back",
        };
        Err(Error::new(
            ErrorKind::Config,
            format!(
                "`{}` is not in doubt: the server says that it {known}",
                interrupted.file
            ),
        )
        .with_help("run apply: it settles the patch by itself"))
    }

    /// Decides about the statement in doubt; returns the number of statements that are still to be run.
    async fn resolve_statement(&self, begun: &Begun<'_>) -> Result<usize, Error> {
        let (ledger, patch) = (self.ledger, &begun.patch);
        let mut progress = ledger.progress(begun).await?;
        if progress.under_way == UnderWay::Nothing {
            return Err(Error::new(
                ErrorKind::Config,
                format!("`{}` is not in doubt", patch.file()),
            )
            .with_help("run apply: it goes on with the patch"));
        }
        concurrent::refuse_if_running(&self.deployment.targets, begun).await?;
        if let Some(interrupted) = Interrupted::of_progress(begun, &progress) {
            self.refuse_if_known(&interrupted).await?;
        }
        if self.settlement == Settlement::Applied {
            let done = progress.done + 1;
            progress = Progress {
                done,
                digest: concurrent::digest_of(patch, done),
                ..Progress::default()
            };
        }
        progress.under_way = UnderWay::Nothing;
        ledger.write(begun, &progress, "").await?;
        let rest = statements(patch).len().saturating_sub(progress.done);
        let mut message = ledger.cleared(begun);
        if rest == 0 {
            message = format!("{message}; {}", ledger.done(begun));
        }
        ledger.session.execute(&message).await?;
        Ok(rest)
    }
}

fn unknown(identity: &Identity) -> Error {
    Error::new(
        ErrorKind::Config,
        format!("the ledger has no patch `{identity}`"),
    )
    .with_help("status lists the patches that it has")
}

fn not_in_doubt(row: &Row) -> Error {
    let state = match row.state {
        State::Applied => "applied",
        State::Adopted => "adopted",
        State::Intent | State::Committing => "pending",
    };
    Error::new(
        ErrorKind::Config,
        format!("`{}` is not in doubt: it is {state}", row.file),
    )
    .with_help("only patches that status shows as in-doubt can be settled by hand")
}
