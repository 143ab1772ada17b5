//! Actions: the subcommands.

use super::outcome::{Outcome, outcome};
use super::selection::Select;
use super::{Adopt, Export, Format, PENDING};
use crate::{Config, Error, PatchSet, Resolved, Settlement};

/// One of the actions, each a subcommand.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    /// Show what apply would do; change and create nothing
    Plan(Plan),
    /// Apply what is pending, in order
    Apply(Apply),
    /// Settle a patch in doubt, after you have looked in the database whether it took effect
    Resolve(Resolve),
    /// Record patches without running them: those that you know to be applied, or those that another tool has recorded
    Adopt(Adopt),
    /// Write what is pending as one psql script, for administrators who run SQL by hand
    Export(Export),
    /// Show every patch: state, when, how long; as JSON also by whom and from which revision
    Status(Status),
    /// Compare the patches with what was applied; change nothing
    Verify(Verify),
}

/// Options of `plan`.
#[derive(Clone, Debug, clap::Args)]
pub struct Plan {
    #[command(flatten)]
    selection: Select,
    /// End with code 4 if something is pending
    #[arg(long)]
    exit_code: bool,
}

/// Options of `apply`.
#[derive(Clone, Debug, clap::Args)]
pub struct Apply {
    #[command(flatten)]
    selection: Select,
    /// Run what is pending and roll it back
    #[arg(long)]
    dry_run: bool,
}

/// Options of `resolve`.
#[derive(Clone, Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("settlement").required(true)))]
pub struct Resolve {
    /// The patch, or the statement of a concurrent patch that is in doubt, took effect
    #[arg(long, group = "settlement", value_name = "IDENTITY")]
    applied: Option<String>,
    /// It did not take effect: the next apply runs it again
    #[arg(long, group = "settlement", value_name = "IDENTITY")]
    retry: Option<String>,
}

impl Resolve {
    fn perform(&self, set: &PatchSet<'_>, config: &Config) -> Result<Resolved, Error> {
        let applied = self
            .applied
            .iter()
            .map(|identity| (identity, Settlement::Applied));
        let retry = self
            .retry
            .iter()
            .map(|identity| (identity, Settlement::Retry));
        let (identity, settlement) = applied.chain(retry).next().expect("clap requires one");
        crate::resolve(set, config, &identity.parse()?, settlement)
    }
}

/// Options of `status`.
#[derive(Clone, Debug, clap::Args)]
pub struct Status {
    /// End with code 3 if something is in doubt, else with 4 if something is pending
    #[arg(long)]
    exit_code: bool,
}

/// Options of `verify`; it has none of its own.
#[derive(Clone, Debug, clap::Args)]
pub struct Verify {}

impl Action {
    /// Performs the action.
    ///
    /// # Errors
    /// If the function of this crate that has the action's name fails.
    pub fn perform(
        &self,
        set: &PatchSet<'_>,
        config: Config,
        format: Format,
    ) -> Result<Outcome, Error> {
        match self {
            Self::Plan(args) => {
                let plan = crate::plan(set, &args.selection.configure(config))?;
                let is_pending = !plan.is_empty() || plan.left_out() > 0;
                let pending = args.exit_code && is_pending;
                Ok(outcome(&plan, format, if pending { PENDING } else { 0 }))
            }
            Self::Apply(args) if args.dry_run => {
                let rehearsal = crate::rehearse(set, &args.selection.configure(config))?;
                Ok(outcome(&rehearsal, format, 0))
            }
            Self::Resolve(args) => Ok(outcome(&args.perform(set, &config)?, format, 0)),
            Self::Apply(args) => {
                let report = crate::apply(set, &args.selection.configure(config))?;
                Ok(outcome(&report, format, 0))
            }
            Self::Adopt(args) => args.perform(set, &config, format),
            Self::Export(args) => args.perform(set, config, format),
            Self::Status(args) => {
                let status = crate::status(set, &config)?;
                let code = match args.exit_code {
                    true if status.is_in_doubt() => super::IN_DOUBT,
                    true if status.is_pending() => PENDING,
                    _ => 0,
                };
                Ok(outcome(&status, format, code))
            }
            Self::Verify(Verify {}) => {
                let verification = crate::verify(set, &config)?;
                let code = if verification.is_clean() {
                    0
                } else {
                    super::FAILED
                };
                Ok(outcome(&verification, format, code))
            }
        }
    }
}
