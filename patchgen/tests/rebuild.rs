//! Builds of a scratch package with cargo: changes that run the build script again, and output of builds that fail.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scratch;

use scratch::Package;
use std::fs;

const BUILD: &str = r#"
use std::io::Write;

fn main() {
    let runs = std::fs::OpenOptions::new().create(true).append(true).open("runs");
    writeln!(runs.unwrap(), "run").unwrap();
    patchgen::Build::new().patches("patches/**/*.sql").emit();
}
"#;

const MAIN: &str = r#"
static PATCHES: patchgen_runtime::PatchSet = patchgen_macros::embed_patches!();

fn main() {
    for patch in PATCHES.iter() {
        println!("{} {}", patch.description(), patch.text().trim());
    }
}
"#;

fn package(name: &str) -> Package {
    let package = Package::new(name);
    package.write("build.rs", BUILD);
    package.write("src/main.rs", MAIN);
    package
}

/// Runs the program. Returns its output and the number of times that the build script has run so far.
fn run(package: &Package) -> (String, usize) {
    let output = package.cargo("run");
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{errors}");
    let runs = fs::read_to_string(package.path("runs")).unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    (lines.trim().replace('\n', ", "), runs.lines().count())
}

fn patch(minor: u32, description: &str) -> String {
    format!("kennel.20240131.{minor:04}.postgres.{description}.sql")
}

#[test]
fn only_changes_of_patches_run_the_build_script_again() {
    let package = package("scratch-changes");
    let file = |folder: &str, name: &str| format!("patches/{folder}{name}");
    let (a, b, c) = (patch(1, "a"), patch(2, "b"), patch(3, "c"));
    package.write(&file("", &a), "select 1;");
    fs::create_dir(package.path("patches/empty")).unwrap();
    assert_eq!(run(&package), ("a select 1;".to_owned(), 1));

    // Nothing, the program, and a file elsewhere.
    assert_eq!(run(&package).1, 1);
    package.write("src/main.rs", &MAIN.replace("PATCHES", "SET"));
    package.write("notes/readme.sql", "");
    assert_eq!(run(&package), ("a select 1;".to_owned(), 1));

    // Added, edited, renamed, deleted.
    package.write(&file("", &b), "select 2;");
    assert_eq!(run(&package), ("a select 1;, b select 2;".to_owned(), 2));
    package.write(&file("", &a), "select 9;");
    assert_eq!(run(&package), ("a select 9;, b select 2;".to_owned(), 3));
    let renamed = patch(5, "renamed");
    fs::rename(
        package.path(&file("", &b)),
        package.path(&file("", &renamed)),
    )
    .unwrap();
    assert_eq!(
        run(&package),
        ("a select 9;, renamed select 2;".to_owned(), 4)
    );
    fs::remove_file(package.path(&file("", &renamed))).unwrap();
    assert_eq!(run(&package), ("a select 9;".to_owned(), 5));

    // In a folder that was empty, and in a new one.
    package.write(&file("empty/", &b), "select 2;");
    assert_eq!(run(&package), ("a select 9;, b select 2;".to_owned(), 6));
    package.write(&file("new/deep/", &c), "select 3;");
    assert_eq!(
        run(&package),
        ("a select 9;, b select 2;, c select 3;".to_owned(), 7)
    );
    assert_eq!(run(&package).1, 7);
}

#[test]
fn a_lock_file_is_noticed_when_it_is_created_and_deleted() {
    let package = package("scratch-lock");
    package.write(&format!("patches/{}", patch(1, "a")), "select 1;");
    assert_eq!(run(&package).1, 1);
    assert_eq!(run(&package).1, 1);
    package.write("patches.lock", "nonsense");
    let output = package.cargo("build");
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("error[lock-damaged]"), "{errors}");
    fs::remove_file(package.path("patches.lock")).unwrap();
    assert_eq!(run(&package).1, 3);
    assert_eq!(run(&package).1, 3);

    let mut locked = package.command("build");
    let output = locked.env("PATCHGEN_LOCKED", "1").output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("error[lock-missing]"), "{errors}");
    assert_eq!(run(&package).1, 5);
}

#[test]
fn a_build_that_fails_shows_every_fault_once() {
    let package = package("scratch-faults");
    package.write(
        &format!("patches/{}", patch(1, "a")),
        "select 1;\nvacuum;\n",
    );
    package.write("patches/kennel.2024131.0001.postgres.b.sql", "select 1;");
    package.write(&format!("patches/{}", patch(2, "empty")), "-- later\n");
    package.write(&format!("patches/{}", patch(3, "blank")), "");
    let output = package.cargo("build");
    assert!(!output.status.success());
    let errors = String::from_utf8(output.stderr).unwrap();
    for expected in [
        "error[needs-concurrent]: `VACUUM` cannot run inside a transaction",
        "--> patches/kennel.20240131.0001.postgres.a.sql:2:1",
        "error[file-name]: the major version `2024131` has 7 digits, not 8",
        "warning[empty-patch]: the patch has no statement",
        "error[blank-patch]: the file is blank",
        "patchgen: 3 errors",
    ] {
        assert_eq!(errors.matches(expected).count(), 1, "{expected}\n{errors}");
    }
    assert!(!errors.contains("panicked"), "{errors}");
}

#[test]
fn a_glob_that_searches_the_package_is_rejected() {
    let package = package("scratch-wide");
    package.write("build.rs", &BUILD.replace("patches/**/*.sql", "**/*.sql"));
    package.write(&patch(1, "a"), "select 1;");
    let output = package.cargo("build");
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(
        errors.contains("error[glob]: the glob `**/*.sql` looks into the folder of the package"),
        "{errors}"
    );
}
