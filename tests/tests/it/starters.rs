//! Several programs at once.

use crate::apply::{BASELINE, effect};
use crate::subject;
use patchgen_tests::{Running, connect, scratch_patches, server};

#[test]
fn four_programs_on_an_empty_server_all_end_well_and_each_patch_runs_once() {
    let mut files = vec![(
        "app.00000000.0000.postgres.baseline.sql".to_owned(),
        BASELINE.to_owned(),
    )];
    files.extend((1..=20).map(|number| {
        (
            format!("app.20240101.{number:04}.postgres.p.sql"),
            effect(&number.to_string()),
        )
    }));
    files.push((
        "web.00000000.0000.postgres.baseline.sql".to_owned(),
        BASELINE.to_owned(),
    ));
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, sql)| (name.as_str(), sql.as_str()))
        .collect();
    let folder = scratch_patches(&files);
    for options in [&[][..], &["--state-in-target"]] {
        let server = server();
        let subject = options
            .iter()
            .fold(subject(&server, &folder), |subject, option| {
                subject.option(option)
            });
        let running: Vec<Running> = (0..4).map(|_| subject.start(&["apply"])).collect();
        for running in running {
            let outcome = running.wait();
            assert!(
                outcome.status.success(),
                "{options:?}: {}{}",
                outcome.stdout,
                outcome.stderr
            );
        }
        let query = "SELECT count(*), count(DISTINCT patch) FROM effect";
        let row = connect(&server, "app").query_one(query, &[]).unwrap();
        assert_eq!(
            (row.get::<_, i64>(0), row.get::<_, i64>(1)),
            (20, 20),
            "{options:?}"
        );
    }
}
