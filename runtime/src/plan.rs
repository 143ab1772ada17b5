//! What is to be done, found by comparing the program's patches with the ledger; no I/O.
//!
//! Every contradiction between the two is found here: edited, missing, newer, late, in doubt.

mod faults;

use crate::config::{Selection, Target};
use crate::ledger::{Row, State};
use crate::quote::identifier;
use crate::{Config, Error, ErrorKind, concurrent};
use faults::Faults;
use patchgen_model::{Kind, Patch, PatchSet, Version};
use std::collections::BTreeMap;
use std::fmt;

/// How a patch stands, seen from the program and the ledger together.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum PatchState {
    /// To be run.
    Pending,
    /// Committed.
    Applied,
    /// Recorded without running.
    Adopted,
    /// Whether it took effect is not known.
    InDoubt,
    /// Applied, and its text has changed since.
    Edited,
    /// In the ledger, and unknown to the program.
    Missing,
    /// To be run, though a later one is applied.
    Late,
    /// To be run again; the last try failed.
    Failed,
}

impl PatchState {
    /// The word for it, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Applied => "applied",
            Self::Adopted => "adopted",
            Self::InDoubt => "in-doubt",
            Self::Edited => "edited",
            Self::Missing => "missing",
            Self::Late => "late",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for PatchState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What is to be done with a patch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Action {
    /// Run it and record it.
    Run,
    /// Record it only: it would make a database that is already there.
    Adopt,
}

/// Whether a database is there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Presence {
    Absent,
    /// Made by this tool, its bootstrap not complete.
    Unfinished,
    Present,
}

/// A patch and how it stands.
#[derive(Clone, Debug)]
pub(crate) struct Standing<'a> {
    /// Nothing if only the ledger knows it.
    pub(crate) patch: Option<Patch<'a>>,
    pub(crate) target: Target,
    pub(crate) row: Option<Row>,
    pub(crate) state: PatchState,
}

impl Standing<'_> {
    fn name(&self) -> String {
        match (&self.patch, &self.row) {
            (Some(patch), _) => format!("`{}`", patch.file()),
            (None, Some(row)) => format!("`{}` of `{}`", row.file, row.key),
            (None, None) => String::new(),
        }
    }
}

/// One step of a [`Plan`].
#[derive(Clone, Debug)]
pub struct Step<'a> {
    pub(crate) patch: Patch<'a>,
    pub(crate) target: Target,
    pub(crate) state: PatchState,
    pub(crate) action: Action,
    pub(crate) last: Option<(String, String)>,
}

impl<'a> Step<'a> {
    /// The patch.
    #[must_use]
    pub fn patch(&self) -> Patch<'a> {
        self.patch
    }

    /// The physical database, and schema, that it goes to.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// `Pending`, `Late` or `Failed`.
    #[must_use]
    pub fn state(&self) -> PatchState {
        self.state
    }

    /// What is to be done.
    #[must_use]
    pub fn action(&self) -> Action {
        self.action
    }
}

/// What [`apply`](crate::apply) would do, in order.
///
/// It is `Display` for people and, with feature `serde`, `Serialize`: a list with an object for each step.
#[derive(Clone, Default, Debug)]
pub struct Plan<'a> {
    pub(crate) steps: Vec<Step<'a>>,
    pub(crate) warnings: Vec<String>,
}

impl<'a> Plan<'a> {
    /// The steps, in order.
    #[must_use]
    pub fn steps(&self) -> &[Step<'a>] {
        &self.steps
    }

    /// Differences that the policies let pass.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Whether nothing is to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Plans for what the standings say.
    ///
    /// # Errors
    /// When ledger and program contradict each other in a way that a policy forbids, or a patch is in doubt.
    pub(crate) fn new(
        standings: &[Standing<'a>],
        presence: &BTreeMap<String, Presence>,
        config: &Config,
    ) -> Result<Self, Error> {
        let mut faults = Faults::default();
        let mut plan = Self::default();
        for standing in standings {
            match (standing.state, standing.patch) {
                (PatchState::Applied | PatchState::Adopted, _) => {}
                (PatchState::Pending | PatchState::Failed | PatchState::Late, Some(patch)) => {
                    let key = standing.target.to_string();
                    let there = presence.get(&key) == Some(&Presence::Present);
                    let begins = |step: &Step<'_>| step.target == standing.target;
                    if presence.get(&key) == Some(&Presence::Absent)
                        && !patch.is_bootstrap()
                        && !plan.steps.iter().any(begins)
                    {
                        return Err(missing_schema(&standing.target, &patch));
                    }
                    let action = if patch.is_bootstrap() && there {
                        Action::Adopt
                    } else {
                        Action::Run
                    };
                    if let Some(row) = &standing.row
                        && patch.kind() != Kind::Concurrent
                        && row.run.may_have_effect()
                    {
                        faults.changed_kind(standing, &patch, row);
                    }
                    if standing.state == PatchState::Late && action == Action::Run {
                        faults.late(standing, config.late);
                    }
                    let last = standing
                        .row
                        .as_ref()
                        .and_then(|row| Some((row.sql_state.clone()?, row.message.clone()?)));
                    plan.steps.push(Step {
                        patch,
                        target: standing.target.clone(),
                        state: standing.state,
                        action,
                        last,
                    });
                }
                _ => faults.standing(standing, config, standings),
            }
        }
        plan.warnings = faults.finish()?;
        plan.select(config);
        Ok(plan)
    }

    /// Keeps what the configuration selects: steps in order up to the first that it leaves out.
    fn select(&mut self, config: &Config) {
        let allowed = self
            .steps
            .iter()
            .take_while(|step| config.kinds.contains(&step.patch.kind()))
            .count();
        let type_of = |step: &Step<'_>| step.patch.kind() == Kind::Std;
        let count = match config.selection {
            Selection::All => allowed,
            Selection::One => allowed.min(1),
            Selection::Group => {
                let first = self.steps.first().map(type_of);
                self.steps[..allowed]
                    .iter()
                    .take_while(|step| Some(type_of(step)) == first)
                    .count()
            }
        };
        if allowed < self.steps.len() && config.selection == Selection::All {
            let step = &self.steps[allowed];
            let (file, kind) = (step.patch.file(), step.patch.kind());
            self.warnings.push(format!("`{file}` is of kind {kind}, which is not selected: it and what follows stay pending"));
        }
        self.steps.truncate(count);
    }
}

/// Databases that are missing are found out by connecting, schemas are not.
fn missing_schema(target: &Target, patch: &Patch<'_>) -> Error {
    let (database, schema) = (
        &target.database,
        target.schema.as_deref().unwrap_or_default(),
    );
    Error::new(
        ErrorKind::MissingDatabase,
        format!("schema `{schema}` does not exist in database `{database}`"),
    )
    .with_help(format!(
        "give it a baseline patch `{}.00000000.0000.{}.baseline.sql`, or run: CREATE SCHEMA {} AUTHORIZATION {};",
        patch.database(),
        patch.user(),
        identifier(schema),
        identifier(patch.user())
    ))
}

/// Compares the patches of a set with the ledger's rows of the same databases.
pub(crate) fn standings<'a>(
    set: &PatchSet<'a>,
    rows: Vec<Row>,
    config: &Config,
    only: &[String],
) -> Vec<Standing<'a>> {
    let mut of_key: BTreeMap<String, BTreeMap<Version, Row>> = BTreeMap::new();
    for row in rows {
        of_key
            .entry(row.key.clone())
            .or_default()
            .insert(row.version, row);
    }
    let mut standings = Vec::new();
    for database in set
        .databases()
        .filter(|database| only.iter().any(|name| name == database.database))
    {
        let target = config.target(database.database);
        let mut rows = of_key.remove(&target.to_string()).unwrap_or_default();
        let last = rows
            .values()
            .filter(|row| row.state.is_settled())
            .map(|row| row.version)
            .max();
        let mut of_database: BTreeMap<Version, Standing<'a>> = BTreeMap::new();
        for patch in (database.first..database.first + database.count)
            .filter_map(|position| set.get(position))
        {
            let row = rows.remove(&patch.version());
            let state = state_of(&patch, row.as_ref(), last);
            let standing = Standing {
                patch: Some(patch),
                target: target.clone(),
                row,
                state,
            };
            of_database.insert(patch.version(), standing);
        }
        // Without its patch, an intent means nothing any more if nothing of it took effect.
        let has_effect = |row: &Row| row.state != State::Intent || row.run.may_have_effect();
        for (version, row) in rows.into_iter().filter(|(_, row)| has_effect(row)) {
            let state = if row.state == State::Committing {
                PatchState::InDoubt
            } else {
                PatchState::Missing
            };
            of_database.insert(
                version,
                Standing {
                    patch: None,
                    target: target.clone(),
                    row: Some(row),
                    state,
                },
            );
        }
        standings.extend(of_database.into_values());
    }
    standings
}

fn state_of(patch: &Patch<'_>, row: Option<&Row>, last: Option<Version>) -> PatchState {
    let unsettled = if last.is_some_and(|last| patch.version() < last) {
        PatchState::Late
    } else {
        PatchState::Pending
    };
    let Some(row) = row else { return unsettled };
    let same = row.checksum == patch.checksum().to_string();
    match row.state {
        State::Applied | State::Adopted if !same => PatchState::Edited,
        State::Applied => PatchState::Applied,
        State::Adopted => PatchState::Adopted,
        State::Committing => PatchState::InDoubt,
        State::Intent if concurrent::doubt(patch, row).is_some() => PatchState::InDoubt,
        State::Intent if row.sql_state.is_some() => PatchState::Failed,
        State::Intent => unsettled,
    }
}

impl fmt::Display for Plan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        if self.steps.is_empty() {
            return f.write_str("nothing to do");
        }
        let count = self.steps.len();
        write!(
            f,
            "{count} {} to apply",
            if count == 1 { "patch" } else { "patches" }
        )?;
        for step in &self.steps {
            let (state, patch) = (step.state, step.patch);
            let verb = match step.action {
                Action::Run => "run",
                Action::Adopt => "record",
            };
            write!(
                f,
                "\n  {verb:<6} {state:<8} {:<10} {:<12} {}",
                patch.kind(),
                patch.user(),
                patch.file()
            )?;
            if step.target.to_string() != patch.database() {
                write!(f, " in {}", step.target)?;
            }
            if let Some((_, message)) = &step.last {
                write!(f, "\n         last try: {message}")?;
            }
        }
        Ok(())
    }
}
