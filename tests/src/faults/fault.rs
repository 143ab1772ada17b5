//! Faults, and the cases of a suite.

use super::scenario::{Ledger, Patches, Scenario};
use crate::proxy;
use fastrand::Rng;
use std::fmt;

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// SIGKILL of the program.
    Kill,
    /// SIGSTOP of the program; it is resumed after another run.
    Stop(StoppedSessions),
    /// `pg_terminate_backend` on sessions of the program.
    Terminate(Sessions),
    /// A server is ended, and later started again.
    Server(ServerRole, Ending),
    /// The connections to the servers are cut. Data in transit may have arrived.
    Cut,
    /// The connections to the servers carry no data for some time.
    Freeze(FreezeEnd),
    /// The disk of a server is full.
    DiskFull(ServerRole),
}

/// State of a stopped program's sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoppedSessions {
    /// All sessions are open.
    Alive,
    /// All sessions are terminated.
    Ended,
    /// The session with the run lock is terminated.
    LockLost,
}

/// A selection of the program's sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sessions {
    /// All sessions.
    All,
    /// The session of this index, modulo their number.
    One(u8),
}

/// Role of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerRole {
    /// The server that is patched.
    Target,
    /// The server that holds the ledger. It may be the same.
    Ledger,
}

/// Way in which a server is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// SIGQUIT to the server and all its sessions.
    Quit,
    /// SIGKILL of the postmaster.
    Kill,
    /// A regular shutdown.
    Stop,
}

/// Way in which a freeze ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FreezeEnd {
    /// The held data arrive.
    Thaw,
    /// The held data are lost.
    Cut,
}

/// Time of a fault.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    /// The given occurrence of a failpoint.
    Point(&'static str, usize),
    /// A fraction of the duration of a whole run.
    Part(f64),
    /// A wait for an answer, at this fraction of all waits of a whole run.
    Wait(f64, proxy::Fault),
    /// A concurrent index build that waits for writers.
    Build,
}

/// The plan of one history: patches, state at the start, fault and time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Case {
    /// Number in the suite.
    pub number: usize,
    /// The patches and the place of their ledger.
    pub scenario: Scenario,
    /// True if the databases exist at the start.
    pub prepared: bool,
    /// The fault.
    pub fault: Fault,
    /// The time of the fault.
    pub when: When,
}

impl Case {
    /// Returns the case of a number in the suite of a seed. The scenarios alternate, and so do the failpoints of each.
    pub fn of(seed: u64, number: usize, scenarios: &[Scenario]) -> Case {
        let mut rng =
            Rng::with_seed(seed ^ (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (round, turn) = (number / scenarios.len(), number % scenarios.len());
        let scenario = scenarios[turn];
        let (when, fault) = match (number + round) % 8 {
            0..4 => {
                let points = scenario.points();
                // The offset makes short suites reach all failpoints.
                let point = points[(round / 2 + turn + number) % points.len()];
                let often = matches!(
                    point,
                    "ran" | "committed" | "statement" | "begun" | "committing"
                );
                let occurrence = rng.usize(1..=if often { 5 } else { 2 });
                let single = matches!(point, "database" | "state" | "locked" | "finished");
                let occurrence = if single { 1 } else { occurrence };
                (
                    When::Point(point, occurrence),
                    random_fault(&mut rng, scenario),
                )
            }
            4 => {
                use proxy::Fault::{HoldAnswer, HoldRequest, LoseAnswer, LoseRequest};
                let kind = [LoseRequest, LoseAnswer, HoldRequest, HoldAnswer][rng.usize(0..4)];
                let fault = match kind {
                    LoseRequest | LoseAnswer => Fault::Cut,
                    _ => Fault::Freeze(random_freeze_end(&mut rng)),
                };
                (When::Wait(rng.f64(), kind), fault)
            }
            5 if scenario.patches == Patches::Concurrent => {
                let fault = loop {
                    // A waiting build does not write to a full disk, and another run cannot pass it.
                    match random_fault(&mut rng, scenario) {
                        Fault::DiskFull(_) | Fault::Stop(_) => {}
                        fault => break fault,
                    }
                };
                (When::Build, fault)
            }
            _ => (When::Part(rng.f64()), random_fault(&mut rng, scenario)),
        };
        let creates = matches!(when, When::Point("database" | "state", _));
        let needs_databases = when == When::Build || matches!(fault, Fault::DiskFull(_));
        Case {
            number,
            scenario,
            prepared: needs_databases || (!creates && rng.bool()),
            fault,
            when,
        }
    }
}

impl Case {
    /// Returns whether the time of the fault is a fraction of an undisturbed run.
    pub(super) fn needs_reference_run(&self) -> bool {
        matches!(self.when, When::Part(_) | When::Wait(..))
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scenario { patches, ledger } = self.scenario;
        let from = if self.prepared { "prepared" } else { "empty" };
        let (fault, when) = (self.fault, self.when);
        write!(
            f,
            "case {}: {patches:?}, ledger {ledger:?}, {from}: {fault:?} at {when:?}",
            self.number
        )
    }
}

fn random_freeze_end(rng: &mut Rng) -> FreezeEnd {
    if rng.bool() {
        FreezeEnd::Thaw
    } else {
        FreezeEnd::Cut
    }
}

fn random_fault(rng: &mut Rng, scenario: Scenario) -> Fault {
    let role = if scenario.ledger == Ledger::OtherServer && rng.bool() {
        ServerRole::Ledger
    } else {
        ServerRole::Target
    };
    match rng.u8(0..16) {
        0..3 => Fault::Kill,
        3 => Fault::Stop(StoppedSessions::Alive),
        4 => Fault::Stop(StoppedSessions::Ended),
        5 => Fault::Stop(StoppedSessions::LockLost),
        6 => Fault::Terminate(Sessions::All),
        7 | 8 => Fault::Terminate(Sessions::One(rng.u8(..))),
        9 | 10 => Fault::Server(role, Ending::Quit),
        11 => Fault::Server(role, Ending::Kill),
        12 => Fault::Server(role, Ending::Stop),
        13 => Fault::Cut,
        14 => Fault::Freeze(random_freeze_end(rng)),
        _ => Fault::DiskFull(if rng.bool() {
            ServerRole::Target
        } else {
            ServerRole::Ledger
        }),
    }
}
