//! `status`: every patch that the program or the ledger knows.

use super::overview::Overview;
use crate::plan::PatchState;
use crate::plan::comparison::Comparison;
use crate::run::deployment::Deployment;
use crate::{Config, Error};
use patchgen_model::{PatchSet, Version};
use std::fmt;

/// The state of one patch. Times are UTC, as ISO 8601.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PatchStatus {
    /// The logical database.
    pub database: String,
    /// The version.
    pub version: Version,
    /// The file; if the program has it no longer, as it was when the patch ran.
    pub file: String,
    /// The kind.
    pub kind: String,
    /// The role that runs it.
    pub user: String,
    /// The checksum of the program's file, or the ledger's if the program has none.
    pub checksum: String,
    /// The algorithm of the ledger's checksum: `sha256`, or `sha256 (imported)` when it is that of the file which was
    /// adopted in the place of what another tool had run.
    pub algorithm: Option<String>,
    /// The state.
    pub state: PatchState,
    /// Number of times that it was begun.
    pub attempt: u32,
    /// Start of the last attempt.
    pub started_at: Option<String>,
    /// Time at which it was applied, or failed.
    pub finished_at: Option<String>,
    /// Time that the last attempt took.
    pub milliseconds: Option<u64>,
    /// The role that recorded it.
    pub login_role: Option<String>,
    /// The branch that the program was built from.
    pub branch: Option<String>,
    /// The number of the revision that the program was built from.
    pub revision_number: Option<u32>,
    /// The revision that the program was built from.
    pub revision_id: Option<String>,
    /// SQLSTATE of the last attempt, if it failed.
    pub sql_state: Option<String>,
    /// Message of the last attempt, if it failed.
    pub message: Option<String>,
}

impl PatchStatus {
    fn new(comparison: &Comparison<'_>) -> Self {
        let (patch, row) = (comparison.patch.as_ref(), comparison.row.as_ref());
        let failure = row.and_then(|row| row.failure.as_ref());
        let text = |of_patch: Option<&str>, of_row: Option<&String>| {
            of_patch.map_or_else(|| of_row.cloned().unwrap_or_default(), str::to_owned)
        };
        Self {
            database: comparison.series.name.clone(),
            version: patch
                .map(|patch| patch.version())
                .or(row.map(|row| row.version))
                .unwrap_or_default(),
            file: text(patch.map(|patch| patch.file()), row.map(|row| &row.file)),
            kind: text(
                patch.map(|patch| patch.kind().as_str()),
                row.map(|row| &row.kind),
            ),
            user: text(patch.map(|patch| patch.user()), row.map(|row| &row.user)),
            checksum: patch
                .map(|patch| patch.checksum().to_string())
                .or(row.map(|row| row.checksum.clone()))
                .unwrap_or_default(),
            algorithm: row.map(|row| row.algorithm.clone()),
            state: comparison.state,
            attempt: row.map_or(0, |row| row.attempt),
            started_at: row.and_then(|row| row.started_at.clone()),
            finished_at: row.and_then(|row| row.finished_at.clone()),
            milliseconds: row.and_then(|row| row.milliseconds),
            login_role: row.map(|row| row.login_role.clone()),
            branch: row.and_then(|row| row.branch.clone()),
            revision_number: row.and_then(|row| row.revision_number),
            revision_id: row.and_then(|row| row.revision_id.clone()),
            sql_state: failure.and_then(|failure| failure.sql_state.clone()),
            message: failure.map(|failure| failure.message.clone()),
        }
    }
}

/// The states of all patches that the set or the ledger of its databases knows.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Status {
    pub(crate) patches: Vec<PatchStatus>,
}

impl Status {
    /// The patches, by database and version.
    #[must_use]
    pub fn patches(&self) -> &[PatchStatus] {
        &self.patches
    }

    /// Number of patches in a state.
    #[must_use]
    pub fn count(&self, state: PatchState) -> usize {
        self.patches
            .iter()
            .filter(|patch| patch.state == state)
            .count()
    }

    /// `true` if a patch is in doubt.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.count(PatchState::InDoubt) > 0
    }

    /// `true` if a patch is still to be run.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.patches.iter().any(|patch| {
            matches!(
                patch.state,
                PatchState::Pending | PatchState::Late | PatchState::Failed
            )
        })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.patches.is_empty() {
            return f.write_str("no patches");
        }
        let width = self
            .patches
            .iter()
            .map(|patch| patch.database.chars().count())
            .max()
            .unwrap_or(0);
        for (position, patch) in self.patches.iter().enumerate() {
            if position > 0 {
                writeln!(f)?;
            }
            let when = patch
                .finished_at
                .as_deref()
                .or(patch.started_at.as_deref())
                .unwrap_or("-");
            let took = patch
                .milliseconds
                .map_or_else(String::new, |milliseconds| format!("{milliseconds} ms"));
            let (database, version, state) = (&patch.database, patch.version, patch.state);
            write!(
                f,
                "{database:<width$}  {version}  {state:<8}  {when:<24}  {took:>9}  {}",
                patch.file
            )?;
            let is_unfinished = matches!(state, PatchState::Failed | PatchState::InDoubt);
            if let (true, Some(message)) = (is_unfinished, &patch.message) {
                write!(f, "\n    last try, attempt {}: {message}", patch.attempt)?;
            }
        }
        Ok(())
    }
}

pub(crate) async fn status(set: &PatchSet<'_>, config: &Config) -> Result<Status, Error> {
    let deployment = Deployment::new(set, config)?;
    let mut status = Status::default();
    for scope in deployment.scopes() {
        let overview = Overview::read(&deployment, &scope).await?;
        let patches = overview.comparisons.iter().map(PatchStatus::new);
        status.patches.extend(patches);
    }
    status
        .patches
        .sort_by(|a, b| (&a.database, a.version).cmp(&(&b.database, b.version)));
    Ok(status)
}
