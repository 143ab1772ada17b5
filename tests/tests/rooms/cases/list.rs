//! Lists, and what they allow.

use super::{NONE, faults_of};
use crate::faults::faults;

#[test]
fn an_upward_arrow_has_its_place_and_its_name() {
    let files = [
        ("lib.rs", "mod plan; mod run;\npub use run::concurrent;"),
        ("run/mod.rs", "use crate::plan::doubt::Doubt;"),
        ("run/lane.rs", ""),
        ("plan.rs", "mod doubt;"),
        (
            "plan/doubt.rs",
            "use std::fmt;\nuse crate::{run::lane::Lane, concurrent};\nconst L: u32 = crate::run::LIMIT;",
        ),
    ];
    assert_eq!(
        faults_of(&files, "run -> plan"),
        [
            "house/src/plan/doubt.rs:2: plan uses run (crate::concurrent, crate::run::lane::Lane), \
             and ARCHITECTURE.md has no such arrow",
            "house/src/plan/doubt.rs:3: plan uses run (crate::run::LIMIT), and ARCHITECTURE.md has no such arrow",
        ]
    );
}

#[test]
fn a_list_names_the_rooms_that_there_are() {
    let files = [
        ("lib.rs", "mod plan; mod run; #[cfg(test)] mod cases;"),
        ("plan.rs", ""),
        ("run/mod.rs", ""),
        ("cases.rs", "use crate::run;"),
        ("cases/more.rs", ""),
        ("tables.rs", "#![cfg(test)]"),
    ];
    assert_eq!(faults_of(&files, "run → plan"), NONE);
    assert_eq!(faults_of(&files, "run, plan"), NONE);
    assert_eq!(
        faults_of(&files, "fleet → run"),
        [
            "ARCHITECTURE.md:4: house/src has no room fleet",
            "house/src: ARCHITECTURE.md does not name the room plan",
        ]
    );
    assert_eq!(
        faults(
            "house",
            &[("lib.rs".to_owned(), String::new())].into(),
            "```arrows other\na → b\n```"
        ),
        ["ARCHITECTURE.md has no list of arrows for house"]
    );
}

#[test]
fn a_line_reaches_to_its_end_and_not_into_another() {
    let files = |run: &'static str| {
        [
            ("lib.rs", ""),
            ("error.rs", ""),
            ("ledger.rs", ""),
            ("message.rs", ""),
            ("plan.rs", ""),
            ("run.rs", run),
        ]
    };
    let uses_error = files("use crate::error::Error;");
    let uses_message = files("use crate::message::Message;");
    let cases = [
        ("run → plan → ledger, message → error", true, true),
        ("message, run → plan → ledger\nall → error", true, false),
        ("run → all", true, true),
        ("run → plan, ledger\nplan → message, error", false, false),
        (
            "run → plan, ledger\nplan → message, error\nrun → error",
            true,
            false,
        ),
        ("plan, ledger → run\nall → message -> error", true, true),
    ];
    for (arrows, error, message) in cases {
        let is_allowed = |files: &[(&str, &str)]| {
            let faults = faults_of(files, arrows);
            !faults.iter().any(|fault| fault.contains("no such arrow"))
        };
        assert_eq!(is_allowed(&uses_error), error, "{arrows}");
        assert_eq!(is_allowed(&uses_message), message, "{arrows}");
    }
}

#[test]
fn a_list_is_well_formed_and_has_no_circle() {
    let files = [("lib.rs", ""), ("a.rs", ""), ("b.rs", ""), ("c.rs", "")];
    let cases = [
        (
            "a → b\n\nb -> c\nc → a",
            "ARCHITECTURE.md: the arrows of house form a circle: a → b (line 4), b → c (line 6), c → a (line 7)",
        ),
        (
            "all → b\nall → c\na → b",
            "ARCHITECTURE.md: the arrows of house form a circle: b → c (line 5), c → b (line 4)",
        ),
        (
            "a → a\nb, c",
            "ARCHITECTURE.md: the arrows of house form a circle: a → a (line 4)",
        ),
        (
            "a, b → c\na b",
            "ARCHITECTURE.md:5: `a b` is not a room's name",
        ),
        ("a, b → c →", "ARCHITECTURE.md:4: `` is not a room's name"),
    ];
    for (arrows, fault) in cases {
        assert!(
            faults_of(&files, arrows).contains(&fault.to_owned()),
            "{:?}",
            faults_of(&files, arrows)
        );
    }
}

#[test]
fn a_file_that_is_not_rust_is_a_fault() {
    let faults = faults_of(&[("plan.rs", "struct Plan;\nstruct {")], "plan");
    assert!(
        faults
            .iter()
            .any(|fault| fault.starts_with("house/src/plan.rs:2: ")),
        "{faults:?}"
    );
}
