//! Applies the PostgreSQL patches that are embedded in a program, each exactly once, even if the program or a server crashes.
//!
//! # A program with patches
//!
//! `patches/shop.00000000.0000.postgres.orders.sql`, the first patch, which also creates the database `shop`:
//!
//! ```sql
//! CREATE TABLE orders (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer text NOT NULL);
//! ```
//!
//! `Cargo.toml`:
//!
//! ```toml
//! [package]
//! name = "shop"
//! version = "0.1.0"
//! edition = "2024"
//!
//! [dependencies]
//! patchgen-runtime = "0.1"
//!
//! [build-dependencies]
//! patchgen = "0.1"
//! ```
//!
//! `build.rs`:
//!
//! ```ignore (the documentation of patchgen compiles these lines; this crate does not depend on it)
//! fn main() {
//!     patchgen::Build::new().patches("patches/**/*.sql").emit();
//! }
//! ```
//!
//! `src/main.rs`:
//!
//! ```no_run
//! # macro_rules! embed_patches { () => { PatchSet::EMPTY } } // A documentation test has no build script.
//! use patchgen_runtime::{Config, PatchSet, embed_patches};
//!
//! static PATCHES: PatchSet = embed_patches!();
//!
//! fn main() -> Result<(), patchgen_runtime::Error> {
//!     let report = patchgen_runtime::apply(&PATCHES, &Config::from_env()?)?;
//!     println!("{report}");
//!     Ok(())
//! }
//! ```
//!
//! # What the crate does not do
//!
//! - It does not read patch files, parse SQL or sort patches. The build does that, and [`embed_patches!`] includes the result.
//! - It does not undo applied patches. To undo one, write another patch.
//! - It does not use TLS. A connection that requires TLS is an error.
//! - It does not keep connections. [`Config::connection`] returns the settings for the connections of your program.
//!
//! # Features
//!
//! No feature is on by default.
//!
//! - `cli`: the module `cli`, with `plan`, `apply`, `status` and other actions as a subcommand of your program. It includes
//!   `serde`.
//! - `tokio`: `apply_async`, `plan_async`, `status_async` and `verify_async`, which do not block the task that awaits them. The
//!   other functions work without tokio, and within it.
//! - `serde`: serialises what the functions return, such as [`Report`], [`Plan`], [`Status`] and [`Verification`].
//! - `failpoints`: points at which tests of this crate stop the program. It is not for other programs.

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

/// Point at which tests interrupt the program; empty without the feature `failpoints`.
macro_rules! failpoint {
    ($name:literal) => {
        #[cfg(feature = "failpoints")]
        fail::fail_point!($name);
    };
}
pub(crate) use failpoint;
