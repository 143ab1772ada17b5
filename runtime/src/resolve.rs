//! Settles by hand what no server can tell.

use crate::concurrent;
use crate::context::{Context, Domain, target_of};
use crate::ledger::{Entry, Ledger, Opened, Row, State};
use crate::lock::Lock;
use crate::progress::{Progress, UnderWay};
use crate::recover::{Finding, Interrupted};
use crate::{Config, Error, ErrorKind};
use patchgen_model::{Kind, PatchSet, Version};
use std::fmt;
use std::str::FromStr;

/// Which patch: its database as the ledger has it, and its version.
///
/// Read from `database.major.minor`, `database:major-minor-point`, or the name of a patch file of the dotted grammar.
///
/// ```
/// use patchgen_runtime::Identity;
///
/// let identity: Identity = "app.20240131.0001".parse()?;
/// assert_eq!(identity, "app:20240131-1-0".parse()?);
/// assert_eq!(identity, "patches/app.20240131.0001.postgres.start.sql".parse()?);
/// # Ok::<(), patchgen_runtime::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Identity {
    /// The physical database, followed by `/schema` where patches own only a schema.
    pub database: String,
    /// The version.
    pub version: Version,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Version {
            major,
            minor,
            point,
        } = self.version;
        write!(f, "{}:{major}-{minor}-{point}", self.database)
    }
}

impl FromStr for Identity {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let read = || {
            if let Some((database, version)) = text.rsplit_once(':') {
                let numbers: Vec<u32> = version
                    .split('-')
                    .map(str::parse)
                    .collect::<Result<_, _>>()
                    .ok()?;
                let [major, minor, point] = numbers[..] else {
                    return None;
                };
                return Some((
                    database,
                    Version {
                        major,
                        minor,
                        point,
                    },
                ));
            }
            let name = if text.ends_with(".sql") {
                text.rsplit('/').next()?
            } else {
                text
            };
            let mut parts = name.split('.');
            let (database, major, minor) = (parts.next()?, parts.next()?, parts.next()?);
            Some((
                database,
                Version {
                    major: major.parse().ok()?,
                    minor: minor.parse().ok()?,
                    point: 0,
                },
            ))
        };
        match read() {
            Some((database, version)) => Ok(Self { database: database.to_owned(), version }),
            None => Err(Error::new(ErrorKind::Config, format!("`{text}` names no patch"))
                .with_help("write database.major.minor, database:major-minor-point, or the name of the file")),
        }
    }
}

/// What somebody found out about a patch in doubt.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Settlement {
    /// It took effect; of a concurrent patch, the statement in doubt did, and the ones after it are still to be run.
    Applied,
    /// It did not: it is to be run again.
    Retry,
}

impl fmt::Display for Settlement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Applied => "recorded as applied",
            Self::Retry => "to be run again",
        })
    }
}

/// What [`resolve`](crate::resolve) did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resolved {
    /// The patch.
    pub identity: Identity,
    /// Its file.
    pub file: String,
    /// How it was settled.
    pub settlement: Settlement,
    /// How many statements of it are still to be run: not none where the one in doubt took effect and others follow it.
    pub rest: usize,
}

impl fmt::Display for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            identity,
            file,
            settlement,
            rest,
        } = self;
        if *settlement == Settlement::Applied && *rest > 0 {
            let s = if *rest == 1 { "" } else { "s" };
            return write!(
                f,
                "the statement of {identity} ({file}) that was in doubt counts as done; apply goes on with the {rest} statement{s} after it"
            );
        }
        write!(f, "{identity} ({file}) is {settlement}")
    }
}

pub(crate) async fn resolve(
    set: &PatchSet<'_>,
    config: &Config,
    identity: &Identity,
    settlement: Settlement,
) -> Result<Resolved, Error> {
    let context = Context::new(set, config)?;
    for domain in context
        .domains()
        .iter()
        .filter(|domain| domain.keys.contains(&identity.database))
    {
        let Opened::Session(ledger) = context.open(domain).await? else {
            continue;
        };
        let lock = context.lock(domain, &ledger).await?;
        let outcome = settle(&context, domain, &ledger, &lock, identity, settlement).await;
        lock.release().await;
        return outcome;
    }
    Err(unknown(identity))
}

async fn settle(
    context: &Context<'_, '_>,
    domain: &Domain,
    ledger: &Ledger,
    lock: &Lock,
    identity: &Identity,
    settlement: Settlement,
) -> Result<Resolved, Error> {
    let rows = ledger.rows(&domain.keys).await?;
    let found = rows
        .iter()
        .find(|row| row.key == identity.database && row.version == identity.version);
    let row = found.ok_or_else(|| unknown(identity))?;
    let target = target_of(&row.key);
    let patch = context.set.iter().find(|patch| {
        patch.version() == row.version && context.config.target(patch.database()) == target
    });
    let rest = match (row.state, patch) {
        (State::Committing, _) => {
            refuse_if_known(context, &Interrupted::of_row(row, &target), lock).await?;
            let message = ledger.recovered(row, settlement == Settlement::Applied);
            ledger
                .session
                .run(&message)
                .await
                .map_err(|refusal| ledger.session.explain(refusal))?;
            0
        }
        (State::Intent, Some(patch)) if patch.kind() == Kind::Concurrent => {
            let entry = Entry {
                patch,
                target,
                attempt: row.attempt,
            };
            settle_statement(context, ledger, lock, &entry, settlement).await?
        }
        _ => return Err(not_in_doubt(row)),
    };
    Ok(Resolved {
        identity: identity.clone(),
        file: row.file.clone(),
        settlement,
        rest,
    })
}

/// Nobody is to contradict a server that knows.
async fn refuse_if_known(
    context: &Context<'_, '_>,
    interrupted: &Interrupted<'_>,
    lock: &Lock,
) -> Result<(), Error> {
    match interrupted
        .examine(&context.targets, Some(&lock.system_identifier))
        .await?
    {
        Finding::Unknown(_) => Ok(()),
        Finding::Running => Err(interrupted.running()),
        known => {
            let fate = if known == Finding::Committed {
                "was committed"
            } else {
                "was rolled back"
            };
            Err(Error::new(
                ErrorKind::Config,
                format!(
                    "`{}` is not in doubt: the server says that it {fate}",
                    interrupted.file
                ),
            )
            .with_help("run apply: it settles the patch by itself"))
        }
    }
}

/// Settles the statement in doubt; gives how many are still to be run.
async fn settle_statement(
    context: &Context<'_, '_>,
    ledger: &Ledger,
    lock: &Lock,
    entry: &Entry<'_>,
    settlement: Settlement,
) -> Result<usize, Error> {
    let mut progress = ledger.progress(entry).await?;
    if progress.under_way == UnderWay::Nothing {
        return Err(Error::new(
            ErrorKind::Config,
            format!("`{}` is not in doubt", entry.patch.file()),
        )
        .with_help("run apply: it goes on with the patch"));
    }
    concurrent::refuse_if_running(&context.targets, entry).await?;
    if let Some(interrupted) = progress.interrupted(entry) {
        refuse_if_known(context, &interrupted, lock).await?;
    }
    if settlement == Settlement::Applied {
        let done = progress.done + 1;
        progress = Progress {
            done,
            digest: concurrent::digest_of(&entry.patch, done),
            ..Progress::default()
        };
    }
    progress.under_way = UnderWay::Nothing;
    ledger.write(entry, &progress, None, "").await?;
    let rest = concurrent::count(&entry.patch).saturating_sub(progress.done);
    let entries = std::slice::from_ref(entry);
    let mut message = ledger.cleared(entries);
    if rest == 0 {
        message = format!("{message}; {}", ledger.done(entries));
    }
    let cleared = ledger.session.run(&message).await;
    cleared.map_err(|refusal| ledger.session.explain(refusal))?;
    Ok(rest)
}

fn unknown(identity: &Identity) -> Error {
    Error::new(
        ErrorKind::Config,
        format!("the ledger has no patch `{identity}`"),
    )
    .with_help("status lists the patches that it has")
}

fn not_in_doubt(row: &Row) -> Error {
    let state = match row.state {
        State::Applied => "applied",
        State::Adopted => "adopted",
        State::Intent | State::Committing => "pending",
    };
    Error::new(
        ErrorKind::Config,
        format!("`{}` is not in doubt: it is {state}", row.file),
    )
    .with_help("only patches that status shows as in-doubt can be settled by hand")
}
