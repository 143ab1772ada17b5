//! The ways to use a room.

use super::faults_of;

/// Lines of `run.rs` that use the room `plan`, which they may not; `run/lane.rs` exists too.
fn lines_that_use_plan(run: &str) -> Vec<usize> {
    let files = [
        (
            "lib.rs",
            "mod error; mod plan; mod run;\n\
             pub use plan::{Step, step::Kind as StepKind};\n\
             pub(crate) use error::*;\n\
             pub(crate) use plan::doubt::*;\n\
             pub const LIMIT: u32 = 1;\n\
             macro_rules! failpoint { () => {} }\n\
             pub(crate) use failpoint;",
        ),
        ("error.rs", "pub struct Error;"),
        ("plan.rs", "mod doubt; mod step;\npub use step::Step;"),
        ("plan/doubt.rs", "pub struct Doubt;"),
        ("plan/step.rs", "pub struct Step; pub enum Kind {}"),
        ("run.rs", run),
        ("run/lane.rs", ""),
    ];
    faults_of(&files, "plan, run → error")
        .iter()
        .map(|fault| {
            let line = fault.strip_prefix("house/src/run.rs:").unwrap();
            let (line, fault) = line.split_once(": ").unwrap();
            assert!(fault.starts_with("run uses plan ("), "{fault}");
            line.parse().unwrap()
        })
        .collect()
}

#[test]
fn every_way_to_use_a_room_counts() {
    let cases = [
        ("use crate::plan;", vec![1]),
        ("use crate::plan::Step;", vec![1]),
        ("use crate::plan::*;", vec![1]),
        ("use crate::plan as other;", vec![1]),
        ("use super::plan::Step;", vec![1]),
        ("use self::super::plan::Step;", vec![1]),
        ("pub(crate) use crate::plan::Step;", vec![1]),
        (
            "use crate::{\n    error::Error,\n    plan::{\n        self, Step,\n    },\n};",
            vec![4],
        ),
        ("use crate::Step;", vec![1]),
        ("use crate::StepKind;", vec![1]),
        ("use crate::Doubt;", vec![1]),
        ("use crate::*;", vec![1]),
        ("\nfn f() { use crate::plan::Step; }", vec![2]),
        ("fn f() {\n    crate::plan::step::make(1);\n}", vec![2]),
        ("fn f(step: &crate::Step) {}", vec![1]),
        ("fn f() -> Vec<Option<super::plan::Step>> {}", vec![1]),
        (
            "fn f() { <super::plan::Step as Default>::default() }",
            vec![1],
        ),
        ("fn f() { if let crate::plan::Step::First = x {} }", vec![1]),
        ("impl crate::plan::Step {}", vec![1]),
        (
            "fn f() {\n    println!(\n        \"{}\", crate::plan::LIMIT);\n}",
            vec![3],
        ),
        ("#[command(help = crate::plan::HELP)]\nstruct S;", vec![1]),
        ("mod inner { use super::super::plan::Step; }", vec![1]),
        ("mod inner {\n    fn f() { crate::plan::f() }\n}", vec![2]),
    ];
    for (run, lines) in cases {
        assert_eq!(lines_that_use_plan(run), lines, "{run}");
    }
}

#[test]
fn what_is_no_use_of_another_room_passes() {
    let cases = [
        "use crate::error::Error;",
        "use crate::Error;",
        "use crate::LIMIT;",
        "fn f() { crate::failpoint!(); }",
        "use plan::Step;",
        "use ::plan::Step;",
        "use std::{fmt, io};",
        "mod lane; use lane::Lane; use self::lane::Other;",
        "pub(in crate::plan) fn f(plan: u32) { self.plan; self::plan(); }",
        "// crate::plan::Step\n/// [crate::plan::Step]\nstruct S;",
        "const S: &str = \"crate::plan::Step\";",
        "#[cfg(test)] use crate::plan::Step;",
        "#[cfg(test)] mod tests { use crate::plan::Step; }",
        "mod inner { #[cfg(test)] mod tests { use crate::plan::Step; } }",
        "struct S; impl S { #[cfg(test)] fn f() { crate::plan::f() } }",
    ];
    for run in cases {
        assert_eq!(lines_that_use_plan(run), [0; 0], "{run}");
    }
}
