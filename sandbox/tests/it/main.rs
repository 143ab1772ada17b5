//! The sandbox against real servers.
#![expect(clippy::unwrap_used, reason = "what cannot go on is a failed test")]

mod support;

/// Accounts: root and ordinary users.
mod account;
/// What goes on when servers and their owners end.
mod lifetime;
/// What the options change.
mod options;
/// Servers that keep their data.
mod persistent;
