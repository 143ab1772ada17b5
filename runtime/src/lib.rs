//! Applies the patches that a program carries to its PostgreSQL databases: exactly once, whatever crashes.
//!
//! ```no_run
//! use patchgen_runtime::{Config, PatchSet};
//!
//! // In a program: static PATCHES: PatchSet = embed_patches!();
//! static PATCHES: PatchSet = PatchSet::EMPTY;
//!
//! # fn main() -> Result<(), patchgen_runtime::Error> {
//! let report = patchgen_runtime::apply(&PATCHES, &Config::from_env()?)?;
//! println!("{report}");
//! # Ok(())
//! # }
//! ```
//!
//! It does not parse file names or SQL: a build script has done that ([`embed_patches!`] includes the result), and it does
//! not decide on an order: a set is sorted when it is made.

mod adopt;
mod apply;
mod baseline;
mod blame;
mod blockers;
mod bootstrap;
#[cfg(feature = "cli")]
pub mod cli;
mod concurrent;
mod config;
mod conninfo;
mod context;
mod error;
mod export;
mod ledger;
mod lock;
mod message;
mod observer;
mod plan;
mod position;
mod progress;
mod psql;
mod quote;
mod recover;
mod rehearse;
mod report;
mod resolve;
mod restored;
mod run;
mod script;
#[cfg(feature = "serde")]
mod serialize;
mod session;
mod status;
mod tls;
mod transaction;
mod work;

pub use adopt::{Adopted, AdoptedPatch, Adoption, Doubtful, Recording, Tool, VersionMap};
pub use config::{Config, Grouping, Policy, RoleMode, Selection, StateLocation, Target};
pub use conninfo::{Conninfo, ConninfoError};
pub use error::{Error, ErrorKind, Location};
pub use export::Export;
pub use observer::{Event, Observer};
pub use patchgen_macros::embed_patches;
pub use patchgen_model::{Checksum, Grammar, Kind, Patch, PatchId, PatchSet, Revision, Version};
pub use plan::{Action, PatchState, Plan, Step};
pub use rehearse::Rehearsal;
pub use report::{AppliedPatch, Report};
pub use resolve::{Identity, Resolved, Settlement};
pub use run::{adopt, apply, export, plan, rehearse, resolve, status, verify};
#[cfg(feature = "tokio")]
pub use run::{apply_async, plan_async, status_async, verify_async};
pub use status::{Difference, PatchStatus, Status, Verification};

/// A point at which tests interrupt the program; nothing without the feature `failpoints`.
macro_rules! failpoint {
    ($name:literal) => {
        #[cfg(feature = "failpoints")]
        fail::fail_point!($name);
    };
}
pub(crate) use failpoint;
