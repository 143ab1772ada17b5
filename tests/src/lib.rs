//! Library of the integration tests. The tests are in `tests/it`, one binary with one module for each topic.
//!
//! - [`server`]: a throwaway PostgreSQL, in about a tenth of a second. [`connect`] opens a session; [`execute`],
//!   [`column()`] and [`count`] run SQL.
//! - [`app_patches`], [`numbered_patches`] and [`scratch_patches`]: folders of patch files.
//! - [`Subject`]: the program under test, with a server and a folder.
//! - [`Proxy`]: forwards a program's connections to the server, counts how often the program waits, and breaks them.
//! - [`Pooler`]: a pgbouncer in front of a server.
//! - [`faults`]: faults of programs, servers and connections while patches are applied, and the checks afterwards.
//! - [`program`] and [`Running`]: a built program that is run, paused and killed. [`wait_for`] waits for anything else.
//!
//! The functions panic where a library would return an error: a test whose setup fails has failed.

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
pub use running::{Outcome, Running, program, wait_for};
pub use subject::Subject;
