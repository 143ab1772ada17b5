//! A suite that breaks things while patches are applied, and then looks at the facts.
//!
//! Each [`Case`] starts the program as a process, breaks something at a failpoint, at a wait for an answer or at some
//! time, repairs it, starts the program again until it ends well, and counts what was lost, doubled or not recorded. A
//! suite is made from a seed: the same seed gives the same cases, though not the same microseconds.

mod check;
mod fault;
mod history;
mod scenario;
mod strike;
mod suite;
mod tally;
mod world;

pub use fault::{Case, Ending, Fault, Meanwhile, Mended, Sessions, When, Which};
pub use scenario::{Ledger, Patches, Scenario};
pub use suite::{Suite, run};
pub use tally::Tally;
