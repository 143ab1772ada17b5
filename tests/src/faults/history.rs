//! One history: a fault is injected and repaired, and the program is started again until it succeeds.

use super::check::check;
use super::fault::{Case, Fault, When};
use super::findings::Findings;
use super::injector::{Injector, LIMIT};
use super::scenario::{Ledger, Scenario};
use super::servers::Servers;
use super::writers::Writers;
use crate::{Outcome, Proxy, Running, Subject, connect, count, scratch_patches, write_patch};
use patchgen_sandbox::SUPERUSER;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Limit of the runs after the fault.
const RUNS: usize = 4;
/// Selector of the scenarios' patch that runs statement by statement.
const IN_DOUBT: &str = "app.20240101.0002";

/// Duration of an undisturbed run, and its number of waits for each server.
#[derive(Debug, Clone)]
pub(super) struct ReferenceRun {
    time: Duration,
    waits: Vec<usize>,
}

/// The program under test, with direct connections and with connections through proxies.
struct Routes {
    proxies: Vec<Proxy>,
    direct: Subject,
    proxied: Subject,
}

impl Routes {
    fn new(servers: &Servers, scenario: Scenario, program: &Path, folder: &Path) -> Routes {
        let mut routed = vec![&*servers.target];
        if scenario.ledger == Ledger::OtherServer {
            routed.push(servers.ledger_server(scenario.ledger));
        }
        let proxies: Vec<Proxy> = routed.iter().map(|s| Proxy::start(s.port())).collect();
        let mut direct = Subject::new(&program.to_string_lossy(), &servers.target, folder);
        for option in scenario.options() {
            direct = direct.option(option);
        }
        let mut proxied = direct
            .clone()
            .conninfo(proxies[0].conninfo("postgres", SUPERUSER));
        if let [_, ledger] = &routed[..] {
            let direct_ledger = ledger.conninfo("postgres", SUPERUSER);
            let proxied_ledger = proxies[1].conninfo("postgres", SUPERUSER);
            direct = direct.option(&format!("--state-conninfo={direct_ledger}"));
            proxied = proxied.option(&format!("--state-conninfo={proxied_ledger}"));
        }
        Routes {
            proxies,
            direct,
            proxied,
        }
    }
}

/// Applies everything without a fault.
pub(super) fn reference_run(servers: &Servers, case: &Case, program: &Path) -> ReferenceRun {
    servers.reset();
    let folder = folder(servers, case.scenario);
    let routes = Routes::new(servers, case.scenario, program, folder.path());
    if case.prepared {
        prepare(&routes.direct);
    }
    let began = Instant::now();
    routes.proxied.apply();
    ReferenceRun {
        time: began.elapsed(),
        waits: routes.proxies.iter().map(Proxy::waits).collect(),
    }
}

/// Creates the folder with the patches of a scenario.
fn folder(servers: &Servers, scenario: Scenario) -> tempfile::TempDir {
    let files = scenario.files(servers.version);
    let folder = scratch_patches(&[]);
    for (name, sql) in files {
        write_patch(&folder, &name, &sql);
    }
    folder
}

/// Creates the databases.
fn prepare(subject: &Subject) {
    let outcome = subject.run(&["apply", "--one"]);
    assert!(outcome.status.success(), "{}", outcome.stderr);
}

/// Runs one history and returns its findings.
pub(super) fn run(
    servers: &Servers,
    case: Case,
    program: &Path,
    reference: Option<&ReferenceRun>,
) -> Findings {
    let mut findings = Findings {
        histories: 1,
        ..Findings::default()
    };
    servers.reset();
    let folder = folder(servers, case.scenario);
    let routes = Routes::new(servers, case.scenario, program, folder.path());
    if case.prepared {
        prepare(&routes.direct);
    }
    let mut injector = Injector {
        servers,
        case,
        proxies: &routes.proxies,
        direct: &routes.direct,
        other_outcomes: Vec::new(),
        other_hangs: Vec::new(),
    };
    let (injected, mut running) = run_with_fault(&mut injector, &routes, reference);
    findings.injected = usize::from(injected);
    if !matches!(case.fault, Fault::Server(..)) || case.number.is_multiple_of(3) {
        // Otherwise the server stays down until the program has ended.
        servers.repair();
    }
    match running.wait_within(LIMIT) {
        Some(outcome) => check_outcome(case, "the disturbed run", &outcome, &mut findings),
        None => {
            let stderr = running.kill().stderr;
            findings.report_other(format!("the disturbed run hangs; it printed:\n{stderr}"));
        }
    }
    for outcome in std::mem::take(&mut injector.other_outcomes) {
        check_outcome(case, "another run meanwhile", &outcome, &mut findings);
    }
    for stderr in std::mem::take(&mut injector.other_hangs) {
        findings.report_other(format!(
            "another run meanwhile hangs; it printed:\n{stderr}"
        ));
    }
    servers.repair();
    if let Fault::DiskFull(role) = case.fault
        && injected
    {
        servers.free_disk(case.scenario, role);
    }
    if recover(servers, case, &routes.direct, &mut findings) {
        check(servers, case.scenario, &mut findings);
    }
    findings
}

/// Starts the program and injects the fault. Returns whether the fault was injected, and the program.
fn run_with_fault(
    injector: &mut Injector<'_>,
    routes: &Routes,
    reference: Option<&ReferenceRun>,
) -> (bool, Running) {
    let apply = &["apply"];
    match injector.case.when {
        When::Point(point, occurrence) => {
            let at = format!("{point}:{occurrence}:stop");
            let running = routes.proxied.start_armed(apply, &at);
            let injected = running.wait_until_stopped_or_ended() && injector.inject(&running, true);
            (injected, running)
        }
        When::Part(fraction) => {
            let time = reference.map_or(LIMIT / 60, |reference| reference.time);
            let mut running = routes.proxied.start(apply);
            sleep(time.mul_f64(fraction));
            let is_running = running.wait_within(Duration::ZERO).is_none();
            let injected = is_running && injector.inject(&running, false);
            (injected, running)
        }
        When::Wait(fraction, fault) => {
            let index = injector.case.number % routes.proxies.len();
            let waits = reference.map_or(1, |reference| reference.waits[index]);
            let wait = 1 + (fraction * waits as f64) as usize;
            routes.proxies[index].fail_at(wait, fault);
            let mut running = routes.proxied.start(apply);
            if let Fault::Freeze(end) = injector.case.fault {
                while !routes.proxies[index].is_frozen() {
                    if running.wait_within(Duration::from_millis(2)).is_some() {
                        return (false, running);
                    }
                }
                injector.end_freeze(end);
            }
            (true, running)
        }
        When::Build => inject_during_build(injector, routes),
    }
}

/// Injects the fault in an index build that waits for a writer.
fn inject_during_build(injector: &mut Injector<'_>, routes: &Routes) -> (bool, Running) {
    let target = &injector.servers.target;
    let mut writers = Writers::start(target);
    let mut running = routes.proxied.start(&["apply"]);
    let query = "SELECT count(*) FROM pg_stat_progress_create_index";
    while count(target, "app", query) == 0 {
        if running.wait_within(Duration::from_millis(2)).is_some() {
            return (false, running);
        }
    }
    let injected = injector.inject(&running, false);
    writers.release();
    // The other sessions continue to write until the program has ended.
    let _ = running.wait_within(LIMIT / 2);
    (injected, running)
}

/// Starts the program until it succeeds and has nothing more to do. Returns whether it succeeded.
fn recover(servers: &Servers, case: Case, direct: &Subject, findings: &mut Findings) -> bool {
    for number in 0..RUNS {
        let mut running = direct.start(&["apply", "--lock-wait=30s"]);
        let Some(outcome) = running.wait_within(LIMIT) else {
            let stderr = running.kill().stderr;
            findings.report_other(format!("a later run hangs; it printed:\n{stderr}"));
            return false;
        };
        check_outcome(case, "a later run", &outcome, findings);
        findings.extra_runs += usize::from(number > 0);
        match outcome.status.code() {
            Some(0) => {
                let last = direct.run(&["apply"]);
                if !last.stdout.starts_with("nothing to do") {
                    findings.report_other(format!("the last run had to do: {}", last.stdout));
                }
                return true;
            }
            Some(3) => resolve_doubt(servers, direct, findings),
            _ if number + 1 == RUNS => {
                findings.report_other(format!("it does not recover:\n{}", outcome.stderr));
            }
            _ => {}
        }
    }
    false
}

/// Resolves a doubt as an operator would: by the presence of the block's effect.
fn resolve_doubt(servers: &Servers, direct: &Subject, findings: &mut Findings) {
    let query = "SELECT count(*) FROM counter WHERE what = 'p'";
    let row = connect(&servers.target, "app").query_one(query, &[]);
    let is_present = row.is_ok_and(|row| row.get::<_, i64>(0) > 0);
    let resolution = if is_present { "--applied" } else { "--retry" };
    let outcome = direct.run(&["resolve", resolution, IN_DOUBT]);
    if !outcome.status.success() {
        findings.report_other(format!("the doubt cannot be settled: {}", outcome.stderr));
    }
}

/// Checks the exit code of a run: success, an error, or a doubt where the protocol allows one.
fn check_outcome(case: Case, run: &str, outcome: &Outcome, findings: &mut Findings) {
    let killed = case.fault == Fault::Kill && run == "the disturbed run";
    match outcome.status.code() {
        Some(0 | 1) => {}
        None if killed => {}
        Some(3)
            if case.scenario.may_doubt() && outcome.stderr.contains("how far a statement of ") =>
        {
            findings.doubts += 1;
        }
        Some(3) => {
            findings.unexpected_doubts += 1;
            findings.report(format!("{run} is in doubt:\n{}", outcome.stderr));
        }
        _ => {
            let (status, stderr) = (outcome.status, &outcome.stderr);
            findings.report_other(format!("{run} ended with {status}:\n{stderr}"));
        }
    }
}
