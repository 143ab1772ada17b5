//! Effects of the configuration: roles, grammars, selections, place of the state.

use crate::subject;
use patchgen_tests::{
    BASELINE, app_patches, column, count, effect, effects, execute, scratch_patches, server,
    write_patch,
};

#[test]
fn one_login_may_set_the_role_of_each_patch() {
    for options in [&[][..], &["--state-in-target"]] {
        let server = server();
        execute(
            &server,
            "postgres",
            &[
                "CREATE ROLE login LOGIN CREATEDB CREATEROLE; CREATE ROLE owner; GRANT owner TO login",
            ],
        );
        let folder = scratch_patches(&[
            (
                "app.00000000.0000.login.baseline.sql",
                "GRANT CREATE ON SCHEMA public TO owner; CREATE TABLE effect (patch text); ALTER TABLE effect OWNER TO owner;",
            ),
            (
                "app.20240101.0001.owner.first.sql",
                "INSERT INTO effect VALUES (current_user || ' ' || session_user); CREATE TABLE mine ();",
            ),
            (
                "app.20240101.0002.owner.c.sql",
                "-- patch: kind=concurrent\nCREATE INDEX CONCURRENTLY i ON effect (patch);",
            ),
        ]);
        let subject = subject(&server, &folder)
            .conninfo(server.conninfo("postgres", "login"))
            .option("--role-mode=set-role");
        let subject = subject.options(options);
        subject.apply();
        assert_eq!(effects(&server, "app"), ["owner login"], "{options:?}");
        let query = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname IN ('mine', 'i')";
        for owner in column(&server, "app", query) {
            assert_eq!(owner, "owner", "{options:?}");
        }
        assert!(subject.apply().starts_with("nothing to do"));
    }
}

#[test]
fn launchpad_names_take_database_and_user_from_the_program() {
    let server = server();
    execute(&server, "postgres", &["CREATE DATABASE app"]);
    execute(&server, "app", &[BASELINE]);
    let folder = scratch_patches(&[
        ("patch-2211-10-0-std.sql", &effect("third")),
        ("patch-2211-5-1-direct.sql", &effect("second")),
        ("patch-2211-5-0-std.sql", &effect("first")),
        (
            "patch-2211-11-0-concurrent.sql",
            "CREATE INDEX CONCURRENTLY i ON effect (patch);",
        ),
    ]);
    let subject = subject(&server, &folder)
        .option("--database=app")
        .option("--user=postgres");
    // A run for another kind than that of the first pending patch stops there.
    let outcome = subject.run(&["apply", "--kinds", "direct"]);
    outcome.assert_code(0);
    assert!(effects(&server, "app").is_empty());
    subject.run(&["apply", "--one"]);
    assert_eq!(effects(&server, "app"), ["first"]);
    subject.run(&["apply", "--group"]);
    assert_eq!(effects(&server, "app"), ["first", "second"]);
    subject.apply();
    assert_eq!(effects(&server, "app"), ["first", "second", "third"]);
    let query = "SELECT string_agg(major || '-' || minor || '-' || point || '-' || kind, ' ' ORDER BY minor, point) FROM patchgen.patch";
    assert_eq!(
        column(&server, "patches", query),
        ["2211-5-0-std 2211-5-1-direct 2211-10-0-std 2211-11-0-concurrent"]
    );
}

#[test]
fn a_logical_database_may_have_another_name_and_each_is_recorded_by_its_own() {
    let server = server();
    let folder = app_patches(&[("first", &effect("first"))]);
    for name in ["app", "app_test"] {
        subject(&server, &folder)
            .option(&format!("--map=app={name}"))
            .apply();
        assert_eq!(count(&server, name, "SELECT count(*) FROM effect"), 1);
    }
    let query = "SELECT string_agg(DISTINCT database, ' ') FROM patchgen.patch";
    assert_eq!(column(&server, "patches", query), ["app app_test"]);
}

#[test]
fn the_state_may_be_on_another_server() {
    let (server, state) = (
        server(),
        patchgen_sandbox::Options::new()
            .cluster(patchgen_sandbox::Cluster::Fresh)
            .throwaway()
            .unwrap(),
    );
    let folder = app_patches(&[("first", &effect("first"))]);
    let subject = subject(&server, &folder).option(&format!(
        "--state-conninfo={}",
        state.conninfo("postgres", "postgres")
    ));
    subject.start_armed(&["apply"], "committed:2:kill").wait();
    subject.apply();
    assert_eq!(effects(&server, "app"), ["first"]);
    assert!(subject.apply().starts_with("nothing to do"));
    let has = |server: &patchgen_sandbox::Server, name: &str| {
        let query = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
        count(server, "postgres", &query) == 1
    };
    assert!(
        has(&server, "app")
            && !has(&server, "patches")
            && has(&state, "patches")
            && !has(&state, "app")
    );
}

#[test]
fn a_standby_is_refused_and_the_remedy_is_named() {
    let server = server();
    if !server.binaries().dir().join("pg_basebackup").exists() {
        return; // Some installations lack this program.
    }
    let folder = app_patches(&[]);
    subject(&server, &folder).apply();
    let standby = server.standby().unwrap();
    let folder = app_patches(&[("first", &effect("first"))]);
    let to = |conninfo: String| subject(&server, &folder).conninfo(conninfo);
    let outcome = to(standby.conninfo("postgres", "postgres")).run(&["apply"]);
    outcome.assert_code(1);
    outcome.assert_stderr_contains("is a standby, where nothing can be written");
    outcome.assert_stderr_contains("target_session_attrs=read-write");
    let both = format!(
        "host=127.0.0.1,127.0.0.1 port={},{} user=postgres target_session_attrs=read-write",
        standby.port(),
        server.port()
    );
    to(both).apply();
    assert_eq!(effects(&server, "app"), ["first"]);
}

#[test]
fn a_call_within_tokio_works_and_an_asynchronous_one_too() {
    let server = server();
    let config = patchgen_runtime::Config::new().conninfo(server.conninfo("postgres", "postgres"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let set = patchgen_runtime::PatchSet::EMPTY;
        assert!(patchgen_runtime::apply(&set, &config).unwrap().is_empty());
        assert!(
            patchgen_runtime::apply_async(set, config)
                .await
                .unwrap()
                .is_empty()
        );
    });
}

#[test]
fn a_server_that_ends_idle_sessions_does_not_end_a_run() {
    let server = server();
    let idle = "ALTER ROLE ALL SET idle_session_timeout = '500ms'";
    // Servers before 14 do not have the setting and end no sessions.
    let _ = server.psql("postgres", idle);
    let folder = app_patches(&[(
        "slow",
        &format!("{}SELECT pg_sleep(1.5);\n", effect("slow")),
    )]);
    subject(&server, &folder).apply();
    assert_eq!(effects(&server, "app"), ["slow"]);
}

#[test]
fn a_message_of_a_patch_is_not_taken_for_one_of_the_runtime() {
    let server = server();
    let folder = app_patches(&[(
        "raise",
        "DO $$ BEGIN RAISE EXCEPTION 'this account was taken over'; END $$;\n",
    )]);
    let outcome = subject(&server, &folder).run(&["apply"]);
    outcome.assert_code(1);
    let message = "raise.sql:1:7: this account was taken over (P0001)";
    outcome.assert_stderr_contains(message);
}

#[test]
fn strings_are_read_as_in_the_build_with_any_setting_of_the_database() {
    let server = server();
    let folder = app_patches(&[]);
    let subject = subject(&server, &folder);
    subject.apply();
    let old = "ALTER DATABASE app SET standard_conforming_strings = off";
    server.psql("postgres", old).unwrap();
    let insert = "INSERT INTO effect VALUES ('a\\nb'), ('c:\\');\n";
    for (name, head) in [
        ("1.postgres.std", ""),
        ("2.postgres.each", "-- patch: kind=concurrent\n"),
    ] {
        let name = format!("app.20240101.000{name}.sql");
        write_patch(&folder, &name, &format!("{head}{insert}"));
    }
    subject.apply();
    assert_eq!(effects(&server, "app"), [r"a\nb", r"c:\", r"a\nb", r"c:\"]);
}

#[test]
fn two_databases_cannot_be_mapped_to_one_place() {
    let server = server();
    let folder = scratch_patches(&[
        ("aa.20240101.0001.postgres.a.sql", "SELECT 1;"),
        ("bb.20240101.0002.postgres.b.sql", "SELECT 1;"),
    ]);
    let outcome =
        subject(&server, &folder).run(&["apply", "--map", "aa=postgres", "--map", "bb=postgres"]);
    outcome.assert_code(1);
    let message = "the patches of `aa` and of `bb` both go to `postgres`";
    outcome.assert_stderr_contains(message);
}

#[test]
fn a_bootstrap_takes_the_role_of_its_patches() {
    for options in [&[][..], &["--state-in-target"]] {
        let server = server();
        // It cannot log in.
        let role = "CREATE ROLE kennel_owner SUPERUSER";
        execute(&server, "postgres", &[role]);
        let folder = scratch_patches(&[
            ("kennel.00000000.0000.kennel_owner.baseline.sql", BASELINE),
            (
                "kennel.20240101.0001.kennel_owner.first.sql",
                &effect("first"),
            ),
        ]);
        let subject = subject(&server, &folder)
            .option("--role-mode=set-role")
            .options(options);
        subject.apply();
        let owner = "SELECT pg_get_userbyid(relowner)::text FROM pg_class WHERE relname = 'effect'";
        assert_eq!(
            column(&server, "kennel", owner),
            ["kennel_owner"],
            "{options:?}"
        );
        assert!(subject.apply().starts_with("nothing to do"), "{options:?}");
    }
}

#[test]
fn a_panic_of_an_observer_is_a_panic_of_the_callers_task() {
    let server = server();
    let folder = app_patches(&[]);
    let build = patchgen::Build::new().without_lock_file();
    let build = build.patches(format!("{}/*.sql", folder.path().display()));
    // An asynchronous call takes patches that live as long as the program, as embedded ones do.
    let output = Box::leak(Box::new(build.run().unwrap()));
    let config = patchgen_runtime::Config::new()
        .conninfo(server.conninfo("postgres", "postgres"))
        .observer(|_: &patchgen_runtime::Event<'_>| panic!("the observer's own"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let task = async {
        let applied = patchgen_runtime::apply_async(output.patch_set(), config);
        tokio::spawn(applied).await
    };
    let error = runtime.block_on(task).unwrap_err();
    assert!(error.is_panic(), "{error}");
    let payload = error.into_panic();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"the observer's own"));
}
