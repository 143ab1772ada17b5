//! Options that select a part of the pending patches.

use crate::{Config, Kind, Selection};

/// The selection of pending patches.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Select {
    /// Only these kinds: std, direct, concurrent; the first patch of another kind ends the run
    #[arg(long, value_name = "KIND,…", value_delimiter = ',')]
    kinds: Vec<Kind>,
    /// All pending patches (this is the default)
    #[arg(long, conflicts_with_all = ["group", "one"])]
    all: bool,
    /// The first adjacent patches of one type: std, or direct and concurrent
    #[arg(long, conflicts_with = "one")]
    group: bool,
    /// The first patch
    #[arg(long)]
    one: bool,
}

impl Select {
    pub(super) fn configure(&self, config: Config) -> Config {
        let config = match self {
            Self { one: true, .. } => config.selection(Selection::One),
            Self { group: true, .. } => config.selection(Selection::Group),
            Self { all: true, .. } => config.selection(Selection::All),
            _ => config,
        };
        if self.kinds.is_empty() {
            config
        } else {
            config.kinds(self.kinds.iter().copied())
        }
    }
}
