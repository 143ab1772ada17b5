//! What a lock file lets pass, and what not.

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

#[test]
fn what_stays_and_what_comes_behind_is_accepted() {
    let sealed = Sealed::new();
    assert!(sealed.build().locked(true).run().is_ok());
    // Folder, user and description do not matter, nor how a checkout ends the lines.
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
fn what_rewrites_history_is_refused() {
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
fn a_damaged_file_says_nothing_of_the_patches() {
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
