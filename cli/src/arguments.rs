//! The arguments of the command line.

use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;
use clap::{Args, ColorChoice, Parser, Subcommand};
use patchgen_runtime::Kind;
use patchgen_runtime::cli::{Adopt, Apply, Export, Options, Plan, Resolve, Status, Verify};
use std::path::PathBuf;
use tracing::level_filters::LevelFilter;

/// Checks PostgreSQL patch files and applies them, each exactly once
#[derive(Debug, Parser)]
#[command(
    name = "patchgen",
    bin_name = "patchgen",
    version,
    propagate_version = true
)]
#[command(after_help = EXIT_CODES, after_long_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) options: Options,

    #[command(flatten)]
    pub(crate) launchpad: Launchpad,

    /// Amount of text on standard error while at work
    #[arg(
        short,
        long,
        global = true,
        value_name = "LEVEL",
        default_value = "error",
        help_heading = "Output"
    )]
    #[arg(value_parser = PossibleValuesParser::new(["error", "warn", "info", "debug", "trace"]).try_map(|level| level.parse::<LevelFilter>()))]
    pub(crate) log_level: LevelFilter,

    /// When to use colours
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value_t,
        value_enum,
        help_heading = "Output"
    )]
    pub(crate) color: ColorChoice,

    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 failed; 2 wrong usage; 3 something is in doubt; 4 patches are pending (plan and status with --exit-code)";

/// Database and user of files named `patch-major-minor-point-kind.sql`, whose names lack them.
#[derive(Debug, Args)]
#[command(next_help_heading = "Files named patch-MAJOR-MINOR-POINT-KIND.sql")]
pub(crate) struct Launchpad {
    /// Their database
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) database: Option<String>,

    /// The user that they run as, and that `new` gives its file [default: postgres]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) user: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make the next patch file: today's date, next number
    New(New),
    /// Check names, directives and SQL, without a database
    Check(Check),
    /// Seal the present patches in patches.lock, so that a later change of them is an error
    Lock(Lock),
    /// Show what apply would do; change and create nothing
    Plan(OnFiles<Plan>),
    /// Apply what is pending, in order
    Apply(OnFiles<Apply>),
    /// Settle a patch in doubt, after you have looked in the database whether it took effect
    Resolve(OnFiles<Resolve>),
    /// Record patches without running them: those that you know to be applied, or those that another tool has recorded
    Adopt(OnFiles<Adopt>),
    /// Write what is pending as one psql script, for administrators who run SQL by hand
    Export(OnFiles<Export>),
    /// Show every patch: state, when, how long; as JSON also by whom and from which revision
    Status(OnFiles<Status>),
    /// Compare the patches with what was applied; change nothing
    Verify(OnFiles<Verify>),
}

/// An action on databases with the patches of some files.
#[derive(Debug, Args)]
pub(crate) struct OnFiles<Action: Args> {
    #[command(flatten)]
    pub(crate) action: Action,
    #[command(flatten)]
    pub(crate) files: Files,
}

#[derive(Debug, Args)]
pub(crate) struct Files {
    /// Globs, files, or folders to look through
    #[arg(value_name = "GLOB", default_value = "patches/**/*.sql")]
    pub(crate) globs: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) files: Files,
    /// Treat a rule's findings as errors; may be repeated
    #[arg(long, value_name = "RULE")]
    pub(crate) deny: Vec<String>,
    /// Treat a rule's findings as warnings; may be repeated
    #[arg(long, value_name = "RULE")]
    pub(crate) warn: Vec<String>,
    /// Do not report a rule's findings; may be repeated
    #[arg(long, value_name = "RULE")]
    pub(crate) allow: Vec<String>,
    /// The oldest server that the patches are for [default: 15]
    #[arg(long, value_name = "MAJOR")]
    pub(crate) postgres_version: Option<u32>,
    /// Tell why a rule is there and what to do instead, and check nothing; `all` lists the rules
    #[arg(long, value_name = "RULE")]
    pub(crate) explain: Option<String>,
    /// Also reject patches that are not sealed in the lock file
    #[arg(long)]
    pub(crate) locked: bool,
    /// The lock file [default: patches.lock, if there is one]
    #[arg(long, value_name = "PATH")]
    pub(crate) lock_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Lock {
    #[command(flatten)]
    pub(crate) files: Files,
    /// Write nothing; fail if a patch is not sealed as it is
    #[arg(long)]
    pub(crate) check: bool,
    /// The lock file
    #[arg(long, value_name = "PATH", default_value = "patches.lock")]
    pub(crate) lock_file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct New {
    /// The database
    pub(crate) database: String,
    /// Description of the patch, in a few words
    pub(crate) description: String,
    /// Kind of the patch: std, direct or concurrent
    #[arg(long)]
    pub(crate) kind: Option<Kind>,
    /// Places of the patches; the new one goes where the newest of its database is
    #[arg(long = "in", value_name = "FOLDER", default_value = "patches")]
    pub(crate) folder: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn options_stand_before_or_after_the_command() {
        let parse = |line: &str| Arguments::try_parse_from(line.split(' '));
        for line in [
            "patchgen -l debug --conninfo host=a apply ./hundbidrag/a.sql ./hundbidrag/b.sql",
            "patchgen apply ./hundbidrag/a.sql ./hundbidrag/b.sql --log-level debug --conninfo host=a",
        ] {
            let arguments = parse(line).unwrap();
            assert_eq!(arguments.log_level, LevelFilter::DEBUG, "{line}");
            assert_eq!(
                arguments.options.conninfo.as_deref(),
                Some("host=a"),
                "{line}"
            );
            let Command::Apply(apply) = arguments.command else {
                panic!("{line}");
            };
            assert_eq!(
                apply.files.globs,
                ["./hundbidrag/a.sql", "./hundbidrag/b.sql"],
                "{line}"
            );
        }
        for line in [
            "patchgen apply --one --group",
            "patchgen apply --kinds std,fast",
            "patchgen plan --map app",
            "patchgen -l loud check",
            "patchgen --state-in-target --state-database x status",
            "patchgen adopt --from ant",
            "patchgen adopt --from sqlx --through app.20240101.0001",
            "patchgen adopt --mapping a.txt",
            "patchgen",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}
