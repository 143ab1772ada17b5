//! x

pub mod class;
pub mod segment;

#[cfg(feature = "syntax")]
mod syntax;
