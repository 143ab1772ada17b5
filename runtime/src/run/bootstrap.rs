//! Bootstraps: databases that patches create, from their creation to their last bootstrap patch.

mod closed;
mod state;

use super::deployment::Deployment;
use super::lane::Lane;
use super::scope::LedgerScope;
use super::script;
use crate::ledger::record::Record;
use crate::ledger::row::Row;
use crate::plan::Step;
use crate::plan::comparison::Comparison;
use crate::server::database::{self, Presence};
use crate::server::session::{DURABLE, FLUSH};
use crate::{Error, failpoint};
use patchgen_model::Patch;
use std::time::{Duration, Instant};

pub(crate) use closed::{close, close_sql};
pub(crate) use state::{allow_sql, check_role, create_state_sql, establish, reopen};

/// Creates the database of a step.
pub(crate) async fn create_database<'a>(
    lane: &mut Lane<'_, 'a>,
    step: &Step<'a>,
) -> Result<(), Error> {
    lane.flush().await?;
    let name = &step.place.database;
    let session = database::maintenance(lane.connector, step.patch.user()).await?;
    lane.connector.note_created(name);
    database::create_database(lane.connector, &session, name).await
}

/// Runs a baseline that cannot run in a transaction, from the creation of its database; returns the time that it took.
pub(crate) async fn run_script<'a>(
    lane: &mut Lane<'_, 'a>,
    step: &Step<'a>,
) -> Result<Duration, Error> {
    let begun = lane.record_intent(std::slice::from_ref(step)).await?;
    let began = Instant::now();
    lane.report_started(&begun);
    let begun = &begun[0];
    let (patch, name) = (step.patch, &step.place.database);
    script::check_name(&patch, name)?;
    let mut session = database::maintenance(lane.connector, patch.user()).await?;
    lane.connector.note_created(name);
    if database::presence_of(&session, name).await? == Presence::Unfinished {
        database::drop_unfinished(lane.config, &session, name).await?;
    }
    if !script::creates(&patch, name) {
        database::create_database(lane.connector, &session, name).await?;
        session = lane.connector.open(name, patch.user()).await?;
    }
    if let Err(error) = script::run(lane.connector, session, &patch).await {
        lane.record_failure(begun, &error).await;
        return Err(error);
    }
    // A script that is recorded as done must not be lost with the end of the server's WAL.
    let session = lane.connector.open(name, patch.user()).await?;
    session.execute(&format!("{DURABLE}{FLUSH}")).await?;
    failpoint!("ran");
    lane.note(Record::Done(Box::new(begun.clone())));
    Ok(began.elapsed())
}

/// Takes the mark off the databases of a scope whose bootstrap turned out to be complete.
pub(crate) async fn finish_all(
    deployment: &Deployment<'_, '_>,
    scope: &LedgerScope,
    rows: &[Row],
) -> Result<(), Error> {
    let comparisons = deployment.compare(scope, rows.to_vec());
    for group in comparisons.chunk_by(|a, b| a.place() == b.place()) {
        let mut patches = group.iter().filter(|it| it.is_bootstrap()).peekable();
        let is_database = group[0].place().schema.is_none();
        if is_database && patches.peek().is_some() && patches.all(Comparison::is_final) {
            finish(deployment, &group[0].place().database).await?;
        }
    }
    Ok(())
}

/// Takes the mark off a database, as the role that created it.
pub(crate) async fn finish(deployment: &Deployment<'_, '_>, name: &str) -> Result<(), Error> {
    let patches = state::bootstrap_patches(&deployment.set, deployment.config, name);
    let Some(first) = patches.first() else {
        return Ok(());
    };
    let session = database::maintenance(&deployment.targets, first.user()).await?;
    database::unmark(&session, &created_by(deployment, name, &patches)).await
}

/// A database and those that its scripts create beside it.
fn created_by(deployment: &Deployment<'_, '_>, name: &str, patches: &[Patch<'_>]) -> Vec<String> {
    let mut names = vec![name.to_owned()];
    for patch in patches {
        names.extend(script::databases(deployment.config, patch));
    }
    names
}
