//! Many histories, a few at a time.

use super::fault::Case;
use super::history::{self, Usual};
use super::scenario::Scenario;
use super::tally::Tally;
use super::world::World;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// What to do.
#[derive(Debug, Clone)]
pub struct Suite {
    /// The program under test, `subject`.
    pub program: PathBuf,
    /// From which the cases are made.
    pub seed: u64,
    /// How many faults are to strike.
    pub faults: usize,
    /// Only this case.
    pub only: Option<usize>,
    /// What is applied and where it is recorded, in turn.
    pub scenarios: Vec<Scenario>,
    /// How many histories at a time, each on servers of its own.
    pub jobs: usize,
}

/// Runs histories until as many faults have struck as were asked for; `told` hears of each when it is over.
pub fn run(suite: &Suite, told: impl Fn(&Case, &Tally) + Sync) -> Tally {
    let next = AtomicUsize::new(suite.only.unwrap_or(0));
    let total = Mutex::new(Tally::default());
    let lock = || total.lock().unwrap_or_else(PoisonError::into_inner);
    let jobs = if suite.only.is_some() { 1 } else { suite.jobs };
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                let world = World::new();
                let mut usual = HashMap::new();
                // Those under way will strike, or leave one history too few to matter.
                while lock().injected < suite.faults {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    let case = Case::of(suite.seed, number, &suite.scenarios);
                    let tally = one(&world, case, &suite.program, &mut usual);
                    told(&case, &tally);
                    lock().add(tally);
                    if suite.only.is_some() {
                        break;
                    }
                }
            });
        }
    });
    total.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn one(world: &World, case: Case, program: &Path, usual: &mut HashMap<String, Usual>) -> Tally {
    let usual = case.needs_usual().then(|| {
        usual
            .entry(format!("{:?} {}", case.scenario, case.prepared))
            .or_insert_with(|| history::usual(world, &case, program))
            .clone()
    });
    let mut tally = history::run(world, case, program, usual.as_ref());
    for told in &mut tally.told {
        *told = format!("case {}: {told}", case.number);
    }
    tally
}
