//! Servers: connections to them and the facts that they keep, for the ledger and the targets alike.

pub(crate) mod connector;
pub(crate) mod database;
mod driver;
pub(crate) mod guard;
pub(crate) mod identity;
pub(crate) mod lock;
mod login;
pub(crate) mod quote;
pub(crate) mod run_lock;
pub(crate) mod session;
mod tls;
mod version;
pub(crate) mod wait;
