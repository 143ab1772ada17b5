//! Places of names, limits, keywords and bodies.

use super::*;
use crate::sql::{split, variables};
use patchgen_model::Class::{
    AlterDatabase, AlterDatabaseTablespace, CreateBareRole, CreateDatabase, CreateRole,
    CreateTablespace, DetachPartitionConcurrently, DropDatabase, DropRole, Procedural,
    Transactional,
};
use proptest::prelude::*;

/// Statement in which brackets mark the places, and the facts that are expected of it.
struct Row {
    statement: String,
    expected: Classified,
}

impl Row {
    /// Reads a statement with `‹name›`, `«limit»`, `⟦keyword⟧` and `⟪body⟫`.
    fn new((marked, class, object, conditional): (&str, Class, &str, bool)) -> Self {
        let mut statement = String::new();
        let mut starts = Vec::new();
        let mut expected = Classified {
            object: (!object.is_empty()).then(|| object.to_owned()),
            conditional,
            ..class.into()
        };
        for c in marked.chars() {
            let at = u32::try_from(statement.len()).unwrap();
            let place = match c {
                '‹' | '«' | '⟦' | '⟪' => {
                    starts.push(at);
                    continue;
                }
                '›' => &mut expected.name,
                '»' => &mut expected.limit,
                '⟧' => &mut expected.keyword,
                '⟫' => &mut expected.body,
                _ => {
                    statement.push(c);
                    continue;
                }
            };
            *place = Some(Span {
                start: starts.pop().unwrap(),
                end: at,
            });
        }
        Self {
            statement,
            expected,
        }
    }
}

#[test]
fn words_have_places() {
    for row in ROWS.iter().chain(UNKNOWN).copied().map(Row::new) {
        assert_eq!(by_words(&row.statement), row.expected, "{}", row.statement);
        assert_eq!(classify(&row.statement), row.expected, "{}", row.statement);
    }
}

#[cfg(feature = "syntax")]
#[test]
fn the_tree_has_the_same_places() {
    for row in ROWS.iter().copied().map(Row::new) {
        same_by_tree(&row.statement, false);
    }
    for row in UNKNOWN.iter().copied().map(Row::new) {
        same_by_tree(&row.statement, true);
    }
}

#[test]
fn psql_variables_have_places() {
    for row in VARIABLES.iter().copied().map(Row::new) {
        let variables = variables(&row.statement, StringMode::Standard);
        let found = classify_with(&row.statement, StringMode::Standard, &variables);
        assert_eq!(found, row.expected, "{}", row.statement);
    }
}

#[test]
fn a_backslash_may_escape_a_quote() {
    let text = "set standard_conforming_strings = off;\n\
        do 'begin perform ''a\\\\''; commit; end';\n\
        do $$ begin perform 'a\\'; commit; --'; end $$;";
    let found = split(text).pieces.into_iter().filter_map(|piece| {
        let statement = &text[piece.range];
        let found = classify_with(statement, piece.string_mode, &[]);
        let body = found.body?;
        Some((found.class, body.of(statement)))
    });
    assert_eq!(
        found.collect::<Vec<_>>(),
        [
            (Procedural, "begin perform ''a\\\\''; commit; end"),
            (Transactional, " begin perform 'a\\'; commit; --'; end "),
        ]
    );
}

#[test]
fn a_final_semicolon_is_not_a_part() {
    for row in [
        (
            "create database ‹d› owner x«» ; ",
            CreateDatabase,
            "d",
            false,
        ),
        ("create role ‹r›;", CreateBareRole, "r", false),
        ("do '⟪begin end⟫';", Transactional, "", false),
    ]
    .map(Row::new)
    {
        assert_eq!(classify(&row.statement), row.expected, "{}", row.statement);
        assert_eq!(by_words(&row.statement), row.expected, "{}", row.statement);
    }
}

/// Words that random statements are composed of.
const FRAGMENTS: [&str; 48] = [
    "create database ",
    "alter database ",
    "drop database ",
    "create tablespace ",
    "create role ",
    "create user ",
    "drop group ",
    "alter table t detach partition ",
    "do ",
    "set ",
    "set local ",
    "if exists ",
    "mapping ",
    "for ",
    "d ",
    "d",
    "\"A\"\"b\" ",
    "U&\"!0061\" uescape '!' ",
    "U&\"\\00e9\"",
    "Ä",
    ":name ",
    ":name",
    ":\"name\" ",
    ":'name'",
    "with ",
    "owner ",
    "= ",
    "connection ",
    "limit ",
    "connection limit ",
    "connection_limit ",
    "- ",
    "5 ",
    "default ",
    "concurrently ",
    "language ",
    "plpgsql ",
    "$$ commit ",
    "$$ ",
    "'begin end' ",
    "E'\\'",
    "'",
    "client_encoding ",
    "names ",
    "to ",
    "/* x */ ",
    "-- y\n",
    "; ",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn places_lie_within_the_statement(
        parts in prop::collection::vec(prop::sample::select(&FRAGMENTS[..]), 1..10),
        escape in any::<bool>(),
        interpolates in any::<bool>(),
    ) {
        let statement = parts.concat();
        let mode = if escape { StringMode::Escape } else { StringMode::Standard };
        let variables = if interpolates { variables(&statement, mode) } else { Vec::new() };
        let found = classify_with(&statement, mode, &variables);
        for place in [found.name, found.limit, found.keyword, found.body].into_iter().flatten() {
            prop_assert!(statement.get(place.start as usize..place.end as usize).is_some());
        }
        prop_assert_eq!(found.limit.is_some(), matches!(found.class, CreateDatabase | AlterDatabase));
        prop_assert_eq!(found.keyword.is_some(), found.class == DetachPartitionConcurrently);
        #[cfg(feature = "syntax")]
        if let Some(by_tree) = by_tree::classify(&statement) {
            prop_assert_eq!(by_tree, by_words(&statement));
        }
    }
}

/// Statement, class, object, and `true` if `IF EXISTS` is given.
type Marked = (&'static str, Class, &'static str, bool);

#[rustfmt::skip]
const ROWS: &[Marked] = &[
    // CREATE DATABASE.
    ("create database ‹d›«»", CreateDatabase, "d", false),
    ("CREATE DATABASE ‹Kennel›«»", CreateDatabase, "kennel", false),
    ("create database ‹ÄÖ›«»", CreateDatabase, "ÄÖ", false),
    ("create /* a */ database -- b\n ‹\"a\"\"B\"›«» -- c\n/* d */", CreateDatabase, "a\"B", false),
    ("create database ‹U&\"d\\0061t\\+000061\"›«»", CreateDatabase, "data", false),
    ("create database ‹u&\"d!0061!!\" uescape '!'› owner x«»", CreateDatabase, "da!", false),
    ("create database ‹d› with owner = x encoding 'UTF8' template template0«»", CreateDatabase, "d", false),
    ("create database ‹d› connection limit «5»", CreateDatabase, "d", false),
    ("create database ‹d› with owner x Connection\nLimit=«-1» tablespace y", CreateDatabase, "d", false),
    ("create database ‹d› connection /* no */ limit = «- /* 5 */ 1» is_template true", CreateDatabase, "d", false),
    ("create database ‹\"connection limit 5\"› owner connection«»", CreateDatabase, "connection limit 5", false),
    ("create database ‹d› owner connection connection limit «7»", CreateDatabase, "d", false),
    ("create database ‹d› locale 'connection limit 5' owner \"connection limit\"«»", CreateDatabase, "d", false),
    ("create database ‹connection› connection limit «3»", CreateDatabase, "connection", false),
    ("create database ‹d› connection_limit «5» owner x", CreateDatabase, "d", false),
    ("create database ‹d› owner connection_limit«»", CreateDatabase, "d", false),
    ("create database ‹d› \"connection_limit\" = «5» owner x", CreateDatabase, "d", false),
    ("create database ‹d› connection limit «+ 5»", CreateDatabase, "d", false),
    ("create database ‹d› connection limit «default»", CreateDatabase, "d", false),
    ("create database ‹d› connection limit «0x1f»", CreateDatabase, "d", false),
    // ALTER DATABASE.
    ("alter database ‹d› connection limit «5»", AlterDatabase, "d", false),
    ("ALTER DATABASE ‹\"D\"› WITH CONNECTION LIMIT = «-1»", AlterDatabase, "D", false),
    ("alter database ‹d› is_template true connection limit «- 1» allow_connections false", AlterDatabase, "d", false),
    ("alter database ‹d› set tablespace x", AlterDatabaseTablespace, "d", false),
    ("alter database ‹d› tablespace x", AlterDatabaseTablespace, "d", false),
    ("alter database ‹\"D\"› with Tablespace = 'x'", AlterDatabaseTablespace, "D", false),
    ("alter database ‹d› \"tablespace\" x", AlterDatabaseTablespace, "d", false),
    ("alter database d owner to tablespace", Transactional, "", false),
    ("alter database d is_template true", Transactional, "", false),
    ("alter database d set a.b = 'connection limit 5'", Transactional, "", false),
    ("alter database \"connection limit 5\" owner to x", Transactional, "", false),
    ("alter database d rename to connection_limit", Transactional, "", false),
    ("alter database d reset all", Transactional, "", false),
    ("alter database d refresh collation version", Transactional, "", false),
    // DROP DATABASE and CREATE TABLESPACE.
    ("drop database ‹d›", DropDatabase, "d", false),
    ("drop database if exists ‹\"D d\"› with (force)", DropDatabase, "D d", true),
    ("create tablespace ‹\"T\"› owner x location '/x'", CreateTablespace, "T", false),
    // Roles.
    ("create role ‹postgres›", CreateBareRole, "postgres", false),
    ("CREATE USER -- a\n ‹\"it's\"› /* b */ -- c", CreateBareRole, "it's", false),
    ("create group ‹U&\"\\0061\"›", CreateBareRole, "a", false),
    ("create role ‹r› login", CreateRole, "r", false),
    ("create user ‹R› with password 'x'", CreateRole, "r", false),
    ("create group ‹g› user a, b", CreateRole, "g", false),
    ("drop role a", DropRole, "", false),
    ("drop user if exists a, \"B\"", DropRole, "", true),
    ("drop group a, b", DropRole, "", false),
    // DETACH PARTITION.
    ("alter table \"concurrently\" detach partition p ⟦CONCURRENTLY⟧ -- concurrently", DetachPartitionConcurrently, "p", false),
    ("alter table t * detach /* concurrently */ partition \"concurrently\"\n⟦concurrently⟧", DetachPartitionConcurrently, "concurrently", false),
    // DO.
    ("do $$⟪ begin perform 1; end ⟫$$", Transactional, "", false),
    ("DO LANGUAGE plpgsql $a$⟪begin end⟫$a$", Transactional, "", false),
    ("do '⟪begin perform ''commit''; end⟫' language PlpgSQL", Transactional, "", false),
    ("do /* a */ language 'plpgsql' -- b\n E'⟪begin end⟫'", Transactional, "", false),
    ("do language \"plpgsql\" '⟪⟫'", Transactional, "", false),
    ("do $$⟪ begin commit; end ⟫$$", Procedural, "", false),
    ("do '⟪begin call p(); end⟫'", Procedural, "", false),
    ("do E'⟪begin\\nend⟫'", Procedural, "", false),
    ("do '⟪begin com'\n'mit; end⟫'", Procedural, "", false),
    ("do E'⟪begin end'\n';⟫'", Procedural, "", false),
    ("do U&'⟪begin end⟫'", Procedural, "", false),
    ("do $$⟪begin end⟫$$ language plpython3u", Procedural, "", false),
    ("do language \"PLPGSQL\" $$⟪begin end⟫$$", Procedural, "", false),
    ("do X'00'", Procedural, "", false),
    ("do language 'PLPGSQL' $$⟪begin end⟫$$", Procedural, "", false),
];

/// Statements that the parser does not accept.
#[rustfmt::skip]
const UNKNOWN: &[Marked] = &[
    ("create database«»", CreateDatabase, "", false),
    ("create user ‹mapping›", CreateBareRole, "mapping", false),
    ("create user ‹mapping› login", CreateRole, "mapping", false),
    ("drop user mapping, x", DropRole, "", false),
    ("do", Procedural, "", false),
    ("do language plpgsql", Procedural, "", false),
    ("do '⟪begin end⟫' x", Procedural, "", false),
    ("do language plpgsql '⟪begin end⟫' language plpgsql", Procedural, "", false),
    ("do $$begin end$$ '⟪begin end⟫'", Procedural, "", false),
];

#[rustfmt::skip]
const VARIABLES: &[Marked] = &[
    ("create database ‹:name›«»", CreateDatabase, "", false),
    ("create database ‹:\"name\"› owner :'owner'«»", CreateDatabase, "", false),
    ("create database ‹:a_b›«»", CreateDatabase, "", false),
    ("create database ‹pre_:name:other\"X\"› template x«»", CreateDatabase, "", false),
    ("create database ‹:\"name\"› connection limit «:limit» owner x", CreateDatabase, "", false),
    ("create database ‹d› connection limit = «:'limit'»", CreateDatabase, "d", false),
    ("create database ‹d› connection limit «- :limit»", CreateDatabase, "d", false),
    ("create database ‹d› with :options connection limit «5»", CreateDatabase, "d", false),
    ("create database ‹d› owner :owner connection limit «:a:b» tablespace x", CreateDatabase, "d", false),
    ("alter database ‹:name› connection limit «:limit»", AlterDatabase, "", false),
    ("alter database ‹:\"name\"› set tablespace x", AlterDatabaseTablespace, "", false),
    ("alter database ‹:\"name\"› tablespace :x", AlterDatabaseTablespace, "", false),
    ("drop database if exists ‹:\"name\"›", DropDatabase, "", true),
    ("create tablespace ‹:name› location :'folder'", CreateTablespace, "", false),
    ("create role ‹:\"name\"›", CreateBareRole, "", false),
    ("create user ‹:name› password :'secret'", CreateRole, "", false),
    ("create role ‹r› :options", CreateRole, "r", false),
    ("drop role :a, :b", DropRole, "", false),
    ("do :'body'", Procedural, "", false),
    ("do language :language $$⟪begin end⟫$$", Procedural, "", false),
    ("do $$⟪begin a := :b; end⟫$$", Transactional, "", false),
];
