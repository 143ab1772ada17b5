//! How the patches stand: for people who look, and for programs that decide. Nothing here writes.

use crate::context::{Context, Domain, target_of};
use crate::ledger::{Ledger, Opened, State};
use crate::observer::{Event, emit};
use crate::plan::{PatchState, Plan, Presence, Standing};
use crate::recover::{Finding, Interrupted};
use crate::{Config, Error, restored};
use patchgen_model::{PatchSet, Version};
use std::collections::BTreeMap;
use std::fmt;

/// How one patch stands. Times are UTC, as ISO 8601.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PatchStatus {
    /// The logical database; the ledger's key if only the ledger knows the patch.
    pub database: String,
    /// The version.
    pub version: Version,
    /// The file; as it was when the patch ran if the program has it no longer.
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
    /// How it stands.
    pub state: PatchState,
    /// How many times it was begun.
    pub attempt: u32,
    /// When it was begun last.
    pub started_at: Option<String>,
    /// When it was applied, or failed.
    pub finished_at: Option<String>,
    /// How long the last attempt took.
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
    /// What the last attempt failed with.
    pub message: Option<String>,
}

impl PatchStatus {
    fn new(standing: &Standing<'_>, state: PatchState) -> Self {
        let (patch, row) = (standing.patch.as_ref(), standing.row.as_ref());
        let text = |of_patch: Option<&str>, of_row: Option<&String>| {
            of_patch.map_or_else(|| of_row.cloned().unwrap_or_default(), str::to_owned)
        };
        Self {
            database: text(patch.map(|patch| patch.database()), row.map(|row| &row.key)),
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
            state,
            attempt: row.map_or(0, |row| row.attempt),
            started_at: row.and_then(|row| row.started_at.clone()),
            finished_at: row.and_then(|row| row.finished_at.clone()),
            milliseconds: row.and_then(|row| row.milliseconds),
            login_role: row.map(|row| row.login_role.clone()),
            branch: row.and_then(|row| row.branch.clone()),
            revision_number: row.and_then(|row| row.revision_number),
            revision_id: row.and_then(|row| row.revision_id.clone()),
            sql_state: row.and_then(|row| row.sql_state.clone()),
            message: row.and_then(|row| row.message.clone()),
        }
    }
}

/// How all patches stand that the set or the ledger of its databases knows.
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

    /// How many are in a state.
    #[must_use]
    pub fn count(&self, state: PatchState) -> usize {
        self.patches
            .iter()
            .filter(|patch| patch.state == state)
            .count()
    }

    /// Whether it is not known of some patch how far it came.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.count(PatchState::InDoubt) > 0
    }

    /// Whether some patch is still to be run.
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
            let is_unwell = matches!(state, PatchState::Failed | PatchState::InDoubt);
            if let (true, Some(message)) = (is_unwell, &patch.message) {
                write!(f, "\n    last try, attempt {}: {message}", patch.attempt)?;
            }
        }
        Ok(())
    }
}

/// A patch whose text in the program and in the ledger differ.
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
    /// The checksum of the program's text; nothing when the program lacks the patch.
    pub embedded: Option<String>,
}

/// What [`verify`](crate::verify) found.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Verification {
    pub(crate) compared: usize,
    pub(crate) pending: usize,
    pub(crate) in_doubt: usize,
    pub(crate) differences: Vec<Difference>,
    pub(crate) warnings: Vec<String>,
}

impl Verification {
    /// How many applied patches were compared.
    #[must_use]
    pub fn compared(&self) -> usize {
        self.compared
    }

    /// How many patches of the program are not applied.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending
    }

    /// Edited and missing patches.
    #[must_use]
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// Databases that do not seem to be those that the record was made of.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Whether everything that was applied is in the program, unchanged.
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

pub(crate) async fn plan<'a>(set: &PatchSet<'a>, config: &Config) -> Result<Plan<'a>, Error> {
    let context = Context::new(set, config)?;
    let mut whole = Plan::default();
    for domain in context.domains() {
        let (standings, presence, _) = look(&context, &domain).await?;
        let plan = Plan::new(&standings, &presence, config)?;
        whole.steps.extend(plan.steps);
        whole.warnings.extend(plan.warnings);
    }
    Ok(whole)
}

pub(crate) async fn status(set: &PatchSet<'_>, config: &Config) -> Result<Status, Error> {
    let context = Context::new(set, config)?;
    let mut status = Status::default();
    for domain in context.domains() {
        let (standings, ..) = look(&context, &domain).await?;
        status.patches.extend(
            standings
                .iter()
                .map(|standing| PatchStatus::new(standing, standing.state)),
        );
    }
    status
        .patches
        .sort_by(|a, b| (&a.database, a.version).cmp(&(&b.database, b.version)));
    Ok(status)
}

pub(crate) async fn verify(set: &PatchSet<'_>, config: &Config) -> Result<Verification, Error> {
    let context = Context::new(set, config)?;
    let mut verification = Verification::default();
    for domain in context.domains() {
        let (standings, _, ledger) = look(&context, &domain).await?;
        if let Some(ledger) = &ledger {
            let system = system_identifier(ledger).await?;
            let notices =
                restored::notices(&context.targets, &domain, &standings, system.as_deref()).await;
            for message in &notices {
                emit(config, &Event::Warning { message });
            }
            verification.warnings.extend(notices);
        }
        for standing in &standings {
            let Some(row) = standing.row.as_ref().filter(|row| row.state.is_settled()) else {
                verification.pending += usize::from(standing.patch.is_some());
                verification.in_doubt += usize::from(standing.state == PatchState::InDoubt);
                continue;
            };
            verification.compared += 1;
            let embedded = standing.patch.map(|patch| patch.checksum().to_string());
            if embedded.as_ref() != Some(&row.checksum) {
                verification.differences.push(Difference {
                    database: standing
                        .patch
                        .map_or_else(|| row.key.clone(), |patch| patch.database().to_owned()),
                    version: row.version,
                    file: standing
                        .patch
                        .map_or_else(|| row.file.clone(), |patch| patch.file().to_owned()),
                    deployed: row.checksum.clone(),
                    embedded,
                });
            }
        }
    }
    Ok(verification)
}

/// Compares a domain's patches with its ledger; interrupted ones are shown as what the server says of them.
pub(crate) async fn look<'a>(
    context: &Context<'_, 'a>,
    domain: &Domain,
) -> Result<
    (
        Vec<Standing<'a>>,
        BTreeMap<String, Presence>,
        Option<Ledger>,
    ),
    Error,
> {
    let ledger = match context.open(domain).await? {
        Opened::Session(ledger) => Some(ledger),
        Opened::Absent(refused) if context.is_refused_role(domain, &refused).await => {
            return Err(refused);
        }
        Opened::Absent(_) => None,
    };
    let mut rows = match &ledger {
        Some(ledger) => ledger.rows(&domain.keys).await?,
        None => Vec::new(),
    };
    for row in rows.iter_mut().filter(|row| row.state == State::Committing) {
        let system = match &ledger {
            Some(ledger) => system_identifier(ledger).await?,
            None => None,
        };
        let target = target_of(&row.key);
        match Interrupted::of_row(row, &target)
            .examine(&context.targets, system.as_deref())
            .await?
        {
            Finding::Committed => row.state = State::Applied,
            Finding::Aborted => row.state = State::Intent,
            Finding::Running | Finding::Unknown(_) => {}
        }
    }
    let standings = context.standings(domain, rows);
    let presence = context.presence(&standings, ledger.as_ref()).await?;
    Ok((standings, presence, ledger))
}

async fn system_identifier(ledger: &Ledger) -> Result<Option<String>, Error> {
    let query = "SELECT system_identifier FROM pg_catalog.pg_control_system()";
    let row = ledger
        .session
        .run(query)
        .await
        .map_err(|refusal| ledger.session.explain(refusal))?;
    Ok(row.and_then(|row| row.get(0).map(str::to_owned)))
}
