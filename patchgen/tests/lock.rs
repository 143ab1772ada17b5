//! Comparison of patches with a lock file.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use patchgen::{Build, Diagnostics, Output, lockfile};
use std::fs;
use std::path::PathBuf;

const FIRST: &str = "patches/kennel.20240131.0001.postgres.first.sql";
const SECOND: &str = "patches/kennel.20240131.0002.postgres.second.sql";

/// Two sealed patches of one database and one of another.
struct Sealed {
    folder: tempfile::TempDir,
}

impl Sealed {
    fn new() -> Self {
        let sealed = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(sealed.path("patches")).unwrap();
        sealed.write(FIRST, "select 1;");
        sealed.write(SECOND, "select 2;");
        sealed.write("patches/patch-2211-5-0-std.sql", "select 3;");
        sealed.seal();
        sealed
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.path(file), text).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    fn build(&self) -> Build {
        let build = Build::new().base(self.folder.path());
        build.patches("patches/*.sql").database("library")
    }

    fn seal(&self) {
        let output = self.build().without_lock_file().run().unwrap();
        assert!(lockfile::write(&output, &self.path("patches.lock")).unwrap());
        assert!(!lockfile::write(&output, &self.path("patches.lock")).unwrap());
    }

    fn lock(&self) -> String {
        fs::read_to_string(self.path("patches.lock")).unwrap()
    }
}

fn shown(result: Result<Output, Diagnostics>) -> String {
    match result {
        Ok(output) => format!(
            "{} patches\n{}",
            output.patch_set().len(),
            output.warnings()
        ),
        Err(findings) => findings.to_string(),
    }
}

#[test]
fn the_file_lists_the_sealed_history() {
    insta::assert_snapshot!(Sealed::new().lock());
}

/// The lock file of [`Sealed`], as it was written before identities had one spelling.
const FORMAT_1: &str = "\
# patchgen lock 1 1b4d02a0cbe15af0f638afd86689d904a5db00355f3498d7cdab44ef349db98a
kennel 20240131.0001 354b7196c9ba5fb4b21cf615bb6ec4cd5c07503c34229feef033fc081a8c03f4 patches/kennel.20240131.0001.postgres.first.sql
kennel 20240131.0002 b1bd6d0bfa373a448021e0b2e8311b967e0e7ff45431b7105668662498cc2067 patches/kennel.20240131.0002.postgres.second.sql
library 2211-5-0 ff91937b5d5a982f5f74d94e2c14f52b13390834832f87858c23029bd8cf0fb4 patches/patch-2211-5-0-std.sql
";

#[test]
fn a_lock_file_of_format_1_is_read_and_written_anew() {
    let sealed = Sealed::new();
    let new = sealed.lock();
    sealed.write("patches.lock", FORMAT_1);
    let output = sealed.build().locked(true).run().unwrap();
    assert!(lockfile::write(&output, &sealed.path("patches.lock")).unwrap());
    assert_eq!(sealed.lock(), new);
    sealed.write("patches.lock", FORMAT_1);
    sealed.write("patches/patch-2211-5-0-std.sql", "select 9;");
    let findings = sealed.build().run().unwrap_err().to_string();
    assert!(
        findings.contains("library.2211.5.0 is sealed, and was edited since"),
        "{findings}"
    );
}

#[test]
fn a_launchpad_name_with_eight_digits_keeps_its_spelling() {
    let sealed = Sealed::new();
    let file = "patches/patch-20240131-1-0-std.sql";
    sealed.write(file, "select 4;");
    sealed.seal();
    assert!(sealed.lock().contains("\nlibrary.20240131.1.0 "));
    fs::remove_file(sealed.path(file)).unwrap();
    let findings = sealed.build().run().unwrap_err().to_string();
    assert!(
        findings.contains("library.20240131.1.0 is sealed, and is gone"),
        "{findings}"
    );
}

#[test]
fn unchanged_and_later_patches_are_accepted() {
    let sealed = Sealed::new();
    assert!(sealed.build().locked(true).run().is_ok());
    // Folder, user, description and the line ends of a checkout do not matter.
    sealed.rename(FIRST, "patches/kennel.20240131.0001.owner.other.sql");
    sealed.write("patches.lock", &sealed.lock().replace('\n', "\r\n"));
    sealed.write(
        "patches/kennel.20240131.0003.postgres.third.sql",
        "select 3;",
    );
    sealed.write(
        "patches/adoption.20200131.0001.postgres.new_database.sql",
        "select 3;",
    );
    assert!(sealed.build().run().is_ok());
    insta::assert_snapshot!("unsealed", shown(sealed.build().locked(true).run()));
}

#[test]
fn a_rewritten_history_is_rejected() {
    let sealed = Sealed::new();
    sealed.write(FIRST, "select 9;");
    insta::assert_snapshot!("edited", shown(sealed.build().run()));

    let sealed = Sealed::new();
    fs::remove_file(sealed.path(SECOND)).unwrap();
    insta::assert_snapshot!("removed", shown(sealed.build().run()));

    let sealed = Sealed::new();
    sealed.rename(SECOND, "patches/kennel.20240131.0012.postgres.second.sql");
    insta::assert_snapshot!("renamed", shown(sealed.build().run()));

    let sealed = Sealed::new();
    sealed.write("patches/patch-2211-4-9-direct.sql", "select 4;");
    sealed.write(
        "patches/kennel.20231231.0001.postgres.late.sql",
        "select 4;",
    );
    insta::assert_snapshot!("late", shown(sealed.build().run()));
}

#[test]
fn a_damaged_file_is_an_error() {
    let sealed = Sealed::new();
    sealed.write("patches.lock", &sealed.lock().replace("0002", "0003"));
    insta::assert_snapshot!("damaged", shown(sealed.build().run()));
    let conflict = format!(
        "<<<<<<< ours\n{0}=======\n{0}>>>>>>> theirs\n",
        sealed.lock()
    );
    sealed.write("patches.lock", &conflict);
    insta::assert_snapshot!("conflict", shown(sealed.build().run()));
    fs::remove_file(sealed.path("patches.lock")).unwrap();
    assert!(sealed.build().run().is_ok());
    insta::assert_snapshot!("missing", shown(sealed.build().locked(true).run()));
}

#[test]
fn a_set_is_compared_with_any_lock_file() {
    let sealed = Sealed::new();
    sealed.rename("patches.lock", "other.lock");
    let run = || sealed.build().run().unwrap();
    assert!(lockfile::check(&run(), &sealed.path("other.lock")).is_ok());
    assert!(
        sealed
            .build()
            .lock_file("other.lock")
            .locked(true)
            .run()
            .is_ok()
    );
    sealed.write(
        "patches/kennel.20240131.0003.postgres.third.sql",
        "select 3;",
    );
    let findings = lockfile::check(&run(), &sealed.path("other.lock")).unwrap_err();
    assert_eq!(findings.iter().next().unwrap().code, "lock-unsealed");
}
