//! Roles that may create objects where the runtime's own statements could find them.

use crate::subject;
use patchgen_sandbox::Server;
use patchgen_tests::{Subject, app_patches, connect, effects, execute, server, write_patch};
use tempfile::TempDir;

/// Creates traps in `public` and in the schema of the superuser's name, in every database that is created from now on:
/// operators and functions that count their calls in a sequence, which no rollback takes back.
const TRAPS: &str = r"
    CREATE ROLE mallory;
    GRANT CREATE ON SCHEMA public TO mallory;
    CREATE SCHEMA postgres AUTHORIZATION mallory;
    SET ROLE mallory;
    CREATE SEQUENCE public.fired;
    GRANT ALL ON SEQUENCE public.fired TO PUBLIC;
    DO $traps$
    DECLARE
        types text[] := '{int4,int8,numeric,text,name,varchar,oid,regclass,xid8,timestamptz,bool,interval}';
        of_schema text; of_left text; of_right text; of_result text; operators text[]; symbol text; number int := 0;
    BEGIN
        FOREACH of_schema IN ARRAY '{public,postgres}'::text[] LOOP
            FOREACH of_left IN ARRAY types LOOP FOREACH of_right IN ARRAY types LOOP
                FOR of_result, operators IN VALUES
                    ('bool', '{=,<>,<,>,<=,>=,~,~*,~~,!~~}'::text[]),
                    ('text', '{||}'), ('numeric', '{+,-,*,/}'), ('int8', '{<<,|,&}')
                LOOP
                    number := number + 1;
                    EXECUTE format('CREATE FUNCTION %I.trap_%s(%s, %s) RETURNS %s LANGUAGE plpgsql AS '
                        '$f$BEGIN PERFORM nextval(''public.fired''); RETURN NULL; END$f$',
                        of_schema, number, of_left, of_right, of_result);
                    FOREACH symbol IN ARRAY operators LOOP
                        EXECUTE format('CREATE OPERATOR %I.%s (FUNCTION = %I.trap_%s, LEFTARG = %s, RIGHTARG = %s)',
                            of_schema, symbol, of_schema, number, of_left, of_right);
                    END LOOP;
                END LOOP;
            END LOOP; END LOOP;
            FOREACH symbol IN ARRAY string_to_array('max(int4);lower(text);round(numeric);encode(bytea,text);sha256(bytea);'
                'to_regclass(text);starts_with(text,text);convert_to(text,name);now();pg_backend_pid();'
                'pg_current_xact_id();current_database();pg_is_in_recovery();clock_timestamp()', ';') LOOP
                EXECUTE format('CREATE FUNCTION %I.%s RETURNS text LANGUAGE plpgsql AS '
                    '$f$BEGIN PERFORM nextval(''public.fired''); RETURN NULL; END$f$', of_schema, symbol);
            END LOOP;
        END LOOP;
    END $traps$;
    RESET ROLE;
";

/// Asserts that no trap fired in any database, and that one would.
fn assert_no_trap_fired(server: &Server, what: &str) {
    for database in ["postgres", "template1", "app", "patches"] {
        let Ok(mut client) =
            postgres::Client::connect(&server.conninfo(database, "postgres"), postgres::NoTls)
        else {
            continue;
        };
        let fired: bool = client
            .query_one("SELECT is_called FROM public.fired", &[])
            .unwrap()
            .get(0);
        assert!(!fired, "{what}: a trap fired in `{database}`");
    }
}

fn hostile_server() -> Server {
    let server = server();
    execute(&server, "template1", &[TRAPS]);
    // The maintenance database exists already.
    execute(
        &server,
        "postgres",
        &[&TRAPS.replace("CREATE ROLE mallory;", "")],
    );
    server
}

fn patches() -> TempDir {
    let folder = app_patches(&[
        (
            "first",
            "INSERT INTO effect VALUES ('1');\nCREATE TABLE t (a int PRIMARY KEY, b text);\n",
        ),
        (
            "concurrent",
            "-- patch: kind=concurrent\nINSERT INTO effect VALUES ('2');\n\
             CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (b);\nREINDEX TABLE CONCURRENTLY t;\n\
             DROP INDEX CONCURRENTLY i;\n",
        ),
        ("last", "INSERT INTO effect VALUES ('3');\n"),
    ]);
    write_patch(
        &folder,
        "app.20240101.0009.postgres.direct.sql",
        "-- patch: kind=direct\nINSERT INTO effect VALUES ('4');\n",
    );
    folder
}

const READING: [&[&str]; 5] = [
    &["plan"],
    &["status"],
    &["verify"],
    &["export"],
    &["adopt", "--dry-run"],
];

fn read_all(server: &Server, subject: &Subject, what: &str) {
    for action in READING {
        subject.run(action);
        assert_no_trap_fired(server, &format!("{what}: {action:?}"));
    }
}

#[test]
fn traps_of_other_roles_do_not_fire() {
    for options in [
        &[][..],
        &["--state-in-target"],
        &["--role-mode", "set-role"],
    ] {
        let server = hostile_server();
        let folder = patches();
        let subject = subject(&server, &folder).options(options);
        read_all(&server, &subject, "before");
        subject.apply();
        assert_no_trap_fired(&server, &format!("{options:?}: apply"));
        assert_eq!(effects(&server, "app"), ["1", "2", "3", "4"]);
        read_all(&server, &subject, "after");
        subject.run(&["apply", "--dry-run"]);
        subject.run(&["resolve", "--retry", "app.20240101.0001"]);
        assert_no_trap_fired(&server, &format!("{options:?}: afterwards"));
        let mut client = connect(&server, "app");
        client.query("SELECT 1::oid = 1::regclass", &[]).unwrap();
        let row = client.query_one("SELECT is_called FROM public.fired", &[]);
        assert!(row.unwrap().get::<_, bool>(0), "the traps are not armed");
    }
}

#[test]
fn traps_of_other_roles_do_not_fire_in_recovery() {
    for (options, point) in [
        (&[][..], "committing:2:kill"),
        (&[][..], "committing:3:kill"),
        (&[][..], "begun:1:kill"),
        (&[][..], "begun:2:kill"),
        (&["--state-in-target"][..], "begun:1:kill"),
    ] {
        let server = hostile_server();
        let folder = patches();
        let subject = subject(&server, &folder).options(options);
        subject.start_armed(&["apply"], point).wait();
        read_all(&server, &subject, point);
        subject.apply();
        assert_eq!(effects(&server, "app"), ["1", "2", "3", "4"], "{point}");
        assert_no_trap_fired(&server, point);
    }
}
