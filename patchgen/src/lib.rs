//! Makes a folder of PostgreSQL patch files part of a Rust program.

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
pub use diagnostic::{
    Diagnostic, Diagnostics, Place, Position, Related, Severity, line_and_column,
};
#[doc(hidden)]
pub use set::codegen;
pub use set::{Output, checksum, lockfile};

/// Rules whose findings a build can deny, warn of or allow.
pub mod lint {
    pub use crate::rule::{LINTS, Lint, explain, names};
}
