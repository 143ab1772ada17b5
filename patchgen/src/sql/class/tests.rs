mod facts;

use super::*;

/// Classifies a statement by its words.
fn by_words(statement: &str) -> Classified {
    by_words::classify(statement, Reader::new(statement, StringMode::Standard))
}

fn check(classify: impl Fn(&str) -> Classified) {
    for (statement, class) in CLASSES {
        assert_eq!(classify(statement), (*class).into(), "{statement}");
    }
    for (statement, class, schema, object, conditional) in OBJECTS {
        let found = classify(statement);
        let expected = Classified {
            class: *class,
            schema: (!schema.is_empty()).then(|| (*schema).to_owned()),
            object: (!object.is_empty()).then(|| (*object).to_owned()),
            conditional: *conditional,
            // The places have a table of their own.
            ..found.clone()
        };
        assert_eq!(found, expected, "{statement}");
    }
}

#[test]
fn words_determine_the_class() {
    check(by_words);
}

#[test]
fn the_tree_determines_the_same_class() {
    check(classify);
    #[cfg(feature = "syntax")]
    for statement in CLASSES
        .iter()
        .map(|row| row.0)
        .chain(OBJECTS.iter().map(|row| row.0))
    {
        same_by_tree(statement, UNKNOWN_TO_PARSER.contains(&statement));
    }
}

/// Compares the class by the tree with that by the words. The parser does not accept a few statements; then the words decide.
#[cfg(feature = "syntax")]
fn same_by_tree(statement: &str, is_unknown: bool) {
    let by_words = by_words(statement);
    match by_tree::classify(statement) {
        Some(by_tree) => {
            assert_eq!(by_tree, by_words, "{statement}");
            assert!(!is_unknown, "{statement}");
        }
        None => assert!(is_unknown, "{statement}"),
    }
    let reader = Reader::new(statement, StringMode::Standard);
    assert!(
        by_words::is_candidate(statement, reader) || by_words == Classified::default(),
        "{statement}"
    );
}

#[cfg(feature = "syntax")]
const UNKNOWN_TO_PARSER: &[&str] = &[
    "",
    "set role = x",
    "set role = 'none'",
    "set role to default",
    "reset session.role",
    "set names 'UTF8'",
    "SET SESSION NAMES 'UTF8'",
    "set local names 'UTF8'",
    "set names default",
    "set names",
];

const CLASSES: &[(&str, Class)] = &[
    ("", Class::Transactional),
    ("select 'vacuum'", Class::Transactional),
    ("create table vacuum (reindex int)", Class::Transactional),
    ("create index i on t (a)", Class::Transactional),
    (
        "create index \"concurrently\" on t (a)",
        Class::Transactional,
    ),
    ("drop index i, j", Class::Transactional),
    ("alter table t detach partition p", Class::Transactional),
    (
        "alter table t detach partition p finalize",
        Class::Transactional,
    ),
    (
        "alter table t add column concurrently int",
        Class::Transactional,
    ),
    (
        "refresh materialized view concurrently m",
        Class::Transactional,
    ),
    ("analyze t", Class::Transactional),
    ("checkpoint", Class::Transactional),
    ("explain analyze select 1", Class::Transactional),
    ("alter type e add value 'x'", Class::Transactional),
    // Transaction control.
    ("begin", Class::Begin),
    ("BEGIN ISOLATION LEVEL SERIALIZABLE", Class::Begin),
    ("/* x */ start transaction read only", Class::Begin),
    ("commit", Class::Commit),
    ("commit work and chain", Class::Commit),
    ("end transaction", Class::Commit),
    ("rollback and no chain", Class::Rollback),
    ("abort", Class::Rollback),
    ("rollback to a", Class::Transactional),
    ("rollback work to savepoint a", Class::Transactional),
    ("savepoint a", Class::Transactional),
    ("release a", Class::Transactional),
    ("commit prepared 'x'", Class::Unrepeatable),
    ("rollback prepared 'x'", Class::Unrepeatable),
    ("prepare transaction 'x'", Class::PrepareTransaction),
    ("PREPARE TRANSACTION $$x$$", Class::PrepareTransaction),
    ("prepare p as select 1", Class::Transactional),
    ("prepare p (int) as select $1", Class::Transactional),
    // Settings.
    ("set search_path = a, b", Class::SessionSetting),
    ("set session work_mem to '1GB'", Class::SessionSetting),
    ("SET app.name = 'x'", Class::SessionSetting),
    ("set time zone 'UTC'", Class::SessionSetting),
    ("reset client_encoding", Class::SessionSetting),
    ("set client_encoding.x = 1", Class::SessionSetting),
    ("set \"client encoding\" = 'UTF8'", Class::SessionSetting),
    ("set names.x = 1", Class::SessionSetting),
    ("set client_encoding = 'UTF8'", Class::ClientEncoding),
    ("SET Client_Encoding TO utf8", Class::ClientEncoding),
    ("set client_encoding to default", Class::ClientEncoding),
    (
        "set session client_encoding to 'LATIN1'",
        Class::ClientEncoding,
    ),
    (
        "set local\n-- of the transaction\nclient_encoding = 'UTF8'",
        Class::ClientEncoding,
    ),
    ("set/**/\"CLIENT_encoding\"='UTF8'", Class::ClientEncoding),
    (
        "set U&\"client\\005fencoding\" = 'UTF8'",
        Class::ClientEncoding,
    ),
    ("set names 'UTF8'", Class::ClientEncoding),
    ("SET SESSION NAMES 'UTF8'", Class::ClientEncoding),
    ("set local names 'UTF8'", Class::ClientEncoding),
    ("set names default", Class::ClientEncoding),
    ("set names", Class::ClientEncoding),
    (
        "set session characteristics as transaction read only",
        Class::SessionSetting,
    ),
    ("reset search_path", Class::SessionSetting),
    ("set local search_path = a", Class::Transactional),
    ("set local time zone 'UTC'", Class::Transactional),
    (
        "set transaction isolation level serializable",
        Class::Transactional,
    ),
    ("set constraints all deferred", Class::Transactional),
    (
        "set standard_conforming_strings = on",
        Class::LexicalSetting,
    ),
    (
        "set local standard_conforming_strings to off",
        Class::LexicalSetting,
    ),
    ("reset standard_conforming_strings", Class::LexicalSetting),
    ("reset all", Class::LexicalSetting),
    ("set role x", Class::SetRole),
    ("set session role 'x'", Class::SetRole),
    ("set role = x", Class::SetRole),
    ("set role none", Class::RoleEscape),
    ("set role 'none'", Class::RoleEscape),
    ("SET LOCAL ROLE \"none\"", Class::RoleEscape),
    ("set session role none", Class::RoleEscape),
    ("set role 'NONE'", Class::SetRole),
    ("set \"role\" = 'x'", Class::SetRole),
    ("set role = 'none'", Class::RoleEscape),
    ("set role to default", Class::RoleEscape),
    ("set \"ROLE\" to default", Class::RoleEscape),
    ("set U&\"r\\006fle\" to E'n\\157ne'", Class::RoleEscape),
    ("set session_authorization = 'x'", Class::RoleEscape),
    (
        "set \"session_authorization\" to default",
        Class::RoleEscape,
    ),
    ("reset \"role\"", Class::RoleEscape),
    ("reset session_authorization", Class::RoleEscape),
    ("reset session.role", Class::SessionSetting),
    ("reset x.role", Class::SessionSetting),
    ("reset role", Class::RoleEscape),
    ("set session authorization x", Class::RoleEscape),
    ("set local session authorization default", Class::RoleEscape),
    ("reset session authorization", Class::RoleEscape),
    // Outside of transactions only.
    ("vacuum", Class::Repeatable),
    ("vacuum (full, analyze) t", Class::Repeatable),
    ("cluster", Class::Repeatable),
    ("cluster verbose", Class::Repeatable),
    ("cluster (verbose)", Class::Repeatable),
    ("cluster t", Class::Transactional),
    ("cluster verbose t using i", Class::Transactional),
    ("cluster (verbose) t", Class::Transactional),
    ("alter system set work_mem = '1GB'", Class::Repeatable),
    ("alter system reset all", Class::Repeatable),
    ("discard all", Class::Repeatable),
    ("discard temp", Class::Transactional),
    ("reindex database", Class::Repeatable),
    ("reindex system d", Class::Repeatable),
    ("reindex table t", Class::Transactional),
    ("reindex index i", Class::Transactional),
    ("reindex (concurrently false) table t", Class::Transactional),
    ("reindex (verbose) index i", Class::Transactional),
    (
        "alter database d set work_mem = '1GB'",
        Class::Transactional,
    ),
    ("alter database d rename to e", Class::Transactional),
    (
        "create subscription s connection 'x' publication p with (connect = false)",
        Class::Transactional,
    ),
    (
        "create subscription s connection 'x' publication p with (create_slot = off, enabled = false)",
        Class::Transactional,
    ),
    ("alter subscription s disable", Class::Transactional),
    (
        "alter subscription s set (slot_name = none)",
        Class::Transactional,
    ),
    (
        "alter subscription s set publication p with (refresh = false)",
        Class::Transactional,
    ),
    ("call p(1)", Class::Procedural),
    ("create user mapping for u server s", Class::Transactional),
    (
        "create user mapping if not exists for public server s",
        Class::Transactional,
    ),
    (
        "drop user mapping if exists for u server s",
        Class::Transactional,
    ),
    ("drop owned by r", Class::Transactional),
    ("alter role r login", Class::Transactional),
    ("copy t from stdin", Class::CopyFromStdin),
    (
        "copy t (a) from stdin with (format csv)",
        Class::CopyFromStdin,
    ),
    ("copy t to stdout", Class::Transactional),
    ("copy t from '/tmp/x'", Class::Transactional),
];

#[rustfmt::skip]
const OBJECTS: &[(&str, Class, &str, &str, bool)] = &[
    ("create unique index concurrently I on t (a)", Class::CreateIndexConcurrently, "", "i", false),
    ("create index concurrently if not exists \"a\"\"B\" on only S.t using gin (a)", Class::CreateIndexConcurrently, "s", "a\"B", true),
    ("create index concurrently on \"S\".t (a)", Class::CreateIndexConcurrently, "S", "", false),
    ("create index concurrently U&\"d\\0061t\\+000061\" on t (a)", Class::CreateIndexConcurrently, "", "data", false),
    ("create index concurrently U&\"d!0061!!\" uescape '!' on s.t (a)", Class::CreateIndexConcurrently, "s", "da!", false),
    ("create index concurrently ÄB on t (a)", Class::CreateIndexConcurrently, "", "Äb", false),
    ("create index concurrently i345678901234567890123456789012345678901234567890123456789012ä on t (a)",
     Class::CreateIndexConcurrently, "", "i345678901234567890123456789012345678901234567890123456789012ä", false),
    ("create index concurrently i3456789012345678901234567890123456789012345678901234567890123ä on t (a)",
     Class::CreateIndexConcurrently, "", "i3456789012345678901234567890123456789012345678901234567890123", false),
    ("drop index concurrently i", Class::DropIndexConcurrently, "", "i", false),
    ("drop index concurrently if exists s.\"I\" cascade", Class::DropIndexConcurrently, "s", "I", true),
    ("reindex table concurrently s.t", Class::ReindexConcurrently, "s", "t", false),
    ("reindex (verbose, concurrently) table t", Class::ReindexConcurrently, "", "t", false),
    ("reindex (concurrently on, tablespace x) index s.i", Class::ReindexConcurrently, "s", "i", false),
    ("reindex schema concurrently s", Class::ReindexConcurrently, "s", "", false),
    ("reindex database concurrently d", Class::ReindexConcurrently, "", "", false),
    ("reindex schema s", Class::Repeatable, "s", "", false),
    ("alter table only s.t detach partition s.p concurrently", Class::DetachPartitionConcurrently, "s", "p", false),
    ("alter table if exists t detach partition p concurrently", Class::DetachPartitionConcurrently, "", "p", false),
    ("create database \"D\" owner x", Class::CreateDatabase, "", "D", false),
    ("drop database if exists d with (force)", Class::DropDatabase, "", "d", true),
    ("alter database d set tablespace x", Class::AlterDatabaseTablespace, "", "d", false),
    ("create tablespace x location '/x'", Class::CreateTablespace, "", "x", false),
    ("drop tablespace if exists x", Class::DropTablespace, "", "x", true),
    ("create subscription s connection 'x' publication p", Class::Unrepeatable, "", "s", false),
    ("drop subscription if exists s", Class::Unrepeatable, "", "s", true),
    ("alter subscription s refresh publication", Class::Repeatable, "", "s", false),
    ("alter subscription s set publication p", Class::Repeatable, "", "s", false),
    ("alter subscription s add publication p with (copy_data = false)", Class::Unrepeatable, "", "s", false),
];
