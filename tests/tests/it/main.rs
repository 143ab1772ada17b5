//! Patchgen on real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "what cannot go on is a failed test")]

/// What reaches the programs that users build.
mod dependencies;
/// The measuring and breaking proxy itself.
mod proxy;
/// Programs run, paused and killed.
mod running;
