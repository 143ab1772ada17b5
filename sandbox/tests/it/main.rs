//! Tests of the sandbox with real servers.
#![expect(clippy::unwrap_used, reason = "a panic is a failed test")]

mod support;

/// Accounts: root and ordinary users.
mod account;
/// Ends of servers and of their owners.
mod lifetime;
/// Effects of the options.
mod options;
/// Servers that keep their data.
mod persistent;
