//! A suite of histories.

use super::fault::Case;
use super::findings::Findings;
use super::history::{self, ReferenceRun};
use super::scenario::Scenario;
use super::servers::Servers;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Parameters of a suite.
#[derive(Debug, Clone)]
pub struct Suite {
    /// The program under test, `subject`.
    pub program: PathBuf,
    /// Seed of the cases.
    pub seed: u64,
    /// Number of faults to inject.
    pub faults: usize,
    /// Number of the only case to run.
    pub only: Option<usize>,
    /// Scenarios, which alternate.
    pub scenarios: Vec<Scenario>,
    /// Number of concurrent histories, each on servers of its own.
    pub jobs: usize,
}

/// Runs histories until the number of faults is injected. Calls `on_end` at the end of each history.
pub fn run(suite: &Suite, on_end: impl Fn(&Case, &Findings) + Sync) -> Findings {
    let next = AtomicUsize::new(suite.only.unwrap_or(0));
    let total = Mutex::new(Findings::default());
    let lock = || total.lock().unwrap_or_else(PoisonError::into_inner);
    let jobs = if suite.only.is_some() { 1 } else { suite.jobs };
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                let servers = Servers::new();
                let mut references = HashMap::new();
                // Histories that run now may add a few faults more than the number.
                while lock().injected < suite.faults {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    let case = Case::of(suite.seed, number, &suite.scenarios);
                    let findings = run_case(&servers, case, &suite.program, &mut references);
                    on_end(&case, &findings);
                    lock().add(findings);
                    if suite.only.is_some() {
                        break;
                    }
                }
            });
        }
    });
    total.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Runs one case, with a reference run before the first case that needs it.
fn run_case(
    servers: &Servers,
    case: Case,
    program: &Path,
    references: &mut HashMap<String, ReferenceRun>,
) -> Findings {
    let reference = case.needs_reference_run().then(|| {
        references
            .entry(format!("{:?} {}", case.scenario, case.prepared))
            .or_insert_with(|| history::reference_run(servers, &case, program))
            .clone()
    });
    let mut findings = history::run(servers, case, program, reference.as_ref());
    for message in &mut findings.messages {
        *message = format!("case {}: {message}", case.number);
    }
    findings
}
