//! x

pub mod class;
pub mod segment;
