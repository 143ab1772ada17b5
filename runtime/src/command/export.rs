//! `export`: the pending patches as one psql script, for administrators who run SQL by hand.
//!
//! The script does what `apply` does as far as psql can: it has no lock for the whole of its run and does not try again.
//! With the ledger in a database of its own, and for concurrent patches, it cannot record the number of a transaction
//! before its commit, so what is interrupted, or fails, is in doubt until somebody settles it.

mod psql;
mod writer;

use super::overview::Overview;
use crate::plan::Step;
use crate::run::deployment::Deployment;
use crate::run::scope::Protocol;
use crate::{Config, Error};
use patchgen_model::{Kind, PatchSet};
use psql::Script;
use std::fmt;
use writer::Writer;

/// The pending patches as one psql script that also keeps the ledger; `Display` is the script.
///
/// `psql -X -f FILE` runs it, from any database of the server. It connects to each database as the user of the patch,
/// stops at the first error, and must neither run twice nor while patches are applied otherwise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Export {
    pub(crate) script: String,
    pub(crate) files: Vec<String>,
    pub(crate) warnings: Vec<String>,
}

impl Export {
    /// The files of the patches in it, in order.
    #[must_use]
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// Differences between ledger and patches that the policies allow.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

impl fmt::Display for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.script.trim_end())
    }
}

pub(crate) async fn export(set: &PatchSet<'_>, config: &Config) -> Result<Export, Error> {
    let deployment = Deployment::new(set, config)?;
    let mut script = Script::new();
    let (mut files, mut warnings, mut leaves_doubt) = (Vec::new(), Vec::new(), false);
    for scope in deployment.scopes() {
        let overview = Overview::read(&deployment, &scope).await?;
        let plan = overview.plan(&deployment)?;
        warnings.extend(plan.warnings);
        files.extend(plan.steps.iter().map(|step| step.patch.file().to_owned()));
        if plan.steps.is_empty() {
            continue;
        }
        let is_concurrent = |step: &Step<'_>| step.patch.kind() == Kind::Concurrent;
        leaves_doubt |=
            scope.protocol == Protocol::RecordedFirst || plan.steps.iter().any(is_concurrent);
        let presence = &overview.presence;
        let mut writer = Writer::new(&deployment, &scope, presence, &mut script).await?;
        writer.steps(&plan.steps)?;
    }
    Ok(Export {
        script: header(files.len(), &warnings, leaves_doubt) + &script.text,
        files,
        warnings,
    })
}

fn header(count: usize, warnings: &[String], leaves_doubt: bool) -> String {
    let mut script = Script::new();
    if count == 0 {
        script.comment("Nothing is pending.");
        return script.text;
    }
    script.comment(&format!(
        "{count} pending {}, with the records that keep them from running again.\n\n\
         Run it by:  psql -X -f FILE\n\n\
         from any database of the server. It connects to each database as the user of the patch; psql takes passwords\n\
         from its password file (~/.pgpass) or asks for them. It stops at the first error; what stands before is done and\n\
         recorded, and a new script has the rest. Do not run it twice, nor while patches are applied otherwise.",
        if count == 1 { "patch" } else { "patches" }
    ));
    if leaves_doubt {
        script.comment(
            "\nNot every patch shares a transaction with its record here. One that is interrupted or fails before its record is in doubt,\n\
             and nothing runs until somebody has looked and run `patchgen resolve` as `patchgen apply` then says.",
        );
    }
    for warning in warnings {
        script.comment(&format!("\nwarning: {warning}"));
    }
    for line in [
        "",
        "\\set ON_ERROR_STOP on",
        "\\set ON_ERROR_ROLLBACK off",
        "\\set AUTOCOMMIT on",
        "\\set QUIET on",
        "\\setenv PGCLIENTENCODING UTF8",
    ] {
        script.line(line);
    }
    script.text
}
