//! One history: something breaks, is repaired, and the program is started again.

use super::check::check;
use super::fault::{Case, Fault, When};
use super::scenario::{Ledger, Scenario};
use super::strike::Scene;
use super::tally::Tally;
use super::world::{World, Writers};
use crate::{Outcome, Proxy, Running, Subject, connect, scratch_patches};
use patchgen_sandbox::SUPERUSER;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Longer than any run may take.
pub(super) const LIMIT: Duration = Duration::from_secs(60);
/// How often the program is started again.
const RUNS: usize = 4;
/// The statement by statement patch of the scenarios.
const IN_DOUBT: &str = "app:20240101-2-0";

/// How long an undisturbed run takes and how often it waits for each server.
#[derive(Debug, Clone)]
pub(super) struct Usual {
    time: Duration,
    waits: Vec<usize>,
}

/// The ways to the servers of a scenario.
struct Ways {
    proxies: Vec<Proxy>,
    direct: Subject,
    proxied: Subject,
}

impl Ways {
    fn new(world: &World, scenario: Scenario, program: &Path, folder: &Path) -> Ways {
        let mut servers = vec![&*world.target];
        if scenario.ledger == Ledger::OtherServer {
            servers.push(world.home(scenario.ledger));
        }
        let proxies: Vec<Proxy> = servers.iter().map(|s| Proxy::start(s.port())).collect();
        let mut direct = Subject::new(&program.to_string_lossy(), &world.target, folder);
        for option in scenario.options() {
            direct = direct.option(option);
        }
        let mut proxied = direct
            .clone()
            .conninfo(proxies[0].conninfo("postgres", SUPERUSER));
        if let [_, home] = &servers[..] {
            let direct_home = home.conninfo("postgres", SUPERUSER);
            let proxied_home = proxies[1].conninfo("postgres", SUPERUSER);
            direct = direct.option(&format!("--state-conninfo={direct_home}"));
            proxied = proxied.option(&format!("--state-conninfo={proxied_home}"));
        }
        Ways {
            proxies,
            direct,
            proxied,
        }
    }
}

/// Applies everything undisturbed.
pub(super) fn usual(world: &World, case: &Case, program: &Path) -> Usual {
    world.reset();
    let folder = folder(world, case.scenario);
    let ways = Ways::new(world, case.scenario, program, folder.path());
    if case.prepared {
        prepare(&ways.direct);
    }
    let began = Instant::now();
    ways.proxied.apply();
    Usual {
        time: began.elapsed(),
        waits: ways.proxies.iter().map(Proxy::waits).collect(),
    }
}

fn folder(world: &World, scenario: Scenario) -> tempfile::TempDir {
    let files = scenario.files(world.version);
    let files: Vec<(&str, &str)> = files.iter().map(|(n, sql)| (&n[..], &sql[..])).collect();
    scratch_patches(&files)
}

fn prepare(subject: &Subject) {
    let outcome = subject.run(&["apply", "--one"]);
    assert!(outcome.status.success(), "{}", outcome.stderr);
}

pub(super) fn run(world: &World, case: Case, program: &Path, usual: Option<&Usual>) -> Tally {
    let mut tally = Tally {
        histories: 1,
        ..Tally::default()
    };
    world.reset();
    let folder = folder(world, case.scenario);
    let ways = Ways::new(world, case.scenario, program, folder.path());
    if case.prepared {
        prepare(&ways.direct);
    }
    let mut scene = Scene {
        world,
        case,
        proxies: &ways.proxies,
        direct: &ways.direct,
        others: Vec::new(),
        hung: Vec::new(),
    };
    let (struck, mut running) = disturbed(&mut scene, &ways, usual);
    tally.injected = usize::from(struck);
    if !matches!(case.fault, Fault::Server(..)) || case.number.is_multiple_of(3) {
        // Else the server stays away until the program has ended.
        world.repair();
    }
    match running.wait_within(LIMIT) {
        Some(outcome) => judge(case, "the disturbed run", &outcome, &mut tally),
        None => {
            let said = running.kill().stderr;
            tally.other(format!("the disturbed run hangs; it said:\n{said}"));
        }
    }
    for outcome in std::mem::take(&mut scene.others) {
        judge(case, "another run meanwhile", &outcome, &mut tally);
    }
    for said in std::mem::take(&mut scene.hung) {
        tally.other(format!("another run meanwhile hangs; it said:\n{said}"));
    }
    world.repair();
    if let Fault::Full(which) = case.fault
        && struck
    {
        world.empty(case.scenario, which);
    }
    if recover(world, case, &ways.direct, &mut tally) {
        check(world, case.scenario, &mut tally);
    }
    tally
}

/// Starts the program and breaks something; gives whether it did, and the program.
fn disturbed(scene: &mut Scene<'_>, ways: &Ways, usual: Option<&Usual>) -> (bool, Running) {
    let apply = &["apply"];
    match scene.case.when {
        When::Point(point, passing) => {
            let at = format!("{point}:{passing}:stop");
            let running = ways.proxied.start_armed(apply, &at);
            let struck = running.stopped_or_ended() && scene.strike(&running, true);
            (struck, running)
        }
        When::Part(part) => {
            let time = usual.map_or(LIMIT / 60, |usual| usual.time);
            let mut running = ways.proxied.start(apply);
            sleep(time.mul_f64(part));
            let goes_on = running.wait_within(Duration::ZERO).is_none();
            let struck = goes_on && scene.strike(&running, false);
            (struck, running)
        }
        When::Wait(part, how) => {
            let place = scene.case.number % ways.proxies.len();
            let waits = usual.map_or(1, |usual| usual.waits[place]);
            let wait = 1 + (part * waits as f64) as usize;
            ways.proxies[place].fail_at(wait, how);
            let mut running = ways.proxied.start(apply);
            if let Fault::Freeze(mended) = scene.case.fault {
                while !ways.proxies[place].is_frozen() {
                    if running.wait_within(Duration::from_millis(2)).is_some() {
                        return (false, running);
                    }
                }
                scene.mend(mended);
            }
            (true, running)
        }
        When::Build => in_build(scene, ways),
    }
}

/// Strikes in an index build that waits for a writer.
fn in_build(scene: &mut Scene<'_>, ways: &Ways) -> (bool, Running) {
    let target = &scene.world.target;
    let mut writers = Writers::start(target);
    let mut running = ways.proxied.start(&["apply"]);
    let mut client = connect(target, "app");
    let query = "SELECT count(*) FROM pg_stat_progress_create_index";
    while client
        .query_one(query, &[])
        .expect("the server runs")
        .get::<_, i64>(0)
        == 0
    {
        if running.wait_within(Duration::from_millis(2)).is_some() {
            return (false, running);
        }
    }
    let struck = scene.strike(&running, false);
    writers.release();
    // The others write on until the program has ended.
    let _ = running.wait_within(LIMIT / 2);
    (struck, running)
}

/// Starts the program until it ends well and has nothing more to do; gives whether it came to that.
fn recover(world: &World, case: Case, direct: &Subject, tally: &mut Tally) -> bool {
    for number in 0..RUNS {
        let mut running = direct.start(&["apply", "--lock-wait=30s"]);
        let Some(outcome) = running.wait_within(LIMIT) else {
            let said = running.kill().stderr;
            tally.other(format!("a later run hangs; it said:\n{said}"));
            return false;
        };
        judge(case, "a later run", &outcome, tally);
        tally.more_runs += usize::from(number > 0);
        match outcome.status.code() {
            Some(0) => {
                let last = direct.run(&["apply"]);
                if !last.stdout.starts_with("nothing to do") {
                    tally.other(format!("the last run had to do: {}", last.stdout));
                }
                return true;
            }
            Some(3) => settle(world, direct, tally),
            _ if number + 1 == RUNS => {
                tally.other(format!("it does not recover:\n{}", outcome.stderr));
            }
            _ => {}
        }
    }
    false
}

/// What somebody does who was told to look: the block's effect is there or it is not.
fn settle(world: &World, direct: &Subject, tally: &mut Tally) {
    let query = "SELECT count(*) FROM counter WHERE what = 'p'";
    let row = connect(&world.target, "app").query_one(query, &[]);
    let there = row.is_ok_and(|row| row.get::<_, i64>(0) > 0);
    let settlement = if there { "--applied" } else { "--retry" };
    let outcome = direct.run(&["resolve", settlement, IN_DOUBT]);
    if !outcome.status.success() {
        tally.other(format!("the doubt cannot be settled: {}", outcome.stderr));
    }
}

/// Every run ends well, with an error that it tells, or in doubt where that has a reason.
fn judge(case: Case, which: &str, outcome: &Outcome, tally: &mut Tally) {
    let killed = case.fault == Fault::Kill && which == "the disturbed run";
    match outcome.status.code() {
        Some(0 | 1) => {}
        None if killed => {}
        Some(3)
            if case.scenario.may_doubt() && outcome.stderr.contains("how far a statement of ") =>
        {
            tally.doubts += 1;
        }
        Some(3) => {
            tally.unexpected_doubts += 1;
            tally.tell(format!("{which} is in doubt:\n{}", outcome.stderr));
        }
        _ => {
            let (status, said) = (outcome.status, &outcome.stderr);
            tally.other(format!("{which} ended with {status}:\n{said}"));
        }
    }
}
