//! The action `adopt`.

use super::Format;
use super::outcome::{Outcome, outcome};
use crate::{Adopted, Adoption, Config, Error, ErrorKind, PatchSet, Recording, Tool, VersionMap};
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

/// Options of `adopt`.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Nothing is recorded without --yes, unless a person at a terminal agrees to what is shown."
)]
pub struct Adopt {
    /// The last patch to record [default: all patches are recorded]
    #[arg(long, value_name = "IDENTITY", conflicts_with = "from")]
    through: Option<String>,
    /// Record what this tool has recorded in the database: lazr, sqlx, refinery, diesel or flyway
    #[arg(long, value_name = "TOOL")]
    from: Option<Tool>,
    /// The tool's table, if it is not the usual one
    #[arg(long, value_name = "[SCHEMA.]NAME", requires = "from")]
    table: Option<String>,
    /// A file of lines `version = IDENTITY`, which match the tool's versions with patches in place of their order
    #[arg(long, value_name = "FILE", requires = "from")]
    mapping: Option<PathBuf>,
    /// Only patches of this logical database
    #[arg(long, value_name = "NAME")]
    database: Option<String>,
    /// Record without asking
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    /// Only show what would be recorded; never ask
    #[arg(long)]
    dry_run: bool,
}

impl Adopt {
    pub(super) fn perform(
        &self,
        set: &PatchSet<'_>,
        config: &Config,
        format: Format,
    ) -> Result<Outcome, Error> {
        let adoption = self.adoption()?;
        let record = adoption.clone().recording(Recording::Record);
        if self.yes {
            return Ok(outcome(&crate::adopt(set, config, &record)?, format, 0));
        }
        let shown = crate::adopt(set, config, &adoption)?;
        if !self.dry_run && format == Format::Human && !shown.adopted().is_empty() && agreed(&shown)
        {
            return Ok(outcome(&crate::adopt(set, config, &record)?, format, 0));
        }
        let mut outcome = outcome(&shown, format, 0);
        if format == Format::Human && !shown.adopted().is_empty() {
            outcome.text.push_str("; --yes records it");
        }
        Ok(outcome)
    }

    fn adoption(&self) -> Result<Adoption, Error> {
        let mut adoption = Adoption::new();
        if let Some(identity) = &self.through {
            adoption = adoption.through(identity.parse()?);
        }
        if let Some(tool) = self.from {
            adoption = adoption.from(tool);
        }
        if let Some(table) = &self.table {
            adoption = adoption.table(table);
        }
        if let Some(path) = &self.mapping {
            adoption = adoption.map(read(path)?);
        }
        if let Some(database) = &self.database {
            adoption = adoption.database(database);
        }
        Ok(adoption)
    }
}

fn read(path: &Path) -> Result<VersionMap, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let message = format!("cannot read `{}`: {error}", path.display());
        Error::new(ErrorKind::Config, message)
            .with_help("name a file with lines of the form `version = IDENTITY`")
            .with_source(error)
    })?;
    text.parse()
}

/// Shows the patches and asks for consent, unless there is no terminal. Returns `true` if the user consents.
fn agreed(shown: &Adopted) -> bool {
    let (input, mut output) = (std::io::stdin(), std::io::stderr());
    if !input.is_terminal() || !output.is_terminal() {
        return false;
    }
    let mut answer = String::new();
    let _ = write!(output, "{shown}\nrecord it? [y/N] ");
    let _ = output.flush();
    input.lock().read_line(&mut answer).is_ok()
        && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}
