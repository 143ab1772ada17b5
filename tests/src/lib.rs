//! What the integration tests are made with. The tests are in `tests/it`, one binary with a module a subject.
//!
//! - [`server`]: a PostgreSQL of the test's own, in about a tenth of a second; [`connect`] speaks to it.
//! - [`scratch_patches`]: a folder of patch files.
//! - [`Proxy`]: stands between a program and the server, counts how often the program waits, and breaks the line.
//! - [`Pooler`]: a pgbouncer before a server.
//! - [`faults`]: programs, servers and lines that break while patches are applied, and what must be true afterwards.
//! - [`program`] and [`Running`]: a built program, run, paused and killed.
//!
//! These panic where a library would return an error: a test that cannot be set up has failed.

mod database;
pub mod faults;
mod patches;
mod pooler;
mod proxy;
mod running;
mod subject;
mod wire;

pub use database::{column, connect, count, end_sessions, execute, server};
pub use patches::{
    BASELINE, app_patches, effect, effects, numbered_patches, scratch_patches, write_patch,
};
pub use pooler::Pooler;
pub use proxy::{Connection, Fault, Proxy};
pub use running::{Outcome, Running, program};
pub use subject::Subject;
