//! Runs: the scopes of a deployment, and what happens to patches in them.

pub(crate) mod blockers;
pub(crate) mod bootstrap;
pub(crate) mod concurrent;
pub(crate) mod deployment;
pub(crate) mod lane;
mod leftover;
mod psql;
pub(crate) mod recovery;
pub(crate) mod restored;
pub(crate) mod scope;
pub(crate) mod script;
pub(crate) mod transaction;
