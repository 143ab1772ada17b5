//! Embeds a folder of PostgreSQL patch files in a Rust program.
//!
//! A build script names the files. This crate finds them, checks their names, directives and statements, puts them in order,
//! and writes them to the place from which `patchgen_runtime::embed_patches!()` includes them. An error ends the build; it is
//! shown with its position and its remedy.
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
//! ```no_run
//! fn main() {
//!     patchgen::Build::new().patches("patches/**/*.sql").emit();
//! }
//! ```
//!
//! `src/main.rs`:
//!
//! ```ignore
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
//! - It never connects to a server. `patchgen-runtime` applies patches.
//! - It does not run SQL and does not know the objects of a database. A statement that refers to a missing table is valid here.
//! - It does not change patch files. The only files that it writes are those in `OUT_DIR`, and the lock file on request.
//! - It has no part in the program: a build dependency adds nothing to the binary but the patches.
//!
//! # Features
//!
//! - `syntax` (default): parses every statement.
//! - `lint` (default): warns of dangerous statements; it includes `syntax`.
//! - `serde`: serialises [`Diagnostics`].

#![expect(
    clippy::needless_doctest_main,
    reason = "readers copy the whole of `build.rs`"
)]

mod build;
mod cargo;
mod pipeline;

mod set;

mod patch;

pub mod sql;

pub mod name;
mod source;

mod diagnostic;
mod rule;
mod settings;
mod spelling;

pub use build::Build;
pub use diagnostic::{Diagnostic, Diagnostics, Place, Position, Related, Severity};
#[doc(hidden)]
pub use set::codegen;
pub use set::{Output, checksum, lockfile};

/// Rules whose findings a build can deny, warn of or allow.
pub mod lint {
    pub use crate::rule::{LINTS, Lint, explain, names};
}
