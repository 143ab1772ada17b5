//! The action `export`.

use super::Format;
use super::outcome::{Outcome, outcome};
use super::selection::Select;
use crate::{Config, Error, ErrorKind, PatchSet};
use std::path::PathBuf;

/// Options of `export`.
#[derive(Clone, Debug, clap::Args)]
pub struct Export {
    #[command(flatten)]
    selection: Select,
    /// Write the script to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Export {
    pub(super) fn perform(
        &self,
        set: &PatchSet<'_>,
        config: Config,
        format: Format,
    ) -> Result<Outcome, Error> {
        let export = crate::export(set, &self.selection.configure(config))?;
        let Some(path) = &self.output else {
            return Ok(outcome(&export, format, 0));
        };
        std::fs::write(path, format!("{export}\n")).map_err(|error| {
            let message = format!("cannot write `{}`: {error}", path.display());
            Error::new(ErrorKind::Config, message)
                .with_help("name a file in a folder that you may write")
                .with_source(error)
        })?;
        let count = export.files().len();
        Ok(match format {
            Format::Json => outcome(&export, format, 0),
            Format::Human => Outcome {
                text: format!(
                    "{}: {count} pending {}; run it with psql -X -f",
                    path.display(),
                    if count == 1 { "patch" } else { "patches" }
                ),
                code: 0,
            },
        })
    }
}
