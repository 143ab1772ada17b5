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

mod blocking;
#[cfg(feature = "cli")]
pub mod cli;
mod command;
mod config;
mod conninfo;
mod error;
mod event;
mod identity;
#[cfg(feature = "serde")]
mod json;
mod ledger;
mod message;
mod place;
mod plan;
mod report;
mod run;
mod server;

pub use blocking::{adopt, apply, export, plan, rehearse, resolve, status, verify};
#[cfg(feature = "tokio")]
pub use blocking::{apply_async, plan_async, status_async, verify_async};
pub use command::adopt::{Adopted, AdoptedPatch, Adoption, Doubtful, Recording, Tool, VersionMap};
pub use command::export::Export;
pub use command::rehearse::Rehearsal;
pub use command::resolve::{Resolved, Settlement};
pub use command::status::{PatchStatus, Status};
pub use command::verify::{Difference, Verification};
pub use config::{Config, Grouping, Policy, RoleMode, Selection, StateLocation};
pub use conninfo::{Conninfo, ConninfoError};
pub use error::{Error, ErrorKind, Location};
pub use event::{Event, Observer};
pub use identity::{Identity, ParseIdentityError};
pub use patchgen_macros::embed_patches;
pub use patchgen_model::{Checksum, Grammar, Kind, Patch, PatchId, PatchSet, Revision, Version};
pub use place::{ParsePlaceError, Place};
pub use plan::{Action, PatchState, Plan, Step};
pub use report::{AppliedPatch, Report};

/// The former name of [`Place`].
#[doc(hidden)]
pub type Target = Place;

/// A point at which tests interrupt the program; empty without the feature `failpoints`.
macro_rules! failpoint {
    ($name:literal) => {
        #[cfg(feature = "failpoints")]
        fail::fail_point!($name);
    };
}
pub(crate) use failpoint;
