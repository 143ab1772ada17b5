//! `rehearse`: runs what is pending in one transaction for each database, and rolls it back.

use crate::message::Parts;
use crate::message::envelope::{BEGIN, Envelope};
use crate::message::error::patch_error;
use crate::plan::{Action, Begins, Step};
use crate::report::{AppliedPatch, count};
use crate::run::deployment::Deployment;
use crate::server::database::{self, Presence};
use crate::server::session::{Session, application_name};
use crate::{Config, Error, ErrorKind};
use patchgen_model::{Kind, PatchSet};
use std::fmt;
use std::time::Instant;

/// The result of [`rehearse`](crate::rehearse).
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

    /// Patches that were not tried, differences that the policies allow, and other facts that deserve attention.
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
    let plan = super::plan::plan(set, config).await?;
    let deployment = Deployment::new(set, config)?;
    let mut rehearsal = Rehearsal {
        warnings: plan.warnings,
        ..Rehearsal::default()
    };
    let steps = plan.steps.into_iter();
    let steps: Vec<Step<'_>> = steps.filter(|step| step.action == Action::Run).collect();
    for steps in steps.chunk_by(|a, b| a.place.database == b.place.database) {
        let user = steps[0].patch.user();
        let is_same_user = steps.iter().all(|step| step.patch.user() == user);
        let user = if is_same_user {
            user
        } else {
            deployment.targets.admin()
        };
        let name = &steps[0].place.database;
        let session = match deployment.targets.open(name, user).await {
            Ok(session) => session,
            Err(error) if error.kind() == ErrorKind::MissingDatabase => {
                rehearsal.skip(name, "does not exist", steps.len());
                continue;
            }
            Err(error) => return Err(error),
        };
        if database::presence_of(&session, name).await? == Presence::Unfinished {
            let why = "is unfinished, and apply begins it again";
            rehearsal.skip(name, why, steps.len());
            continue;
        }
        rehearsal.try_database(&session, steps, config).await?;
    }
    Ok(rehearsal)
}

impl Rehearsal {
    fn skip(&mut self, database: &str, why: &str, patches: usize) {
        self.warnings.push(format!(
            "database `{database}` {why}: its {patches} patches were not tried"
        ));
    }

    async fn try_database(
        &mut self,
        session: &Session,
        steps: &[Step<'_>],
        config: &Config,
    ) -> Result<(), Error> {
        for (number, step) in steps.iter().enumerate() {
            let patch = &step.patch;
            if patch.kind() == Kind::Concurrent {
                let (file, after) = (patch.file(), steps.len() - number - 1);
                self.warnings.push(format!(
                    "`{file}` is concurrent and cannot be rolled back: it and the {after} after it were not tried"
                ));
                break;
            }
            let began = Instant::now();
            let envelope = Envelope {
                config,
                place: &step.place,
                login: &session.user,
            };
            let mut parts = Parts::default();
            if number == 0 {
                parts.own(BEGIN);
            }
            if step.begins == Begins::Schema {
                parts.own_all(envelope.create_schema(patch.user()));
            }
            let name = application_name(&config.program, Some("rehearsal"));
            envelope.enclose(&mut parts, 0, patch, &name)?;
            for part in parts.finish() {
                part.send(session).await.map_err(|failure| {
                    let offset = failure.blame.map(|blame| blame.offset);
                    let help = "this was a trial; everything is rolled back";
                    patch_error(patch, failure.refusal, offset, help)
                })?;
            }
            self.tried.push(AppliedPatch::new(patch, began.elapsed()));
        }
        session.open("ROLLBACK").await.map(drop)
    }
}
