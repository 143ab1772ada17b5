//! Tests of Patchgen on real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a panic is a failed test")]

/// Adoption and export by the program that carries the patches.
mod adopt;
/// Effects of a run, and its refusals.
mod apply;
/// Databases, roles and the state database that a first run creates.
mod bootstrap;
/// Concurrent patches, interrupted and continued.
mod concurrent;
/// Crashes of programs and servers at every step.
mod crash;
/// Dependencies of the programs that users build.
mod dependencies;
/// Dumps as baselines, compared with their restoration by psql.
mod dumps;
/// Faults of programs, servers and connections, generated from a seed.
mod faults;
/// Roles that may create objects where the runtime could find them.
mod hostile;
/// Waits for locks, and for other runs.
mod locks;
/// Effects of the configuration.
mod modes;
/// Names of patches, places and sessions.
mod names;
/// Roles that own a database or only a schema.
mod ownership;
/// Passwords: where they come from, and where they must not appear.
mod passwords;
/// Positions of errors.
mod places;
/// The tests' own proxy.
mod proxy;
/// Databases that were restored, created again or lost.
mod restored;
/// The tests' own control of programs.
mod running;
/// Baselines that are scripts, interrupted or run by psql.
mod scripts;
/// Ends and errors of statements: the build's compared with psql's and the server's.
mod segment;
/// Programs that start at once.
mod starters;
/// Number of times that a program waits for the server.
mod waits;

use patchgen_sandbox::Server;
use patchgen_tests::Subject;
use tempfile::TempDir;

/// Returns the program under test, with a server and the patches of a folder.
fn subject(server: &Server, folder: &TempDir) -> Subject {
    Subject::new(env!("CARGO_BIN_EXE_subject"), server, folder.path())
}
