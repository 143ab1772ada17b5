use super::*;

/// Returns the escapes of a statement, each with the text that begins at its offset.
fn found(statement: &str) -> Vec<(&'static str, String)> {
    role_escapes(statement, StringMode::Standard)
        .into_iter()
        .map(|escape| {
            let rest = statement[escape.offset..].chars().take(10).collect();
            (escape.command, rest)
        })
        .collect()
}

fn commands(statement: &str) -> Vec<&'static str> {
    found(statement).into_iter().map(|(it, _)| it).collect()
}

const ROLE_CALL: &str = "set_config('role', …)";
const SESSION_CALL: &str = "set_config('session_authorization', …)";

#[test]
fn every_spelling_of_an_escape_is_found() {
    for (statement, command) in [
        ("SET ROLE NONE", "SET ROLE NONE"),
        ("set role \"none\"", "SET ROLE NONE"),
        ("set role 'none'", "SET ROLE NONE"),
        ("set role E'n\\x6fne'", "SET ROLE NONE"),
        ("set role $$none$$", "SET ROLE NONE"),
        ("set role U&\"n\\006fne\"", "SET ROLE NONE"),
        ("SET LOCAL ROLE none", "SET ROLE NONE"),
        ("set session role none", "SET ROLE NONE"),
        ("set/**/role -- x\n = 'none'", "SET ROLE NONE"),
        ("set \"role\" = none", "SET ROLE NONE"),
        ("set \"Role\" to 'none'", "SET ROLE NONE"),
        ("SET role TO DEFAULT", "SET ROLE TO DEFAULT"),
        ("set local role = default", "SET ROLE TO DEFAULT"),
        ("set U&\"r\\006fle\" to default", "SET ROLE TO DEFAULT"),
        (
            "set U&\"r!006fle\" uescape '!' to default",
            "SET ROLE TO DEFAULT",
        ),
        ("RESET ROLE", "RESET ROLE"),
        ("reset \"role\"", "RESET ROLE"),
        ("reset U&\"\\0072ole\"", "RESET ROLE"),
        ("set session authorization x", "SET SESSION AUTHORIZATION"),
        (
            "set session session authorization 'x'",
            "SET SESSION AUTHORIZATION",
        ),
        (
            "set local session authorization default",
            "SET SESSION AUTHORIZATION",
        ),
        ("set session_authorization = x", "SET SESSION AUTHORIZATION"),
        (
            "set \"session_authorization\" to 'x'",
            "SET SESSION AUTHORIZATION",
        ),
        ("reset session authorization", "RESET SESSION AUTHORIZATION"),
        ("reset session_authorization", "RESET SESSION AUTHORIZATION"),
        ("discard all", "DISCARD ALL"),
        ("select set_config('role', 'none', true)", ROLE_CALL),
        (
            "SELECT Pg_Catalog.SET_CONFIG('Role', 'none', true)",
            ROLE_CALL,
        ),
        (
            "select \"pg_catalog\".\"set_config\" ( E'r\\157le', 'x', false)",
            ROLE_CALL,
        ),
        (
            "select U&\"set\\005fconfig\"($$role$$, 'x', false)",
            ROLE_CALL,
        ),
        ("select set_config('ro'\n'le'::text, 'x', false)", ROLE_CALL),
        ("select set_config(('role'), 'x', false)", ROLE_CALL),
        (
            "select set_config(cast('role' as text), 'x', false)",
            ROLE_CALL,
        ),
        ("select set_config(text 'role', 'x', false)", ROLE_CALL),
        (
            "update t set a = 1 + length(set_config('ROLE', b, true))",
            ROLE_CALL,
        ),
        (
            "insert into t values (d.pg_catalog.set_config('role', 'x', true))",
            ROLE_CALL,
        ),
        (
            "select set_config('session_authorization', 'x', true)",
            SESSION_CALL,
        ),
    ] {
        assert_eq!(commands(statement), [command], "{statement}");
    }
    let escaped = "select set_config('r\\157le', 'x', true)";
    assert!(role_escapes(escaped, StringMode::Standard).is_empty());
    assert_eq!(role_escapes(escaped, StringMode::Escape).len(), 1);
}

#[test]
fn the_statements_of_a_block_are_looked_at() {
    for (body, command, at) in [
        ("begin reset role; end", "RESET ROLE", "reset role"),
        (
            "begin perform 1; SET LOCAL ROLE none; end",
            "SET ROLE NONE",
            "SET LOCAL ",
        ),
        (
            "begin if a then set role to default; end if; end",
            "SET ROLE TO DEFAULT",
            "set role t",
        ),
        (
            "begin if a then b; else reset role; end if; end",
            "RESET ROLE",
            "reset role",
        ),
        (
            "begin loop reset session authorization; end loop; end",
            "RESET SESSION AUTHORIZATION",
            "reset sess",
        ),
        (
            "<<l>> declare a int; begin begin reset role; end; end",
            "RESET ROLE",
            "reset role",
        ),
        (
            "begin exception when others then reset \"role\"; end",
            "RESET ROLE",
            "reset \"rol",
        ),
        (
            "begin perform set_config('role', 'none', true); end",
            ROLE_CALL,
            "set_config",
        ),
        (
            "declare a text := set_config('role', 'x', true); begin end",
            ROLE_CALL,
            "set_config",
        ),
        (
            "begin do $b$ begin reset role; end $b$; end",
            "RESET ROLE",
            "reset role",
        ),
        (
            "begin execute 'reset role'; end",
            "RESET ROLE",
            "'reset rol",
        ),
        (
            "begin execute $b$select 1; set role none$b$; end",
            "SET ROLE NONE",
            "$b$select ",
        ),
    ] {
        let statement = format!("do $a$ {body} $a$");
        assert_eq!(found(&statement), [(command, at.to_owned())], "{statement}");
        let statement = format!("do language 'plpgsql' '{}'", body.replace('\'', "''"));
        assert_eq!(commands(&statement), [command], "{statement}");
    }
    // The value of the body has no places of its own.
    let statement = "do E'begin reset\\nrole; end'";
    assert_eq!(found(statement), [("RESET ROLE", "begin rese".to_owned())]);
    let both = "do $$ begin set role none; reset role; end $$";
    assert_eq!(commands(both), ["SET ROLE NONE", "RESET ROLE"]);
}

#[test]
fn other_statements_are_no_escapes() {
    for statement in [
        "",
        "set role app",
        "set local role 'app'",
        "set role \"NONE\"",
        "set role 'NONE'",
        "set role = \"default\"",
        "set x.role = 'none'",
        "set session.role to default",
        "reset session.authorization",
        "reset all",
        "discard temp",
        "set role from current",
        "set session characteristics as transaction read only",
        "alter role r set role to 'none'",
        "alter role r reset role",
        "alter database d set session_authorization = 'x'",
        "create function f() returns int language sql set role to 'none' as 'select 1'",
        "create function f() returns int language plpgsql as $$ begin reset role; end $$",
        "update t set role = 'none'",
        "update t set role = default",
        "insert into t (role) values (1) on conflict (role) do update set role = default",
        "select 'reset role; set role none', \"reset role\" -- reset role\n /* ; reset role; */",
        "select 'set_config(''role'', 1, true)', \"set_config\"",
        "select app.set_config('role', 'x', true)",
        "select set_config('app.role', 'none', true), set_config('x', 'role', true)",
        "select set_config('role' || '_x', 'none', true), set_config(a, 'role', true)",
        "select set_config(format('role'), 'x', true)",
        "create table set_config (role int)",
        "comment on table t is 'reset role; set_config(''role'', 1, true)'",
        "grant app to \"set_config\"",
        "do $$ begin raise notice 'x; reset role'; -- reset role\n /* ; reset role; */ end $$",
        "do $$ begin update t\nset role = 'none'; update t set role = default; end $$",
        "do $$ declare reset role; set role = 'none'; begin end $$",
        "do $$ begin a := case when b then role else \"reset\" end; set local role app; end $$",
        "do $$ begin comment on table t is 'reset role'; grant role to x; end $$",
        "do $$ begin execute 'set role none' || 'such'; execute 'select ''reset role'''; end $$",
        "do $$ begin create function f() returns int language sql set role to default as 'x'; end $$",
        "do language plperl $$ reset role; $$",
        "do",
        "do $$ begin reset",
    ] {
        assert_eq!(found(statement), [], "{statement}");
    }
}
