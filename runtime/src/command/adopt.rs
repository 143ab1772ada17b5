//! `adopt`: records patches without running them, because a person knows that they are applied, or because another tool's
//! ledger says so.

mod adoption;
mod foreign;
mod map;
mod matching;
mod outcome;
mod tool;

pub use adoption::{Adoption, Recording};
pub use map::VersionMap;
pub use outcome::{Adopted, AdoptedPatch, Doubtful};
pub use tool::Tool;

use crate::ledger::FinalState;
use crate::ledger::entry::Planned;
use crate::ledger::row::{Row, State};
use crate::run::bootstrap;
use crate::run::deployment::Deployment;
use crate::run::scope::LedgerScope;
use crate::{Config, Error, ErrorKind};
use foreign::Role;
use matching::Pairs;
use patchgen_model::{Grammar, Patch, PatchSet};

/// A patch to be recorded, and the versions that another tool has for it.
struct Chosen<'a> {
    patch: Patch<'a>,
    versions: Vec<String>,
}

pub(crate) async fn adopt(
    set: &PatchSet<'_>,
    config: &Config,
    adoption: &Adoption,
) -> Result<Adopted, Error> {
    let deployment = Deployment::new(set, config)?;
    let mut adopted = Adopted {
        recorded: adoption.recording == Recording::Record,
        ..Adopted::default()
    };
    let patches = select(&deployment, adoption)?;
    let chosen = match adoption.from {
        Some(tool) => import(&deployment, tool, adoption, &patches, &mut adopted).await?,
        None => {
            let own = |patch| Chosen {
                patch,
                versions: Vec::new(),
            };
            patches.into_iter().map(own).collect()
        }
    };
    for group in chosen.chunk_by(|a, b| a.patch.database() == b.patch.database()) {
        // No patch can have been applied in a database that does not exist.
        let place = config.place(group[0].patch.database());
        let _ = deployment
            .targets
            .open(&place.database, deployment.targets.admin())
            .await?;
    }
    for scope in deployment.scopes() {
        let is_of = |chosen: &&Chosen<'_>| {
            let name = chosen.patch.database();
            scope.series.iter().any(|series| series.name == name)
        };
        let of_scope: Vec<&Chosen<'_>> = chosen.iter().filter(is_of).collect();
        if !of_scope.is_empty() {
            adopt_in(&deployment, &scope, &of_scope, adoption, &mut adopted).await?;
        }
    }
    Ok(adopted)
}

/// Returns the patches of the adoption, in order.
fn select<'a>(
    deployment: &Deployment<'_, 'a>,
    adoption: &Adoption,
) -> Result<Vec<Patch<'a>>, Error> {
    let is_of = |patch: &Patch<'_>, name: &str| {
        patch.database() == name || deployment.config.place(patch.database()).to_string() == name
    };
    let mut patches: Vec<Patch<'a>> = deployment.set.iter().collect();
    if let Some(name) = &adoption.database {
        patches.retain(|patch| patch.database() == *name);
        if patches.is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                format!("there are no patches of a database `{name}`"),
            )
            .with_help(databases(deployment)));
        }
    }
    let Some(last) = &adoption.through else {
        return Ok(patches);
    };
    patches.retain(|patch| is_of(patch, &last.database) && patch.version() <= last.version);
    match patches.last() {
        Some(patch) if patch.version() == last.version => Ok(patches),
        _ => Err(Error::new(
            ErrorKind::Config,
            format!("none of the patches is `{last}`"),
        )
        .with_help("name the last patch to record by its file, or as database.major.minor")),
    }
}

fn databases(deployment: &Deployment<'_, '_>) -> String {
    let names: Vec<&str> = deployment
        .set
        .databases()
        .map(|database| database.database)
        .collect();
    format!(
        "name one of these with --database: `{}`",
        names.join("`, `")
    )
}

/// Finds the patches that another tool has applied; doubtful entries of its ledger go into the outcome.
async fn import<'a>(
    deployment: &Deployment<'_, 'a>,
    tool: Tool,
    adoption: &Adoption,
    patches: &[Patch<'a>],
    adopted: &mut Adopted,
) -> Result<Vec<Chosen<'a>>, Error> {
    let foreign = tool.ledger();
    let Some(first) = patches.first() else {
        return Ok(Vec::new());
    };
    if patches
        .iter()
        .any(|patch| patch.database() != first.database())
    {
        return Err(Error::new(
            ErrorKind::Config,
            format!(
                "the patches are of several databases, and {} has a ledger in each",
                foreign.name
            ),
        )
        .with_help(databases(deployment)));
    }
    let place = deployment.config.place(first.database());
    let session = deployment
        .targets
        .open(&place.database, deployment.targets.admin())
        .await?;
    let found = foreign::read(&session, &place, foreign, adoption.table.as_deref()).await?;
    let (aside, entries): (Vec<_>, Vec<_>) = found
        .entries
        .into_iter()
        .partition(|entry| entry.role == Role::Aside);
    adopted.notes.extend(aside.iter().map(|entry| {
        let name = &entry.description;
        format!("`{name}` has no version and is left out; if it is still wanted, make it a patch")
    }));
    adopted.source = Some(format!("the table `{}` of {}", found.table, foreign.name));
    let is_keyed = foreign.keyed
        && patches
            .iter()
            .all(|patch| patch.grammar() == Grammar::Launchpad);
    let pairs = match &adoption.map {
        Some(map) => matching::by_map(entries, patches, map, |name| place.to_string() == name),
        None if is_keyed => matching::by_key(entries, patches),
        None => matching::by_order(entries, patches),
    };
    let pairs = pairs.map_err(|unmatched| {
        Error::new(
            ErrorKind::History,
            format!(
                "the entries of {} in `{}` do not match the patches of `{}`: {}",
                foreign.name,
                found.table,
                first.database(),
                unmatched.faults.join("; ")
            ),
        )
        .with_help(unmatched.help)
    })?;
    Ok(trusted(&pairs, adopted))
}

/// Leaves out doubtful entries; several entries of one patch become one.
fn trusted<'a>(pairs: &Pairs<'a>, adopted: &mut Adopted) -> Vec<Chosen<'a>> {
    let mut chosen = Vec::new();
    for group in pairs.chunk_by(|(_, a), (_, b)| a.id() == b.id()) {
        let patch = group[0].1;
        let doubts = group
            .iter()
            .filter_map(|(entry, _)| Some((entry, entry.doubt.as_ref()?)));
        let before = adopted.doubtful.len();
        adopted
            .doubtful
            .extend(doubts.map(|(entry, reason)| Doubtful {
                version: entry.version.clone(),
                file: patch.file().to_owned(),
                reason: reason.clone(),
            }));
        if adopted.doubtful.len() == before {
            chosen.push(Chosen {
                patch,
                versions: group
                    .iter()
                    .map(|(entry, _)| entry.version.clone())
                    .collect(),
            });
        }
    }
    chosen
}

async fn adopt_in(
    deployment: &Deployment<'_, '_>,
    scope: &LedgerScope,
    chosen: &[&Chosen<'_>],
    adoption: &Adoption,
    adopted: &mut Adopted,
) -> Result<(), Error> {
    if adoption.recording == Recording::Show {
        let rows = match deployment.open_to_read(scope).await? {
            Some(ledger) => ledger.rows(&scope.series).await?,
            None => Vec::new(),
        };
        return to_record(deployment, adoption, chosen, &rows, adopted).map(drop);
    }
    let opened = deployment.open(scope).await?;
    let (ledger, _) = bootstrap::establish(deployment, scope, opened).await?;
    let lock = deployment.lock(scope, &ledger).await?;
    let record = async {
        ledger.upgrade().await?;
        let rows = ledger.rows(&scope.series).await?;
        let planned = to_record(deployment, adoption, chosen, &rows, adopted)?;
        if planned.is_empty() {
            return Ok(());
        }
        let state = match adoption.from {
            Some(_) => FinalState::Imported,
            None => FinalState::Adopted,
        };
        let message = ledger.record_final(&planned, state);
        ledger.session.execute(&message).await
    };
    let outcome = record.await;
    lock.release().await;
    outcome
}

/// Returns the patches that are still to be recorded, and puts them into the outcome.
fn to_record<'a>(
    deployment: &Deployment<'_, '_>,
    adoption: &Adoption,
    chosen: &[&Chosen<'a>],
    rows: &[Row],
    adopted: &mut Adopted,
) -> Result<Vec<Planned<'a>>, Error> {
    let mut planned = Vec::new();
    for chosen in chosen {
        let patch = chosen.patch;
        let row = rows
            .iter()
            .find(|row| row.version == patch.version() && row.series.name == patch.database());
        let is_named = adoption
            .through
            .as_ref()
            .is_some_and(|through| through.version == patch.version());
        if let Some(found) = row.and_then(unfinished).filter(|_| !is_named) {
            let file = patch.file();
            adopted.notes.push(format!(
                "`{file}` {found}: it stays pending; to record it all the same, name it with --through"
            ));
            continue;
        }
        match row.map(|row| row.state) {
            Some(State::Applied | State::Adopted) => adopted.known += 1,
            Some(State::Committing) => {
                return Err(Error::new(
                    ErrorKind::InDoubt,
                    format!("whether `{}` took effect is not known", patch.file()),
                )
                .with_help(
                    "run apply: it asks the server; what no server knows is settled with resolve",
                )
                .with_patch(&patch));
            }
            Some(State::Intent) | None => {
                adopted
                    .adopted
                    .push(AdoptedPatch::new(&patch, &chosen.versions));
                planned.push(Planned {
                    patch,
                    place: deployment.config.place(patch.database()),
                });
            }
        }
    }
    Ok(planned)
}

/// The traces of an earlier attempt that did not end: nobody should record its patch without knowing of them.
fn unfinished(row: &Row) -> Option<String> {
    if row.state != State::Intent {
        return None;
    }
    if row.run.may_have_effect() {
        let done = row.run.done;
        return Some(format!("was begun, and {done} of its statements are done"));
    }
    let failure = row.failure.as_ref()?;
    Some(format!("failed in its last attempt ({})", failure.message))
}
