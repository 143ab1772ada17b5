//! Injection of a fault into a program that runs.

use super::fault::{Case, Fault, FreezeEnd, Sessions, StoppedSessions};
use super::servers::{Servers, end};
use crate::{Outcome, Proxy, Running, Subject};
use std::thread::sleep;
use std::time::Duration;

/// Time limit of a run.
pub(super) const LIMIT: Duration = Duration::from_secs(60);

/// The surroundings of a program in which a fault can be injected.
pub(super) struct Injector<'s> {
    pub(super) servers: &'s Servers,
    pub(super) case: Case,
    /// The proxy of the patched server, and the ledger's if that is another.
    pub(super) proxies: &'s [Proxy],
    /// The program without proxies, for other runs.
    pub(super) direct: &'s Subject,
    /// Outcomes of other runs that took place meanwhile.
    pub(super) other_outcomes: Vec<Outcome>,
    /// Standard error of other runs that did not end.
    pub(super) other_hangs: Vec<String>,
}

impl Injector<'_> {
    /// Injects the fault and returns whether it took effect. A stopped program is resumed afterwards.
    pub(super) fn inject(&mut self, running: &Running, is_stopped: bool) -> bool {
        let (servers, scenario) = (self.servers, self.case.scenario);
        let injected = match self.case.fault {
            Fault::Kill => {
                running.send_kill();
                return true;
            }
            Fault::Stop(meanwhile) => {
                if !is_stopped {
                    running.pause();
                }
                match meanwhile {
                    StoppedSessions::Alive => {}
                    StoppedSessions::Ended => {
                        servers.terminate(scenario, Sessions::All, "true");
                    }
                    StoppedSessions::LockLost => {
                        let lock = "application_name LIKE 'patchgen run lock%'";
                        servers.terminate(scenario, Sessions::All, lock);
                    }
                }
                self.other_run();
                running.resume();
                return true;
            }
            Fault::Terminate(sessions) => servers.terminate(scenario, sessions, "true"),
            Fault::Server(role, ending) => {
                let server = servers.server(role, scenario.ledger);
                end(server, ending);
                if self.case.number.is_multiple_of(2) {
                    // The server runs again before the program notices.
                    server.start().expect("the server starts again");
                }
                true
            }
            Fault::Cut => {
                self.proxies.iter().for_each(Proxy::cut);
                true
            }
            Fault::Freeze(freeze_end) => {
                self.proxies.iter().for_each(Proxy::freeze);
                if is_stopped {
                    running.resume();
                }
                sleep(Duration::from_millis(20));
                self.end_freeze(freeze_end);
                return true;
            }
            Fault::DiskFull(role) => servers.fill_disk(scenario, role),
        };
        if is_stopped {
            running.resume();
        }
        injected
    }

    /// Ends a freeze, after an attempt of another run.
    pub(super) fn end_freeze(&mut self, freeze_end: FreezeEnd) {
        self.other_run();
        match freeze_end {
            FreezeEnd::Thaw => self.proxies.iter().for_each(Proxy::thaw),
            FreezeEnd::Cut => self.proxies.iter().for_each(Proxy::cut),
        }
    }

    /// Starts another run that waits only briefly for the lock.
    fn other_run(&mut self) {
        let mut other = self.direct.start(&["apply", "--lock-wait=300ms"]);
        match other.wait_within(LIMIT) {
            Some(outcome) => self.other_outcomes.push(outcome),
            None => self.other_hangs.push(other.kill().stderr),
        }
    }
}
