//! When cargo runs a build script again, and what a build that fails shows: with a real cargo, on a scratch package.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const BUILD: &str = r#"
use std::io::Write;

fn main() {
    let runs = std::fs::OpenOptions::new().create(true).append(true).open("runs");
    writeln!(runs.unwrap(), "run").unwrap();
    patchgen::Build::new().patches("patches/**/*.sql").emit();
}
"#;

const MAIN: &str = r#"
static PATCHES: patchgen_runtime::PatchSet = include!(concat!(env!("OUT_DIR"), "/patches.rs"));

fn main() {
    for patch in PATCHES.iter() {
        println!("{} {}", patch.description(), patch.text().trim());
    }
}
"#;

struct Package {
    folder: tempfile::TempDir,
}

impl Package {
    fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [dependencies]\npatchgen_runtime = {{ package = \"patchgen-model\", path = {:?} }}\n\n\
             [build-dependencies]\npatchgen = {{ path = {:?}, default-features = false }}\n",
            root.join("model"),
            root.join("patchgen")
        );
        let package = Self { folder };
        package.write("Cargo.toml", &manifest);
        package.write("build.rs", BUILD);
        package.write("src/main.rs", MAIN);
        fs::copy(root.join("Cargo.lock"), package.path("Cargo.lock")).unwrap();
        package
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn cargo(&self, command: &str) -> Output {
        Command::new(env!("CARGO"))
            .args([command, "--offline", "--quiet"])
            .current_dir(self.folder.path())
            .env(
                "CARGO_TARGET_DIR",
                Path::new(env!("CARGO_TARGET_TMPDIR")).join("scratch"),
            )
            .env_remove("PATCHGEN_LOCKED")
            .output()
            .unwrap()
    }

    /// What the program prints, and how often the build script has run up to now.
    fn run(&self) -> (String, usize) {
        let output = self.cargo("run");
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{errors}");
        let runs = fs::read_to_string(self.path("runs")).unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        (lines.trim().replace('\n', ", "), runs.lines().count())
    }
}

fn patch(minor: u32, description: &str) -> String {
    format!("kennel.20240131.{minor:04}.postgres.{description}.sql")
}

#[test]
fn every_change_of_patches_is_noticed_and_no_other() {
    let package = Package::new("scratch-changes");
    let file = |folder: &str, name: &str| format!("patches/{folder}{name}");
    let (a, b, c) = (patch(1, "a"), patch(2, "b"), patch(3, "c"));
    package.write(&file("", &a), "select 1;");
    fs::create_dir(package.path("patches/empty")).unwrap();
    assert_eq!(package.run(), ("a select 1;".to_owned(), 1));

    // Nothing, the program, and a file elsewhere.
    assert_eq!(package.run().1, 1);
    package.write("src/main.rs", &MAIN.replace("PATCHES", "SET"));
    package.write("notes/readme.sql", "");
    assert_eq!(package.run(), ("a select 1;".to_owned(), 1));

    // Added, edited, renamed, deleted.
    package.write(&file("", &b), "select 2;");
    assert_eq!(package.run(), ("a select 1;, b select 2;".to_owned(), 2));
    package.write(&file("", &a), "select 9;");
    assert_eq!(package.run(), ("a select 9;, b select 2;".to_owned(), 3));
    let renamed = patch(5, "renamed");
    fs::rename(
        package.path(&file("", &b)),
        package.path(&file("", &renamed)),
    )
    .unwrap();
    assert_eq!(
        package.run(),
        ("a select 9;, renamed select 2;".to_owned(), 4)
    );
    fs::remove_file(package.path(&file("", &renamed))).unwrap();
    assert_eq!(package.run(), ("a select 9;".to_owned(), 5));

    // In a folder that was empty, and in a new one.
    package.write(&file("empty/", &b), "select 2;");
    assert_eq!(package.run(), ("a select 9;, b select 2;".to_owned(), 6));
    package.write(&file("new/deep/", &c), "select 3;");
    assert_eq!(
        package.run(),
        ("a select 9;, b select 2;, c select 3;".to_owned(), 7)
    );
    assert_eq!(package.run().1, 7);
}

#[test]
fn a_lock_file_is_noticed_when_it_comes_and_goes() {
    let package = Package::new("scratch-lock");
    package.write(&format!("patches/{}", patch(1, "a")), "select 1;");
    assert_eq!(package.run().1, 1);
    assert_eq!(package.run().1, 1);
    package.write("patches.lock", "nonsense");
    let output = package.cargo("build");
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("error[lock-damaged]"), "{errors}");
    fs::remove_file(package.path("patches.lock")).unwrap();
    assert_eq!(package.run().1, 3);
    assert_eq!(package.run().1, 3);
}

#[test]
fn a_build_that_fails_shows_every_fault_once() {
    let package = Package::new("scratch-faults");
    package.write(
        &format!("patches/{}", patch(1, "a")),
        "select 1;\nvacuum;\n",
    );
    package.write("patches/kennel.2024131.0001.postgres.b.sql", "select 1;");
    package.write(&format!("patches/{}", patch(2, "empty")), "");
    let output = package.cargo("build");
    assert!(!output.status.success());
    let errors = String::from_utf8(output.stderr).unwrap();
    for expected in [
        "error[needs-concurrent]: `VACUUM` cannot run inside a transaction",
        "--> patches/kennel.20240131.0001.postgres.a.sql:2:1",
        "error[file-name]: the major version `2024131` has 7 digits, not 8",
        "warning[empty-patch]: the patch has no statement",
        "patchgen: 2 errors",
    ] {
        assert_eq!(errors.matches(expected).count(), 1, "{expected}\n{errors}");
    }
    assert!(!errors.contains("panicked"), "{errors}");
}

#[test]
fn a_glob_that_looks_into_the_package_is_refused() {
    let package = Package::new("scratch-wide");
    package.write("build.rs", &BUILD.replace("patches/**/*.sql", "**/*.sql"));
    package.write(&patch(1, "a"), "select 1;");
    let output = package.cargo("build");
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(
        errors.contains("error[glob]: the glob `**/*.sql` looks into the folder of the package"),
        "{errors}"
    );
}
