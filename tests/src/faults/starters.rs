//! What many starters cost against one.

use crate::{Running, Subject, scratch_patches, server};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long programs take that start at once on an empty server, until the last has ended.
///
/// # Panics
/// When one of them does not end well.
pub fn starters(program: &Path, programs: usize, patches: usize) -> Duration {
    let patch = |number| {
        (
            format!("app.20240101.{number:04}.postgres.p.sql"),
            format!("CREATE TABLE made_{number} (a int PRIMARY KEY, b text);\n"),
        )
    };
    let mut files: Vec<(String, String)> = (1..=patches).map(patch).collect();
    let baseline = "app.00000000.0000.postgres.baseline.sql".to_owned();
    files.push((baseline, "CREATE TABLE base ();\n".to_owned()));
    let files: Vec<(&str, &str)> = files.iter().map(|(n, sql)| (&n[..], &sql[..])).collect();
    let folder = scratch_patches(&files);
    let server = server();
    let subject = Subject::new(&program.to_string_lossy(), &server, folder.path());
    let began = Instant::now();
    let running: Vec<Running> = (0..programs).map(|_| subject.start(&["apply"])).collect();
    for running in running {
        let outcome = running.wait();
        assert!(outcome.status.success(), "{}", outcome.stderr);
    }
    began.elapsed()
}
