//! x

mod checksum;
pub mod class;
mod diagnostic;
mod directive;
pub mod name;
mod scan;
pub mod segment;
mod spelling;
mod text;
pub use diagnostic::*;
