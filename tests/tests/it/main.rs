//! Patchgen on real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "what cannot go on is a failed test")]

/// Databases and scripts of others, by the program itself.
mod adopt;
/// What a run does and what it refuses to do.
mod apply;
/// Databases, roles and the state database that a first run makes.
mod bootstrap;
/// Statement by statement, interrupted and taken up again.
mod concurrent;
/// Programs killed at every step, servers crashing.
mod crash;
/// What reaches the programs that users build.
mod dependencies;
/// Dumps as baselines, compared with what psql makes of them.
mod dumps;
/// Programs, servers and lines that break, by the seed.
mod faults;
/// Waiting for locks, and for each other.
mod locks;
/// What the configuration can change.
mod modes;
/// Roles that own a database or only a schema.
mod ownership;
/// Where an error is said to be.
mod places;
/// The measuring and breaking proxy itself.
mod proxy;
/// Databases that were restored, made anew or lost.
mod restored;
/// Programs run, paused and killed.
mod running;
/// Baselines that are scripts, interrupted or run by psql.
mod scripts;
/// Where a build sees the ends and the faults of statements, and where psql and the server do.
mod segment;
/// Several programs at once.
mod starters;
/// How often a program waits for the server.
mod waits;

use patchgen_sandbox::Server;
use patchgen_tests::Subject;
use tempfile::TempDir;

/// The program under test against a server, with the patches of a folder.
fn subject(server: &Server, folder: &TempDir) -> Subject {
    Subject::new(env!("CARGO_BIN_EXE_subject"), server, folder.path())
}
