//! Records patches without running them: because somebody knows that they are there, or because another tool's ledger
//! says so.

mod diesel;
mod flyway;
mod foreign;
mod lazr;
mod map;
mod matching;
mod outcome;
mod refinery;
mod sqlx;

pub use map::VersionMap;
pub use outcome::{Adopted, AdoptedPatch, Doubtful};

use crate::context::{Context, Domain};
use crate::ledger::{Entry, Opened, Row, Settled, State};
use crate::{Config, Error, ErrorKind, Identity};
use foreign::Role;
use matching::Pairs;
use patchgen_model::{Grammar, Patch, PatchSet};
use std::fmt;
use std::str::FromStr;

/// Another tool, whose ledger can be read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Tool {
    /// lazr.postgresql: table `lazrdatabaserevision`.
    Lazr,
    /// sqlx: table `_sqlx_migrations`.
    Sqlx,
    /// refinery: table `refinery_schema_history`.
    Refinery,
    /// diesel: table `__diesel_schema_migrations`.
    Diesel,
    /// Flyway: table `flyway_schema_history`.
    Flyway,
}

impl Tool {
    /// All tools.
    pub const ALL: [Self; 5] = [
        Self::Lazr,
        Self::Sqlx,
        Self::Refinery,
        Self::Diesel,
        Self::Flyway,
    ];

    /// The word for it on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lazr => "lazr",
            Self::Sqlx => "sqlx",
            Self::Refinery => "refinery",
            Self::Diesel => "diesel",
            Self::Flyway => "flyway",
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Tool {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|tool| tool.as_str() == word)
            .ok_or_else(|| {
                let words = Self::ALL.map(Self::as_str).join("`, `");
                Error::new(
                    ErrorKind::Config,
                    format!("`{word}` is no tool whose ledger can be read"),
                )
                .with_help(format!(
                    "those are `{words}`; patches up to one are recorded with --through"
                ))
            })
    }
}

/// Whether to record or only to tell.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum Recording {
    /// Tell what would be recorded; change and create nothing.
    #[default]
    Show,
    /// Record it.
    Record,
}

/// Which patches to record as adopted, and on whose word.
///
/// ```
/// use patchgen_runtime::{Adoption, Recording, Tool};
///
/// let adoption = Adoption::new().from(Tool::Sqlx).database("app").recording(Recording::Record);
/// # let _ = adoption;
/// ```
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Adoption {
    from: Option<Tool>,
    table: Option<String>,
    map: Option<VersionMap>,
    database: Option<String>,
    through: Option<Identity>,
    recording: Recording,
}

impl Adoption {
    /// All patches of the set, on the caller's word; only shown.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The patches that another tool has recorded as applied in its own table, which is left alone.
    #[must_use]
    pub fn from(mut self, tool: Tool) -> Self {
        self.from = Some(tool);
        self
    }

    /// The table of that tool, if it is not the usual one: `name` or `schema.name`.
    #[must_use]
    pub fn table(mut self, name: impl Into<String>) -> Self {
        self.table = Some(name.into());
        self
    }

    /// Which of that tool's versions is which patch, instead of by order.
    #[must_use]
    pub fn map(mut self, map: VersionMap) -> Self {
        self.map = Some(map);
        self
    }

    /// Only patches of this logical database.
    #[must_use]
    pub fn database(mut self, name: impl Into<String>) -> Self {
        self.database = Some(name.into());
        self
    }

    /// Only patches of this one's database, up to and with it.
    #[must_use]
    pub fn through(mut self, identity: Identity) -> Self {
        self.through = Some(identity);
        self
    }

    /// Whether to record what is found \[show it only\].
    #[must_use]
    pub fn recording(mut self, recording: Recording) -> Self {
        self.recording = recording;
        self
    }
}

/// A patch to be recorded, and what another tool calls it.
struct Chosen<'a> {
    patch: Patch<'a>,
    versions: Vec<String>,
}

pub(crate) async fn adopt(
    set: &PatchSet<'_>,
    config: &Config,
    adoption: &Adoption,
) -> Result<Adopted, Error> {
    let context = Context::new(set, config)?;
    let mut adopted = Adopted {
        recorded: adoption.recording == Recording::Record,
        ..Adopted::default()
    };
    let patches = select(&context, adoption)?;
    let chosen = match adoption.from {
        Some(tool) => import(&context, tool, adoption, &patches, &mut adopted).await?,
        None => {
            let own = |patch| Chosen {
                patch,
                versions: Vec::new(),
            };
            patches.into_iter().map(own).collect()
        }
    };
    for group in chosen.chunk_by(|a, b| a.patch.database() == b.patch.database()) {
        // Nothing of a database that is not there can have been applied.
        let target = config.target(group[0].patch.database());
        let _ = context
            .targets
            .open(&target.database, context.targets.admin())
            .await?;
    }
    for domain in context.domains() {
        let of_domain: Vec<&Chosen<'_>> = chosen
            .iter()
            .filter(|chosen| {
                domain
                    .names
                    .iter()
                    .any(|name| name == chosen.patch.database())
            })
            .collect();
        if !of_domain.is_empty() {
            adopt_domain(&context, &domain, &of_domain, adoption, &mut adopted).await?;
        }
    }
    Ok(adopted)
}

/// The patches that the adoption is about, in order.
fn select<'a>(context: &Context<'_, 'a>, adoption: &Adoption) -> Result<Vec<Patch<'a>>, Error> {
    let is_of = |patch: &Patch<'_>, name: &str| {
        patch.database() == name || context.config.target(patch.database()).to_string() == name
    };
    let mut patches: Vec<Patch<'a>> = context.set.iter().collect();
    if let Some(name) = &adoption.database {
        patches.retain(|patch| patch.database() == *name);
        if patches.is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                format!("there are no patches of a database `{name}`"),
            )
            .with_help(databases(context)));
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

fn databases(context: &Context<'_, '_>) -> String {
    let names: Vec<&str> = context
        .set
        .databases()
        .map(|database| database.database)
        .collect();
    format!(
        "name one of these with --database: `{}`",
        names.join("`, `")
    )
}

/// Finds the patches that another tool has applied; what is doubtful of its ledger goes into the outcome.
async fn import<'a>(
    context: &Context<'_, 'a>,
    tool: Tool,
    adoption: &Adoption,
    patches: &[Patch<'a>],
    adopted: &mut Adopted,
) -> Result<Vec<Chosen<'a>>, Error> {
    let foreign = tool.foreign();
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
        .with_help(databases(context)));
    }
    let target = context.config.target(first.database());
    let session = context
        .targets
        .open(&target.database, context.targets.admin())
        .await?;
    let found = foreign::read(&session, &target, foreign, adoption.table.as_deref()).await?;
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
        Some(map) => matching::by_map(entries, patches, map, |name| target.to_string() == name),
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
    Ok(believe(&pairs, adopted))
}

/// Leaves out what is doubtful; several entries of one patch become one.
fn believe<'a>(pairs: &Pairs<'a>, adopted: &mut Adopted) -> Vec<Chosen<'a>> {
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

async fn adopt_domain(
    context: &Context<'_, '_>,
    domain: &Domain,
    chosen: &[&Chosen<'_>],
    adoption: &Adoption,
    adopted: &mut Adopted,
) -> Result<(), Error> {
    if adoption.recording == Recording::Show {
        let rows = match context.open(domain).await? {
            Opened::Session(ledger) => ledger.rows(&domain.keys).await?,
            Opened::Absent(refused) if context.is_refused_role(domain, &refused).await => {
                return Err(refused);
            }
            Opened::Absent(_) => Vec::new(),
        };
        return unsettled(context, chosen, &rows, adopted).map(drop);
    }
    let (ledger, _) = context
        .establish(domain, context.open(domain).await?)
        .await?;
    let lock = context.lock(domain, &ledger).await?;
    let record = async {
        ledger.upgrade().await?;
        let rows = ledger.rows(&domain.keys).await?;
        let entries = unsettled(context, chosen, &rows, adopted)?;
        if entries.is_empty() {
            return Ok(());
        }
        let settled = match adoption.from {
            Some(_) => Settled::Imported,
            None => Settled::Adopted,
        };
        ledger
            .session
            .run(&ledger.settle(&entries, settled))
            .await
            .map(drop)
            .map_err(|refusal| ledger.session.explain(refusal))
    };
    let outcome = record.await;
    lock.release().await;
    outcome
}

/// What is still to be recorded, put into the outcome too.
fn unsettled<'a>(
    context: &Context<'_, '_>,
    chosen: &[&Chosen<'a>],
    rows: &[Row],
    adopted: &mut Adopted,
) -> Result<Vec<Entry<'a>>, Error> {
    let mut entries = Vec::new();
    for chosen in chosen {
        let patch = chosen.patch;
        let target = context.config.target(patch.database());
        let key = target.to_string();
        let row = rows
            .iter()
            .find(|row| row.version == patch.version() && row.key == key);
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
                entries.push(Entry {
                    patch,
                    target,
                    attempt: 1,
                });
            }
        }
    }
    Ok(entries)
}
