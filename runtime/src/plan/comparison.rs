//! Comparison of the program's patches with the ledger's rows of the same series: of one logical database and its place.

use super::{PatchState, doubt};
use crate::Place;
use crate::ledger::row::{Row, Series, State};
use patchgen_model::{Patch, PatchSet, Version};
use std::collections::BTreeMap;

/// A patch, as the program and the ledger know it.
#[derive(Clone, Debug)]
pub(crate) struct Comparison<'a> {
    pub(crate) series: Series,
    /// `None` if only the ledger knows the patch.
    pub(crate) patch: Option<Patch<'a>>,
    /// `None` if only the program knows the patch.
    pub(crate) row: Option<Row>,
    pub(crate) state: PatchState,
}

impl Comparison<'_> {
    pub(crate) fn place(&self) -> &Place {
        &self.series.place
    }

    /// `true` if the patch is recorded as applied or adopted.
    pub(crate) fn is_final(&self) -> bool {
        self.row.as_ref().is_some_and(|row| row.state.is_final())
    }

    /// `true` if the patch is one of a bootstrap, and the program has it.
    pub(crate) fn is_bootstrap(&self) -> bool {
        self.patch.is_some_and(|patch| patch.is_bootstrap())
    }

    /// The name for messages: the file, with its place if the program lacks the patch.
    pub(super) fn name(&self) -> String {
        match (&self.patch, &self.row) {
            (Some(patch), _) => format!("`{}`", patch.file()),
            (None, Some(row)) => format!("`{}` of `{}`", row.file, self.place()),
            (None, None) => String::new(),
        }
    }
}

/// Compares the patches of some series with the ledger's rows of the same series.
pub(crate) fn compare<'a>(
    set: &PatchSet<'a>,
    rows: Vec<Row>,
    series: &[Series],
) -> Vec<Comparison<'a>> {
    let mut of_series: BTreeMap<String, BTreeMap<Version, Row>> = BTreeMap::new();
    for row in rows {
        let rows = of_series.entry(row.series.name.clone()).or_default();
        rows.insert(row.version, row);
    }
    let mut comparisons = Vec::new();
    for database in set.databases() {
        let Some(series) = series
            .iter()
            .find(|series| series.name == database.database)
        else {
            continue;
        };
        let mut rows = of_series.remove(&series.name).unwrap_or_default();
        let final_rows = rows.values().filter(|row| row.state.is_final());
        let last = final_rows.map(|row| row.version).max();
        let mut versions: BTreeMap<Version, Comparison<'a>> = BTreeMap::new();
        let positions = database.first..database.first + database.count;
        for patch in positions.filter_map(|position| set.get(position)) {
            let row = rows.remove(&patch.version());
            let comparison = Comparison {
                series: series.clone(),
                patch: Some(patch),
                state: state_of(&patch, row.as_ref(), last),
                row,
            };
            versions.insert(patch.version(), comparison);
        }
        // Without its patch, an intent of which nothing took effect is ignored.
        let has_effect = |row: &Row| row.state != State::Intent || row.run.may_have_effect();
        for (version, row) in rows.into_iter().filter(|(_, row)| has_effect(row)) {
            let state = if row.state == State::Committing {
                PatchState::InDoubt
            } else {
                PatchState::Missing
            };
            let comparison = Comparison {
                series: series.clone(),
                patch: None,
                row: Some(row),
                state,
            };
            versions.insert(version, comparison);
        }
        comparisons.extend(versions.into_values());
    }
    comparisons
}

fn state_of(patch: &Patch<'_>, row: Option<&Row>, last: Option<Version>) -> PatchState {
    let pending = if last.is_some_and(|last| patch.version() < last) {
        PatchState::Late
    } else {
        PatchState::Pending
    };
    let Some(row) = row else { return pending };
    let same = row.checksum == patch.checksum().to_string();
    match row.state {
        State::Applied | State::Adopted if !same => PatchState::Edited,
        State::Applied => PatchState::Applied,
        State::Adopted => PatchState::Adopted,
        State::Committing => PatchState::InDoubt,
        State::Intent if doubt::doubt(patch, row).is_some() => PatchState::InDoubt,
        State::Intent if row.failure.is_some() => PatchState::Failed,
        State::Intent => pending,
    }
}
