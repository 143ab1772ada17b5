//! Many programs that start at once, as the replicas of a service do.

use crate::subject;
use patchgen_sandbox::Server;
use patchgen_tests::{
    BASELINE, Outcome, Pooler, Running, Subject, connect, count, effect, numbered_patches, server,
    write_patch,
};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const STARTERS: usize = 16;
const LIMIT: Duration = Duration::from_secs(60);
/// Time within which waiting programs notice the end of the wait. They check ten times a second; the rest is reserve for
/// a busy machine.
const NOTICE_LIMIT: Duration = Duration::from_secs(2);
const PATCHES: usize = 100;

/// Creates a folder with the numbered patches of `app` and the baseline of a second database.
fn folder(patches: usize) -> TempDir {
    let folder = numbered_patches(patches);
    write_patch(&folder, "web.00000000.0000.postgres.baseline.sql", BASELINE);
    folder
}

/// Starts many programs at once. Returns the outcome of each and the time of its end.
fn start_all(subject: &Subject) -> Vec<(Outcome, Instant)> {
    let running: Vec<Running> = (0..STARTERS).map(|_| subject.start(&["apply"])).collect();
    std::thread::scope(|scope| {
        let waiting: Vec<_> = running
            .into_iter()
            .map(|running| scope.spawn(|| (running.wait(), Instant::now())))
            .collect();
        waiting.into_iter().map(|w| w.join().unwrap()).collect()
    })
}

/// Asserts that `effect` has this many rows, all different.
fn assert_once(server: &Server, patches: usize, what: &str) {
    let patches = patches as i64;
    let query = "SELECT count(*), count(DISTINCT patch) FROM effect";
    let row = connect(server, "app").query_one(query, &[]).unwrap();
    let found: (i64, i64) = (row.get(0), row.get(1));
    assert_eq!(found, (patches, patches), "{what}");
}

/// Asserts that all programs succeed, that each patch is applied once, and that waiting programs name the lock's holder.
fn assert_all_succeed(server: &Server, ended: &[(Outcome, Instant)], what: &str) {
    for (outcome, _) in ended {
        let output = format!("{what}: {}{}", outcome.stdout, outcome.stderr);
        assert!(outcome.status.success(), "{output}");
    }
    assert_once(server, PATCHES, what);
    let waited = |outcome: &Outcome| outcome.stderr.contains("Waiting { holder: \"process ");
    let waiters = ended.iter().filter(|(outcome, _)| waited(outcome)).count();
    assert!(waiters >= STARTERS / 2, "{what}: {waiters} waited");
    let idle = ended
        .iter()
        .filter(|(outcome, _)| outcome.stdout.starts_with("nothing to do"));
    let first = idle.map(|(_, at)| *at).min();
    let last = ended.iter().map(|(_, at)| *at).max();
    if let (Some(first), Some(last)) = (first, last) {
        let behind = last.saturating_duration_since(first);
        assert!(behind < NOTICE_LIMIT, "{what}: {behind:?}");
    }
}

#[test]
fn sixteen_programs_on_an_empty_server_all_succeed_and_each_patch_runs_once() {
    let folder = folder(PATCHES);
    for options in [&[][..], &["--state-in-target"]] {
        let server = server();
        let subject = subject(&server, &folder).options(options);
        let ended = start_all(&subject);
        assert_all_succeed(&server, &ended, &format!("{options:?}"));
    }
}

#[test]
fn sixteen_programs_through_a_transaction_pool_of_four() {
    let folder = folder(PATCHES);
    for options in [&[][..], &["--state-in-target"]] {
        let server = server();
        let pooler = Pooler::start(&server, 4);
        let subject = subject(&server, &folder)
            .options(options)
            .conninfo(pooler.conninfo("postgres", "postgres"));
        let ended = start_all(&subject);
        assert_all_succeed(&server, &ended, &format!("{options:?} pooled"));
        assert!(subject.apply().starts_with("nothing to do"));
    }
}

#[test]
fn a_waiting_program_takes_over_when_the_leader_is_killed() {
    for pooled in [false, true] {
        let server = server();
        let pooler = Pooler::start(&server, 4);
        let folder = folder(5);
        let mut subject = subject(&server, &folder);
        subject.apply();
        write_patch(
            &folder,
            "app.20240102.0001.postgres.more.sql",
            &effect("more"),
        );
        if pooled {
            subject = subject.conninfo(pooler.conninfo("postgres", "postgres"));
        }
        let leader = subject.start_armed(&["apply"], "ran:1:stop");
        leader.wait_until_stopped();
        let followers: Vec<Running> = (0..4).map(|_| subject.start(&["apply"])).collect();
        let begin = Instant::now();
        while !followers.iter().all(|f| f.stderr().contains("Waiting")) {
            let stderr: Vec<String> = followers.iter().map(Running::stderr).collect();
            assert!(begin.elapsed() < LIMIT, "{pooled}: {stderr:?}");
            sleep(Duration::from_millis(5));
        }
        leader.kill();
        let killed = Instant::now();
        while count(&server, "app", "SELECT count(*) FROM effect") != 6 {
            assert!(
                killed.elapsed() < NOTICE_LIMIT,
                "{pooled}: nobody took over"
            );
            sleep(Duration::from_millis(5));
        }
        let mut applied = 0;
        for follower in followers {
            let outcome = follower.wait();
            outcome.assert_code(0);
            applied += usize::from(outcome.stdout.starts_with("applied 1 patch"));
        }
        assert_eq!(applied, 1, "{pooled}: one took over");
        assert_once(&server, 6, "leader killed");
    }
}
