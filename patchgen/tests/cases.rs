//! Findings in the folders under `cases`. Each has patches, a snapshot of the findings, and maybe a `build.txt` with
//! settings.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use patchgen::Build;
use patchgen_model::Item;
use std::fmt::Write;
use std::path::Path;

#[test]
fn cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    for case in cases {
        // A build without the feature `lint` has fewer findings.
        let is_full = ["lints", "lints-denied", "syntax"]
            .iter()
            .any(|name| case.ends_with(name));
        if is_full && !cfg!(feature = "lint") {
            continue;
        }
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(&case);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!("found", found(&case)));
    }
}

fn found(case: &Path) -> String {
    let settings = std::fs::read_to_string(case.join("build.txt")).unwrap_or_default();
    let mut build = Build::new().base(case);
    if !settings.contains("glob ") {
        build = build.patches("patches/**/*.sql");
    }
    for line in settings.lines() {
        build = match line.split_once(' ').unwrap_or((line, "")) {
            ("glob", glob) => build.patches(glob),
            ("database", name) => build.database(name),
            ("user", name) => build.user(name),
            ("deny", rule) => build.deny(rule),
            ("warn", rule) => build.warn(rule),
            ("allow", rule) => build.allow(rule),
            ("lock_file", path) => build.lock_file(path),
            ("locked", _) => build.locked(true),
            other => panic!("no setting: {other:?}"),
        };
    }
    let output = match build.run() {
        Ok(output) => output,
        Err(findings) => return findings.to_string(),
    };
    assert_eq!(output.patch_set().validate(), Ok(()));
    let mut text = String::new();
    for patch in output.patch_set().iter() {
        let (file, user, kind) = (patch.file(), patch.user(), patch.kind());
        writeln!(text, "{} {kind} as {user} from {file}", patch.id()).unwrap();
        if let Some(timeout) = patch.lock_timeout() {
            writeln!(text, "    lock_timeout {timeout:?}").unwrap();
        }
        for item in patch.items() {
            let code = item.span().of(patch.text());
            let first = code.lines().next().unwrap();
            match item {
                Item::Meta(_) => writeln!(text, "    meta {first}").unwrap(),
                Item::Statement(statement) => {
                    write!(text, "    {:?} {first}", statement.class).unwrap();
                    for variable in &statement.variables {
                        write!(text, " [{}]", variable.name(patch.text())).unwrap();
                    }
                    if let Some(data) = statement.data {
                        write!(text, " {:?}", data.span.of(patch.text())).unwrap();
                    }
                    text.push('\n');
                }
            }
        }
    }
    if !output.warnings().is_empty() {
        write!(text, "\n{}", output.warnings()).unwrap();
    }
    text
}
