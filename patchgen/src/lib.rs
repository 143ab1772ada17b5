//! Makes a folder of PostgreSQL patch files part of a Rust program.
//!
//! A build script names the files; this crate finds and validates them, puts them in order and writes them where
//! `patchgen_runtime::embed_patches!()` takes them from:
//!
//! ```no_run
//! // build.rs
//! patchgen::Build::new().patches("patches/**/*.sql").emit();
//! ```
//!
//! A name, directive or statement that is wrong ends the build with its place, and with what to do about it. The crate never
//! connects to a server: applying patches is the matter of `patchgen-runtime`.

mod build;
mod pipeline;

mod cache;
mod cargo;
mod check;
pub mod class;
#[doc(hidden)]
pub mod codegen;
mod directive;
mod examine;
pub mod lint;
pub mod lockfile;
mod meta;
pub mod name;
mod output;
mod scan;
pub mod segment;
#[cfg(feature = "syntax")]
mod syntax;
mod text;
mod transaction;
mod verdict;

mod checksum;
mod diagnostic;
mod revision;
mod rule;
mod spelling;

pub use build::Build;
pub use checksum::checksum;
pub use diagnostic::{Diagnostic, Diagnostics, Place, Position, Related, Severity};
pub use output::Output;
