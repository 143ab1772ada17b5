//! Set of all patches: its order, its lock file, and the files that a build writes.

pub(crate) mod cache;
#[doc(hidden)]
pub mod codegen;
pub mod lockfile;
pub(crate) mod order;

mod checksum;
mod fingerprint;
pub(crate) mod named_file;
mod output;

pub use checksum::checksum;
pub use output::Output;
