//! What breaks, and when.

use super::scenario::{Ledger, Patches, Scenario};
use crate::proxy;
use fastrand::Rng;
use std::fmt;

/// What breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// SIGKILL of the program.
    Kill,
    /// SIGSTOP of the program; it is resumed after another run.
    Stop(Meanwhile),
    /// `pg_terminate_backend` on the program's sessions.
    Terminate(Sessions),
    /// A server ends, and is started again.
    Server(Which, Ending),
    /// The line to the servers breaks; what was on its way may have arrived.
    Cut,
    /// The line carries nothing, until it breaks or is mended.
    Freeze(Mended),
    /// A server has no room left.
    Full(Which),
}

/// What happens to the sessions of a stopped program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meanwhile {
    /// Nothing: to the server they look alive.
    Alone,
    /// All end.
    SessionsEnded,
    /// The one with the run lock ends.
    LockLost,
}

/// Which sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sessions {
    /// Every one.
    All,
    /// One of them.
    One(u8),
}

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The one that is patched.
    Target,
    /// The one that holds the ledger; it may be the same.
    Ledger,
}

/// How a server ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// SIGQUIT.
    Quit,
    /// SIGKILL of the postmaster.
    Kill,
    /// In order, as for a restart.
    Stop,
}

/// How a freeze ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mended {
    /// What was held arrives.
    Thawed,
    /// What was held is lost.
    Cut,
}

/// When it breaks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    /// When the program comes to a failpoint for this time.
    Point(&'static str, usize),
    /// After a part of the time that a whole run takes.
    Part(f64),
    /// When the program waits for an answer, at this part of all such waits.
    Wait(f64, proxy::Fault),
    /// In a concurrent index build that waits for writers.
    Build,
}

/// One history: what is applied, from where on, what breaks and when.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Case {
    /// Its place in the suite.
    pub number: usize,
    /// What is applied.
    pub scenario: Scenario,
    /// Whether the databases are there before it begins.
    pub prepared: bool,
    /// What breaks.
    pub fault: Fault,
    /// When.
    pub when: When,
}

impl Case {
    /// The case of a number in the suite of a seed. The scenarios take turns, and the failpoints in each.
    pub fn of(seed: u64, number: usize, scenarios: &[Scenario]) -> Case {
        let mut rng =
            Rng::with_seed(seed ^ (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (round, turn) = (number / scenarios.len(), number % scenarios.len());
        let scenario = scenarios[turn];
        let (when, fault) = match (number + round) % 8 {
            0..4 => {
                let points = scenario.points();
                // The offset spreads short suites over all points.
                let point = points[(round / 2 + turn + number) % points.len()];
                let often = matches!(
                    point,
                    "ran" | "committed" | "statement" | "begun" | "committing"
                );
                let passing = rng.usize(1..=if often { 5 } else { 2 });
                let single = matches!(point, "database" | "home" | "locked" | "finished");
                let passing = if single { 1 } else { passing };
                (When::Point(point, passing), any_fault(&mut rng, scenario))
            }
            4 => {
                use proxy::Fault::{HoldAnswer, HoldRequest, LoseAnswer, LoseRequest};
                let how = [LoseRequest, LoseAnswer, HoldRequest, HoldAnswer][rng.usize(0..4)];
                let fault = match how {
                    LoseRequest | LoseAnswer => Fault::Cut,
                    _ => Fault::Freeze(mended(&mut rng)),
                };
                (When::Wait(rng.f64(), how), fault)
            }
            5 if scenario.patches == Patches::Concurrent => {
                let fault = loop {
                    // A held build cannot be told by a full disk, nor can another run get past it.
                    match any_fault(&mut rng, scenario) {
                        Fault::Full(_) | Fault::Stop(_) => {}
                        fault => break fault,
                    }
                };
                (When::Build, fault)
            }
            _ => (When::Part(rng.f64()), any_fault(&mut rng, scenario)),
        };
        let makes = matches!(when, When::Point("database" | "home", _));
        let needs = when == When::Build || matches!(fault, Fault::Full(_));
        Case {
            number,
            scenario,
            prepared: needs || (!makes && rng.bool()),
            fault,
            when,
        }
    }
}

impl Case {
    /// Whether its time is told in parts of an undisturbed run.
    pub(super) fn needs_usual(&self) -> bool {
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

fn mended(rng: &mut Rng) -> Mended {
    if rng.bool() {
        Mended::Thawed
    } else {
        Mended::Cut
    }
}

fn any_fault(rng: &mut Rng, scenario: Scenario) -> Fault {
    let which = if scenario.ledger == Ledger::OtherServer && rng.bool() {
        Which::Ledger
    } else {
        Which::Target
    };
    match rng.u8(0..16) {
        0..3 => Fault::Kill,
        3 => Fault::Stop(Meanwhile::Alone),
        4 => Fault::Stop(Meanwhile::SessionsEnded),
        5 => Fault::Stop(Meanwhile::LockLost),
        6 => Fault::Terminate(Sessions::All),
        7 | 8 => Fault::Terminate(Sessions::One(rng.u8(..))),
        9 | 10 => Fault::Server(which, Ending::Quit),
        11 => Fault::Server(which, Ending::Kill),
        12 => Fault::Server(which, Ending::Stop),
        13 => Fault::Cut,
        14 => Fault::Freeze(mended(rng)),
        _ => Fault::Full(if rng.bool() {
            Which::Target
        } else {
            Which::Ledger
        }),
    }
}
