//! How a fault strikes a program that is under way.

use super::fault::{Case, Fault, Meanwhile, Mended, Sessions};
use super::history::LIMIT;
use super::world::{World, end};
use crate::{Outcome, Proxy, Running, Subject};
use std::thread::sleep;
use std::time::Duration;

/// A program under way, and what it goes through to its servers.
pub(super) struct Scene<'s> {
    pub(super) world: &'s World,
    pub(super) case: Case,
    /// To the patched server, and to the ledger's if that is another.
    pub(super) proxies: &'s [Proxy],
    /// Past the proxies, for other runs.
    pub(super) direct: &'s Subject,
    /// The exit codes of other runs meanwhile, and what they said.
    pub(super) others: Vec<Outcome>,
    /// What other runs said that did not end.
    pub(super) hung: Vec<String>,
}

impl Scene<'_> {
    /// Breaks something; gives whether there was anything to break. A program that stands still goes on afterwards.
    pub(super) fn strike(&mut self, running: &Running, stands: bool) -> bool {
        let (world, scenario) = (self.world, self.case.scenario);
        let struck = match self.case.fault {
            Fault::Kill => {
                running.end();
                return true;
            }
            Fault::Stop(meanwhile) => {
                if !stands {
                    running.pause();
                }
                match meanwhile {
                    Meanwhile::Alone => {}
                    Meanwhile::SessionsEnded => {
                        world.terminate(scenario, Sessions::All, "true");
                    }
                    Meanwhile::LockLost => {
                        let lock = "application_name LIKE 'patchgen run lock%'";
                        world.terminate(scenario, Sessions::All, lock);
                    }
                }
                self.other_run();
                running.resume();
                return true;
            }
            Fault::Terminate(sessions) => world.terminate(scenario, sessions, "true"),
            Fault::Server(which, ending) => {
                let server = world.server(which, scenario.ledger);
                end(server, ending);
                if self.case.number.is_multiple_of(2) {
                    // Back before the program has noticed.
                    server.start().expect("the server starts again");
                }
                true
            }
            Fault::Cut => {
                self.proxies.iter().for_each(Proxy::cut);
                true
            }
            Fault::Freeze(mended) => {
                self.proxies.iter().for_each(Proxy::freeze);
                if stands {
                    running.resume();
                }
                sleep(Duration::from_millis(20));
                self.mend(mended);
                return true;
            }
            Fault::Full(which) => world.fill(scenario, which),
        };
        if stands {
            running.resume();
        }
        struck
    }

    /// Ends a freeze, after another run has tried its luck.
    pub(super) fn mend(&mut self, mended: Mended) {
        self.other_run();
        match mended {
            Mended::Thawed => self.proxies.iter().for_each(Proxy::thaw),
            Mended::Cut => self.proxies.iter().for_each(Proxy::cut),
        }
    }

    /// A run that does not wait for long.
    fn other_run(&mut self) {
        let mut other = self.direct.start(&["apply", "--lock-wait=300ms"]);
        match other.wait_within(LIMIT) {
            Some(outcome) => self.others.push(outcome),
            None => self.hung.push(other.kill().stderr),
        }
    }
}
