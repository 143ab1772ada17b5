//! A short fault suite; `make faults` runs a longer one.

use patchgen_tests::faults::{Ledger, Scenario, Suite, run};
use std::path::Path;

/// Seed of the suites. `faults --seed 20261121 --only NUMBER` runs other cases, because it uses all scenarios.
const SEED: u64 = 20_261_121;
const FAULTS: usize = 22;

fn short(ledger: Ledger) {
    let scenarios = Scenario::all();
    let scenarios: Vec<Scenario> = scenarios
        .into_iter()
        .filter(|scenario| scenario.ledger == ledger)
        .collect();
    let suite = Suite {
        program: Path::new(env!("CARGO_BIN_EXE_subject")).to_owned(),
        seed: SEED,
        faults: FAULTS,
        only: None,
        scenarios,
        jobs: 1,
    };
    let findings = run(&suite, |_, _| ());
    assert!(
        findings.is_clean(),
        "seed {SEED}\n{findings}{}",
        findings.messages.join("\n")
    );
    assert!(findings.injected >= FAULTS);
}

#[test]
fn nothing_is_lost_with_the_ledger_apart() {
    short(Ledger::Apart);
}

#[test]
fn nothing_is_lost_with_the_ledger_in_the_target() {
    short(Ledger::InTarget);
}

#[test]
fn nothing_is_lost_with_the_ledger_on_another_server() {
    short(Ledger::OtherServer);
}
