//! `verify`: the patches of a program, compared with those that were applied.

use super::overview::Overview;
use crate::plan::PatchState;
use crate::plan::comparison::Comparison;
use crate::run::deployment::Deployment;
use crate::run::restored;
use crate::{Config, Error};
use patchgen_model::{PatchSet, Version};
use std::fmt;

/// A patch whose text in the program differs from the one in the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Difference {
    /// The logical database.
    pub database: String,
    /// The version.
    pub version: Version,
    /// The file.
    pub file: String,
    /// The checksum of what was applied.
    pub deployed: String,
    /// The checksum of the program's text; `None` if the program lacks the patch.
    pub embedded: Option<String>,
}

/// The result of [`verify`](crate::verify).
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Verification {
    pub(crate) compared: usize,
    pub(crate) pending: usize,
    pub(crate) in_doubt: usize,
    pub(crate) differences: Vec<Difference>,
    pub(crate) warnings: Vec<String>,
}

impl Verification {
    /// Number of applied patches that were compared.
    #[must_use]
    pub fn compared(&self) -> usize {
        self.compared
    }

    /// Number of the program's patches that are not applied.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending
    }

    /// Edited and missing patches.
    #[must_use]
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// Warnings about databases that do not seem to be the recorded ones.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// `true` if all applied patches are in the program, unchanged.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.differences.is_empty()
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        for difference in &self.differences {
            match &difference.embedded {
                Some(embedded) => {
                    writeln!(
                        f,
                        "edited: {}: applied {}, now {embedded}",
                        difference.file, difference.deployed
                    )?;
                }
                None => writeln!(
                    f,
                    "missing: {} of {}: applied {}",
                    difference.file, difference.database, difference.deployed
                )?,
            }
        }
        let (compared, differ, pending) = (self.compared, self.differences.len(), self.pending);
        write!(
            f,
            "{compared} applied {} compared, {differ} differ; {pending} not applied",
            if compared == 1 { "patch" } else { "patches" }
        )?;
        match self.in_doubt {
            0 => Ok(()),
            in_doubt => write!(f, ", {in_doubt} of them in doubt"),
        }
    }
}

impl Verification {
    fn add(&mut self, comparison: &Comparison<'_>) {
        let patch = comparison.patch;
        let Some(row) = comparison.row.as_ref().filter(|row| row.state.is_final()) else {
            self.pending += usize::from(patch.is_some());
            self.in_doubt += usize::from(comparison.state == PatchState::InDoubt);
            return;
        };
        self.compared += 1;
        let embedded = patch.map(|patch| patch.checksum().to_string());
        if embedded.as_ref() != Some(&row.checksum) {
            let file = patch.map_or(row.file.as_str(), |patch| patch.file());
            self.differences.push(Difference {
                database: row.series.name.clone(),
                version: row.version,
                file: file.to_owned(),
                deployed: row.checksum.clone(),
                embedded,
            });
        }
    }
}

pub(crate) async fn verify(set: &PatchSet<'_>, config: &Config) -> Result<Verification, Error> {
    let deployment = Deployment::new(set, config)?;
    let mut verification = Verification::default();
    for scope in deployment.scopes() {
        let overview = Overview::read(&deployment, &scope).await?;
        let comparisons = &overview.comparisons;
        if let Some(cluster) = overview.cluster.as_deref() {
            let targets = &deployment.targets;
            let found = restored::warnings(targets, &scope, comparisons, Some(cluster)).await;
            found.iter().for_each(|warning| config.warn(warning));
            verification.warnings.extend(found);
        }
        comparisons
            .iter()
            .for_each(|comparison| verification.add(comparison));
    }
    Ok(verification)
}
