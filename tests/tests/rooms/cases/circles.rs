//! Circles of files.

use super::{NONE, faults_of};

/// Circles in a crate whose only room is `plan`.
fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
    let mut files = files.to_vec();
    files.push(("lib.rs", "mod plan;"));
    faults_of(&files, "plan")
}

#[test]
fn parents_and_their_children_may_use_each_other() {
    let cases: [&[(&str, &str)]; 4] = [
        &[
            ("plan.rs", "mod step; use step::Step; pub struct Plan;"),
            ("plan/step.rs", "use super::Plan; use crate::plan::Other;"),
        ],
        &[
            ("plan/mod.rs", "mod doubt; mod step; use self::step::Step;"),
            ("plan/step.rs", "use super::Plan;"),
            ("plan/doubt.rs", "use super::{Plan, step::Step};"),
        ],
        &[
            ("plan.rs", "mod step; pub struct Plan;"),
            ("plan/step.rs", "mod kind;"),
            (
                "plan/step/kind.rs",
                "use crate::plan::Plan; use super::Step;",
            ),
        ],
        // The definitions of a parent do not come from its globs.
        &[
            (
                "plan.rs",
                "mod doubt; mod step; pub use doubt::*; pub struct Plan; pub use step::Step;",
            ),
            ("plan/step.rs", "use super::Plan;"),
            ("plan/doubt.rs", "use super::Step;"),
        ],
    ];
    for files in cases {
        assert_eq!(circles_of(files), NONE);
    }
}

#[test]
fn siblings_may_not_use_each_other() {
    let direct = [
        ("plan.rs", "mod doubt; mod step;"),
        (
            "plan/doubt.rs",
            "\nuse super::step::Step;\nfn f() { super::step::make() }",
        ),
        ("plan/step.rs", "fn f() { crate::plan::doubt::f(); }"),
    ];
    assert_eq!(
        circles_of(&direct),
        ["house/src: files use each other in a circle:\n    \
          house/src/plan/doubt.rs:2 uses plan/step.rs (super::step::Step, super::step::make)\n    \
          house/src/plan/step.rs:1 uses plan/doubt.rs (crate::plan::doubt::f)"]
    );

    let cases: [&[(&str, &str)]; 4] = [
        // By a re-export of the parent.
        &[
            (
                "plan.rs",
                "mod doubt; mod step; pub use step::Step; pub(crate) use doubt::*;",
            ),
            ("plan/doubt.rs", "use super::Step; pub struct Doubt;"),
            ("plan/step.rs", "use crate::plan::Doubt;"),
        ],
        // By what the parent imports for itself.
        &[
            (
                "plan.rs",
                "mod doubt; mod step; use self::step::{self as steps, Step};",
            ),
            ("plan/doubt.rs", "fn f() { super::steps::f() }"),
            ("plan/step.rs", "use super::doubt::Doubt;"),
        ],
        // By a child of one of them.
        &[
            ("plan.rs", "mod doubt; mod step;"),
            ("plan/doubt.rs", "use super::step;"),
            ("plan/step.rs", "mod kind;"),
            ("plan/step/kind.rs", "use super::super::doubt::Doubt;"),
        ],
        // By a third.
        &[
            ("plan.rs", "mod doubt; mod step; mod order;"),
            ("plan/doubt.rs", "use super::step;"),
            ("plan/step.rs", "use super::order;"),
            ("plan/order.rs", "use super::doubt;"),
        ],
    ];
    for files in cases {
        assert_eq!(circles_of(files).len(), 1, "{:?}", circles_of(files));
    }
}
