//! Brings PostgreSQL databases up to date with the patches that a program carries.

pub mod conninfo;
mod tls;

pub use conninfo::{Conninfo, ConninfoError};
