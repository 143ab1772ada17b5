//! A trial: what is pending runs in one transaction for each database, and is rolled back.

use crate::context::Context;
use crate::message::{Parts, patch_error};
use crate::plan::{Action, Step};
use crate::quote::identifier;
use crate::report::{AppliedPatch, count};
use crate::script::Variables;
use crate::session::Session;
use crate::transaction::{CLEAN, session_settings};
use crate::{Config, Error, ErrorKind};
use patchgen_model::{Kind, PatchSet};
use std::fmt;
use std::time::Instant;

/// What [`rehearse`](crate::rehearse) found.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Rehearsal {
    pub(crate) tried: Vec<AppliedPatch>,
    pub(crate) warnings: Vec<String>,
}

impl Rehearsal {
    /// The patches that ran and were rolled back, in order.
    #[must_use]
    pub fn tried(&self) -> &[AppliedPatch] {
        &self.tried
    }

    /// What was not tried, and differences that the policies let pass.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

impl fmt::Display for Rehearsal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        if self.tried.is_empty() {
            return f.write_str("nothing to try");
        }
        let them = if self.tried.len() == 1 { "it" } else { "them" };
        write!(
            f,
            "tried {} and rolled {them} back",
            count(self.tried.len())
        )?;
        for patch in &self.tried {
            write!(
                f,
                "\n  {:>8} ms  {}",
                patch.elapsed().as_millis(),
                patch.file()
            )?;
        }
        Ok(())
    }
}

pub(crate) async fn rehearse(set: &PatchSet<'_>, config: &Config) -> Result<Rehearsal, Error> {
    let plan = crate::status::plan(set, config).await?;
    let context = Context::new(set, config)?;
    let mut rehearsal = Rehearsal {
        warnings: plan.warnings,
        ..Rehearsal::default()
    };
    let steps: Vec<Step<'_>> = plan
        .steps
        .into_iter()
        .filter(|step| step.action == Action::Run)
        .collect();
    for steps in steps.chunk_by(|a, b| a.target.database == b.target.database) {
        let same_user = steps
            .iter()
            .all(|step| step.patch.user() == steps[0].patch.user());
        let user = if same_user {
            steps[0].patch.user()
        } else {
            context.targets.admin()
        };
        let name = &steps[0].target.database;
        match context.targets.open(name, user).await {
            Ok(session) => try_database(&session, steps, config, &mut rehearsal).await?,
            Err(error) if error.kind() == ErrorKind::MissingDatabase => {
                let count = steps.len();
                rehearsal.warnings.push(format!(
                    "database `{name}` does not exist: its {count} patches were not tried"
                ));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(rehearsal)
}

async fn try_database(
    session: &Session,
    steps: &[Step<'_>],
    config: &Config,
    rehearsal: &mut Rehearsal,
) -> Result<(), Error> {
    for (number, step) in steps.iter().enumerate() {
        let patch = &step.patch;
        if patch.kind() == Kind::Concurrent {
            let (file, after) = (patch.file(), steps.len() - number - 1);
            rehearsal.warnings.push(format!(
                "`{file}` is concurrent and cannot be rolled back: it and the {after} after it were not tried"
            ));
            break;
        }
        let began = Instant::now();
        let mut parts = Parts::default();
        if number == 0 {
            parts.own("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
        }
        if let (true, Some(schema)) = (patch.is_bootstrap(), &step.target.schema) {
            let (schema, user) = (identifier(schema), identifier(patch.user()));
            parts.own(&format!(
                "CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {user}"
            ));
        }
        session_settings(config, patch, &step.target)
            .iter()
            .for_each(|setting| parts.own(setting));
        if session.user != patch.user() {
            parts.own(&format!("SET LOCAL ROLE {}", identifier(patch.user())));
        }
        parts.patch(
            0,
            patch,
            &mut Variables::new(config, &step.target.database, patch.user()),
        )?;
        CLEAN.iter().for_each(|statement| parts.own(statement));
        for part in parts.finish() {
            part.send(session).await.map_err(|failure| {
                let offset = failure.blame.map(|(_, offset)| offset);
                patch_error(
                    patch,
                    failure.refusal,
                    offset,
                    "this was a trial; everything is rolled back",
                )
            })?;
        }
        rehearsal
            .tried
            .push(AppliedPatch::new(patch, began.elapsed()));
    }
    session
        .run("ROLLBACK")
        .await
        .map(drop)
        .map_err(|refusal| session.explain(refusal))
}
