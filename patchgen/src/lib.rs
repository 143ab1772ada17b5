//! x
mod checksum;
mod diagnostic;
pub mod name;
mod scan;
mod spelling;
mod text;
pub use diagnostic::*;
