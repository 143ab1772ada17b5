//! The plan: the steps that bring the databases up to date, found by comparing the program's patches with the ledger.
//!
//! There is no I/O here. Every contradiction between the two is found here: edited, missing, newer, late, in doubt.

pub(crate) mod comparison;
mod contradiction;
pub(crate) mod doubt;

use crate::config::Selection;
use crate::ledger::entry::Planned;
use crate::ledger::row::LastFailure;
use crate::server::database::{self, Presence};
use crate::{Config, Error, Place};
use comparison::Comparison;
use contradiction::Contradictions;
use patchgen_model::{Kind, Patch};
use std::collections::BTreeMap;
use std::fmt;

/// The state of a patch, as the program and the ledger together have it.
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
    /// Its outcome is not known.
    InDoubt,
    /// Applied, and its text has changed since.
    Edited,
    /// In the ledger, and unknown to the program.
    Missing,
    /// To be run, though a later one is applied.
    Late,
    /// To be run again; the last attempt failed.
    Failed,
}

impl PatchState {
    /// The word for the state, as in JSON.
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

/// The action of a step.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Action {
    /// Run the patch and record it.
    Run,
    /// Only record it: it would create a database that exists already.
    Adopt,
}

/// The object that a step creates before its patch runs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Begins {
    Nothing,
    /// The schema of its place.
    Schema,
    /// The database of its place.
    Database,
}

/// One step of a [`Plan`].
#[derive(Clone, Debug)]
pub struct Step<'a> {
    pub(crate) patch: Patch<'a>,
    pub(crate) place: Place,
    pub(crate) state: PatchState,
    pub(crate) action: Action,
    pub(crate) begins: Begins,
    /// The number of the next attempt, counted from 1.
    pub(crate) attempt: u32,
    pub(crate) failure: Option<LastFailure>,
}

impl<'a> Step<'a> {
    /// The patch.
    #[must_use]
    pub fn patch(&self) -> Patch<'a> {
        self.patch
    }

    /// The place that the patch goes to.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The same as [`place`](Self::place), by its former name.
    #[doc(hidden)]
    #[must_use]
    pub fn target(&self) -> &Place {
        &self.place
    }

    /// `Pending`, `Late` or `Failed`.
    #[must_use]
    pub fn state(&self) -> PatchState {
        self.state
    }

    /// The action.
    #[must_use]
    pub fn action(&self) -> Action {
        self.action
    }

    /// `true` if the patch runs while its database or schema is being created.
    pub(crate) fn is_bootstrap(&self) -> bool {
        self.action == Action::Run && self.patch.is_bootstrap()
    }

    pub(crate) fn planned(&self) -> Planned<'a> {
        Planned {
            patch: self.patch,
            place: self.place.clone(),
        }
    }
}

/// The steps that [`apply`](crate::apply) would take, in order.
///
/// It is `Display` for people and, with feature `serde`, `Serialize`: `steps` with an object for each, and `warnings`.
#[derive(Clone, Default, Debug)]
pub struct Plan<'a> {
    pub(crate) steps: Vec<Step<'a>>,
    pub(crate) left_out: usize,
    pub(crate) warnings: Vec<String>,
}

impl<'a> Plan<'a> {
    /// The steps, in order.
    #[must_use]
    pub fn steps(&self) -> &[Step<'a>] {
        &self.steps
    }

    /// Number of pending patches that the selection ([`Config::selection`], [`Config::kinds`]) leaves out.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Differences that the policies allow, and other facts that deserve attention.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// `true` if there is no step.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Plans the steps for the comparisons of some series.
    ///
    /// # Errors
    /// If ledger and program contradict each other in a way that a policy forbids, or a patch is in doubt.
    pub(crate) fn new(
        comparisons: &[Comparison<'a>],
        presence: &BTreeMap<Place, Presence>,
        config: &Config,
    ) -> Result<Self, Error> {
        let mut contradictions = Contradictions::default();
        let mut plan = Self::default();
        for comparison in comparisons {
            match (comparison.state, comparison.patch) {
                (PatchState::Applied | PatchState::Adopted, _) => {}
                (PatchState::Pending | PatchState::Failed | PatchState::Late, Some(patch)) => {
                    let presence = presence.get(comparison.place()).copied();
                    plan.add(comparison, patch, presence, config, &mut contradictions);
                }
                _ => contradictions.contradiction(comparison, config, comparisons),
            }
        }
        plan.warnings = contradictions.finish()?;
        plan.select(config);
        Ok(plan)
    }

    /// Adds the step of a patch that is to be run.
    fn add(
        &mut self,
        comparison: &Comparison<'a>,
        patch: Patch<'a>,
        presence: Option<Presence>,
        config: &Config,
        contradictions: &mut Contradictions,
    ) {
        let place = comparison.place();
        let is_first = !self.steps.iter().any(|step| step.place == *place);
        let begins = match presence {
            Some(Presence::Invalid) => {
                contradictions.invalid_database(database::invalid(&place.database));
                Begins::Nothing
            }
            Some(Presence::Absent) if is_first && !patch.is_bootstrap() => {
                contradictions.missing_schema(place, &patch);
                Begins::Nothing
            }
            Some(Presence::Absent) if is_first && place.schema.is_some() => Begins::Schema,
            Some(Presence::Absent) if is_first => Begins::Database,
            _ => Begins::Nothing,
        };
        let action = if patch.is_bootstrap() && presence == Some(Presence::Present) {
            Action::Adopt
        } else {
            Action::Run
        };
        if let Some(row) = &comparison.row
            && patch.kind() != Kind::Concurrent
            && row.run.may_have_effect()
        {
            contradictions.changed_kind(comparison, &patch, row);
        }
        if comparison.state == PatchState::Late && action == Action::Run {
            contradictions.late(comparison, config.late);
        }
        let row = comparison.row.as_ref();
        self.steps.push(Step {
            patch,
            place: place.clone(),
            state: comparison.state,
            action,
            begins,
            attempt: row.map_or(1, |row| row.attempt + 1),
            failure: row.and_then(|row| row.failure.clone()),
        });
    }

    /// Keeps the steps that the configuration selects: in order, up to the first that it leaves out.
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
        if count == allowed && allowed < self.steps.len() {
            let step = &self.steps[allowed];
            let (file, kind) = (step.patch.file(), step.patch.kind());
            self.warnings.push(format!("`{file}` is of kind {kind}, which is not selected: it and what follows stay pending"));
        }
        self.left_out = self.steps.len() - count;
        self.steps.truncate(count);
    }
}

impl fmt::Display for Plan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        if self.steps.is_empty() && self.left_out == 0 {
            return f.write_str("nothing to do");
        }
        let patches = |count: usize| if count == 1 { "patch" } else { "patches" };
        let count = self.steps.len();
        write!(f, "{count} {} to apply", patches(count))?;
        if self.left_out > 0 {
            let left_out = self.left_out;
            write!(f, ", {left_out} {} left pending", patches(left_out))?;
        }
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
            if step.place != Place::database(patch.database()) {
                write!(f, " in {}", step.place)?;
            }
            if let Some(failure) = &step.failure {
                write!(f, "\n         last try: {}", failure.message)?;
            }
        }
        Ok(())
    }
}
