//! A suite that injects faults while patches are applied, and then checks databases and ledger.
//!
//! Each [`Case`] starts the program as a process and injects a fault at a failpoint, at a wait for an answer or after
//! some time. It then repairs the fault, starts the program again until it succeeds, and counts effects that are lost,
//! duplicated or not recorded. A suite is generated from a seed. The same seed yields the same cases, but not the same
//! timing to the microsecond.

mod check;
mod fault;
mod findings;
mod history;
mod injector;
mod scenario;
mod servers;
mod suite;
mod writers;

pub use fault::{Case, Ending, Fault, FreezeEnd, ServerRole, Sessions, StoppedSessions, When};
pub use findings::Findings;
pub use scenario::{Ledger, Patches, Scenario};
pub use suite::{Suite, run};
