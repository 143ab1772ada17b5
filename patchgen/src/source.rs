//! Files that hold patches, and their text.

pub(crate) mod dump;
pub(crate) mod glob;
pub(crate) mod revision;
pub(crate) mod scan;
pub(crate) mod text;
