use super::*;
use crate::rule::Level;
use crate::set::cache::{self, ROWS};
use crate::set::codegen::{INDEX, TEXT};
use std::fs;
use tempfile::TempDir;

/// Folder with patches, and the folder that keeps the results of builds.
struct Project {
    folder: TempDir,
    out: TempDir,
}

impl Project {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            out: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    fn settings(&self) -> Settings {
        Settings {
            base: Some(self.folder.path().to_owned()),
            globs: vec!["*.sql".to_owned()],
            database: Some("kennel".to_owned()),
            ..Settings::default()
        }
    }

    fn with_level(&self, rule: &str, level: Level) -> Settings {
        let mut settings = self.settings();
        settings.rules.levels.insert(rule.to_owned(), level);
        settings
    }

    fn warnings(&self, settings: &Settings) -> String {
        let output = run(settings, Some(self.out.path())).unwrap();
        output.warnings().to_string()
    }

    /// Builds with a cache and without one, which must have the same result.
    fn both(&self, settings: &Settings) -> Result<Output, Diagnostics> {
        let cached = run(settings, Some(self.out.path()));
        assert_eq!(cached, run(settings, None));
        cached
    }
}

const A: &str = "kennel.20240131.0001.postgres.a.sql";
const B: &str = "kennel.20240131.0002.postgres.b.sql";

#[test]
fn a_build_with_a_cache_is_like_one_without() {
    let project = Project::new();
    let settings = project.settings();
    project.write(A, "begin;\nselect 1; -- a\nend;\n");
    project.write(B, "select 1;\nvacuum;\n");
    assert!(project.both(&settings).is_err());
    project.write(B, "select 1;\n");
    assert_eq!(project.both(&settings).unwrap().warnings.len(), 1);
    let denied = project.with_level("transaction-pair", Level::Deny);
    assert!(project.both(&denied).is_err());
    // The same length, and perhaps the same time.
    project.write(A, "begin;\nselect 2; -- b\nend;\n");
    assert!(project.both(&settings).is_ok());
    // The same text as another kind, and as a baseline.
    project.write("patch-1-1-0-concurrent.sql", "vacuum;\n");
    assert!(project.both(&settings).is_ok());
    project.rename("patch-1-1-0-concurrent.sql", "patch-1-1-0-std.sql");
    assert!(project.both(&settings).is_err());
    project.rename("patch-1-1-0-std.sql", "kennel.00000000.0000.u.v.sql");
    assert!(project.both(&settings).is_ok());
    project.rename(A, "kennel.20240131.0003.postgres.c.sql");
    assert!(project.both(&settings).is_ok());
    // Facts about statements, at other places than before.
    let facts = "create database :\"d\" connection limit 5;\ndo 'begin end';\ncreate role r;\n";
    project.write("d.00000000.0000.u.v.sql", facts);
    assert!(project.both(&settings).is_ok());
    project.write("a.20240131.0001.u.v.sql", "do $$ begin end $$;\n");
    assert!(project.both(&settings).is_ok());
}

#[test]
fn an_analysis_is_kept_until_the_text_or_the_rules_change() {
    let project = Project::new();
    let settings = project.settings();
    project.write(A, "begin; select 1; end;");
    assert!(project.warnings(&settings).contains("transaction-pair"));
    let rows = project.out.path().join(ROWS);
    let kept = fs::read_to_string(&rows).unwrap();
    fs::write(&rows, kept.replace("begins and ends", "was judged before")).unwrap();
    cache::update_digest(project.out.path()).unwrap();
    assert!(project.warnings(&settings).contains("was judged before"));
    let others = project.with_level("empty-patch", Level::Warn);
    assert!(!project.warnings(&others).contains("was judged before"));
    // Results of another version are not used, as if its program had the same size and the same time.
    let current = fs::read_to_string(&rows).unwrap();
    let (version, rest) = current.split_once(" 2 ").unwrap();
    let older = format!("{version} 1 {rest}").replace("begins and ends", "was judged before");
    fs::write(&rows, older).unwrap();
    cache::update_digest(project.out.path()).unwrap();
    assert!(!project.warnings(&others).contains("was judged before"));
    // Damaged files are not used.
    for file in [ROWS, TEXT, INDEX] {
        fs::write(project.out.path().join(file), "x").unwrap();
        assert!(project.warnings(&settings).contains("begins and ends"));
    }
}

/// Returns about 16 offsets, among them the last one.
fn sampled(len: usize) -> impl Iterator<Item = usize> {
    (0..len).rev().step_by(len / 16 + 1)
}

#[test]
fn a_damaged_byte_makes_a_build_analyse_again() {
    let project = Project::new();
    let settings = project.settings();
    project.write(
        "patch-1-1-0-concurrent.sql",
        "vacuum;\nreindex table concurrently t;\n",
    );
    project.write(B, "begin; select 1; end;");
    let right = project.both(&settings).unwrap();
    for file in [INDEX, TEXT, ROWS] {
        let path = project.out.path().join(file);
        let whole = fs::read(&path).unwrap();
        for at in sampled(whole.len()) {
            for bit in [0x01, 0x80] {
                let mut damaged = whole.clone();
                damaged[at] ^= bit;
                fs::write(&path, &damaged).unwrap();
                assert!(
                    project.both(&settings).unwrap() == right,
                    "{file}: byte {at}"
                );
                // Not as before, because the build keeps the stamps of files when they are old enough.
                assert!(fs::read(&path).unwrap() != damaged, "{file}: byte {at}");
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_reported_by_its_name() {
    use std::os::unix::fs::symlink;
    let project = Project::new();
    symlink("user@host.1", project.path(".#x.sql")).unwrap();
    symlink("gone", project.path("d.20240131.0001.u.gone.sql")).unwrap();
    let faults = run(&project.settings(), None).unwrap_err();
    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].contains("editor"), "{faults:?}");
    assert!(faults[1].contains("cannot be read"), "{faults:?}");
}
