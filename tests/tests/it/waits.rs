//! Number of times that a program waits for the server, each of which costs the network's latency.

use crate::subject;
use patchgen_tests::{Proxy, app_patches, effect, server, write_patch};
use std::fs;

#[test]
fn a_start_with_nothing_to_do_waits_once_and_a_patch_four_times_or_once() {
    for (options, per_patch) in [(&[][..], 4), (&["--state-in-target"][..], 1)] {
        let server = server();
        let folder = app_patches(&[]);
        let proxy = Proxy::start(server.port());
        let subject = subject(&server, &folder).options(options);
        let subject = subject.conninfo(proxy.conninfo("postgres", "postgres"));
        subject.apply();

        proxy.reset();
        subject.apply();
        assert_eq!(
            proxy.waits(),
            1,
            "{options:?}: nothing to do: {:?}",
            proxy.connections()
        );
        assert_eq!(
            proxy.connections().iter().filter(|c| c.sent > 0).count(),
            1,
            "{options:?}: {:?}",
            proxy.connections()
        );

        let mut waits = Vec::new();
        for (first, last) in [(1, 1), (2, 11)] {
            for number in first..=last {
                let name = format!("app.20240101.{number:04}.postgres.p.sql");
                write_patch(&folder, &name, &effect(&number.to_string()));
            }
            proxy.reset();
            subject.apply();
            waits.push(proxy.waits());
        }
        assert_eq!(waits[1] - waits[0], 9 * per_patch, "{options:?}: {waits:?}");
    }
}

#[test]
fn a_start_waits_once_after_a_failed_patch_was_deleted() {
    for options in [&[][..], &["--state-in-target"]] {
        let server = server();
        let folder = app_patches(&[("broken", "SELECT 1 / 0;\n")]);
        let proxy = Proxy::start(server.port());
        let subject = subject(&server, &folder).options(options);
        let subject = subject.conninfo(proxy.conninfo("postgres", "postgres"));
        subject.run(&["apply"]).assert_code(1);
        fs::remove_file(folder.path().join("app.20240101.0001.postgres.broken.sql")).unwrap();
        proxy.reset();
        assert!(subject.apply().starts_with("nothing to do for 1 patch,"));
        let connections = proxy.connections();
        assert_eq!(proxy.waits(), 1, "{options:?}: {connections:?}");
    }
}
