mod prefilter;

use super::*;
use crate::patch::item::{OwnedItem, OwnedStatement};
use crate::rule::{LINTS, explain, names};
use crate::sql::parser::TextTree;
use crate::sql::{PieceKind, classify, split};
use patchgen_model::{Kind, Position, Span};
use squawk_linter::{Linter, Rule};

/// Returns one line for each finding: its position, rule and message.
fn lint(text: &str, kind: Kind, stage: Stage) -> Vec<String> {
    let is_on = |rule: &str| explain(rule).is_some_and(|lint| lint.is_on);
    lint_with(text, kind, stage, None, &is_on)
}

fn lint_with(
    text: &str,
    kind: Kind,
    stage: Stage,
    postgres_version: Option<u32>,
    is_on: &dyn Fn(&str) -> bool,
) -> Vec<String> {
    let split = split(text);
    let items: Vec<OwnedItem> = split
        .pieces
        .iter()
        .filter(|piece| piece.kind == PieceKind::Statement)
        .map(|piece| {
            OwnedItem::Statement(OwnedStatement {
                span: Span {
                    start: piece.range.start as u32,
                    end: piece.range.end as u32,
                },
                classified: classify(&text[piece.range.clone()]),
                escapes: Vec::new(),
                variables: Vec::new(),
                data: None,
            })
        })
        .collect();
    let found = check(&LintInput {
        text,
        split: &split,
        tree: TextTree::of(text, &split).as_ref(),
        items: &items,
        kind,
        stage,
        postgres_version,
        is_on,
    });
    found
        .into_iter()
        .map(|fault| {
            let Position { line, column } = Position::of(text, fault.offset);
            assert!(fault.help.is_some());
            format!("{line}:{column} {}: {}", fault.code, fault.message)
        })
        .collect()
}

fn later(text: &str) -> Vec<String> {
    lint(text, Kind::Std, Stage::Later)
}

const NOTHING: [&str; 0] = [];

#[test]
fn every_rule_has_one_entry_and_squawk_has_its_own() {
    let mut names: Vec<_> = names().collect();
    let ours = names.iter().position(|name| name.starts_with("require-"));
    for name in &names[ours.unwrap()..] {
        // The linter has no name for this rule, so that it is never off.
        assert!(
            name.parse::<Rule>().is_ok() || *name == "unused-ignore",
            "{name}"
        );
    }
    for rule in Linter::with_default_rules().rules {
        assert!(explain(&rule.to_string()).is_some(), "{rule}");
    }
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
    for lint in LINTS {
        for text in [lint.why, lint.instead] {
            assert!(!text.ends_with('.') && !text.is_empty(), "{text}");
        }
        // The explanation of a rule that is off has the reason for it.
        assert_eq!(
            lint.why.contains("Off because"),
            !lint.is_on,
            "{}",
            lint.name
        );
    }
}

#[test]
fn a_usual_patch_has_no_warnings() {
    let usual = [
        "create table kennel.dog (id int primary key, name varchar(20) not null, born timestamptz, breed serial);\n\
         create index on kennel.dog (name);\nalter table kennel.dog add foreign key (id) references kennel.breed;\n\
         insert into kennel.dog (id, name) values (1, 'Ä');\nupdate kennel.dog set name = 'B';",
        "alter table dog add column chip uuid, add column size int default 3;",
        "create or replace function f() returns int language sql as 'select 1';",
        "set local search_path = kennel; set local role x; update dog set name = 'x' where id = 3;",
        "drop view if exists young; create view young as select 1;\n\
         drop function f(int); create or replace function f(n int) returns int return 2;\n\
         alter table dog drop constraint big; alter table dog add constraint big check (size > 3) not valid;",
        "copy dog from stdin;\ndrop table x;\n\\.\n",
        "alter type mood add value 'sad'; alter type mood add value 'happy' after 'sad';",
    ];
    for text in usual {
        assert_eq!(later(text), NOTHING, "{text}");
    }
    let concurrent = "create index concurrently if not exists i on dog (name);\ndrop index concurrently j;\n\
        set search_path = kennel;\nvacuum dog;\nupdate dog set name = 'x';";
    assert_eq!(lint(concurrent, Kind::Concurrent, Stage::Later), NOTHING);
}

#[test]
fn dangerous_statements_are_reported() {
    let table: &[(&str, &[&str])] = &[
        (
            "-- ä\ncreate index i on dog (name);",
            &[
                "2:1 require-concurrent-index-creation: during normal index creation, table updates are blocked, but reads are still allowed",
            ],
        ),
        (
            "alter table dog\n  drop column name;",
            &["2:3 ban-drop-column: dropping a column may break existing clients"],
        ),
        (
            "alter table dog rename name to called;",
            &["1:17 renaming-column: renaming a column may break existing clients"],
        ),
        (
            "alter table dog alter column size set not null;",
            &[
                "1:35 adding-not-nullable-field: setting a column `NOT NULL` blocks reads while the table is scanned",
            ],
        ),
        (
            "drop view young; create view old as select 1;",
            &["1:1 ban-drop-view: dropping a view may break existing clients"],
        ),
        (
            "truncate dog cascade;",
            &[
                "1:14 ban-truncate-cascade: using `CASCADE` will recursively truncate any tables that foreign key to the referenced tables",
            ],
        ),
        // An invalid statement does not hide faults in others.
        (
            "select quite new syntax ! here;\ndrop table dog;",
            &["2:1 ban-drop-table: dropping a table may break existing clients"],
        ),
        ("-- squawk-ignore ban-drop-table\ndrop table dog;", &[]),
        (
            "-- squawk-ignore no-such-rule\nselect 1;",
            &["1:18 unused-ignore: unknown name no-such-rule"],
        ),
    ];
    for (text, expected) in table {
        assert_eq!(later(text), *expected, "{text}");
        // A database that is being created is not used yet.
        assert_eq!(lint(text, Kind::Std, Stage::Bootstrap), NOTHING, "{text}");
    }
}

#[test]
fn own_rules_report_dangerous_statements() {
    let table: &[(&str, &[&str])] = &[
        (
            "copy t from stdin;\n1\nselect 1;\n",
            &["1:1 copy-not-ended: the data is not ended before the end of the file"],
        ),
        (
            "set search_path = a;\nset work_mem = '1MB';\nselect pg_catalog.set_config('a.b', 'c', false);",
            &[
                "1:1 session-setting: `search_path` is set beyond the end of the transaction, and 2 more",
            ],
        ),
        ("select set_config('a.b', 'c', true);", &[]),
        (
            "set client_encoding = 'UTF8';\nset names 'UTF8';",
            &[
                "1:1 session-setting: `client_encoding` is set beyond the end of the transaction, and 1 more",
            ],
        ),
        (
            "set session names 'UTF8';",
            &["1:1 session-setting: `names` is set beyond the end of the transaction"],
        ),
        (
            "set local client_encoding = 'UTF8'; set local names 'UTF8';",
            &[],
        ),
        (
            "alter type mood add value 'sleepy';\nselect 1;\ninsert into t values ('ä', 'sleepy');",
            &["3:28 new-enum-value: 'sleepy' is used in the transaction that adds it"],
        ),
        (
            "create type mood as enum (); alter type mood add value 'x'; insert into t values ('x');",
            &[],
        ),
        (
            "alter table dog add column size int;\nupdate dog set size = length(name) where size is null;",
            &["2:1 mixed-change: updates many rows while `dog` is locked"],
        ),
        (
            "alter table dog add column size int;\nupdate dog set size = 3 where id in (1, 2);",
            &[],
        ),
        (
            "create table dog (id int); alter table dog add column size int; update cat set size = 3;",
            &[],
        ),
        (
            "update dog set size = 3;\nalter table dog add column age int;",
            &[],
        ),
        (
            "create role r login password 'secret';",
            &["1:30 password-literal: a password in clear text"],
        ),
        (
            "alter role r password 'SCRAM-SHA-256$4096:x'; alter role r password null;",
            &[],
        ),
    ];
    for (text, expected) in table {
        assert_eq!(later(text), *expected, "{text}");
    }
    let text = "set local work_mem = '1MB';\nlock table dog;\ndeclare c cursor for select 1;\ndeclare d cursor with hold for select 1;\n\
        do $$ begin commit; end $$; do $$ begin end $$;\ncall p();\ndrop subscription s;";
    assert_eq!(
        lint(text, Kind::Concurrent, Stage::Later),
        [
            "1:1 needs-transaction: `SET LOCAL` means nothing outside of a transaction",
            "2:1 needs-transaction: `LOCK` means nothing outside of a transaction",
            "3:1 needs-transaction: `DECLARE CURSOR` means nothing outside of a transaction",
            "5:1 unrepeatable: an interrupted `DO` leaves the patch in doubt",
            "6:1 unrepeatable: an interrupted `CALL` leaves the patch in doubt",
            "7:1 unrepeatable: an interrupted `DROP SUBSCRIPTION` leaves the patch in doubt",
        ]
    );
    let dump = "set search_path = '';\ncreate role r password 'x';";
    assert_eq!(
        lint(dump, Kind::Std, Stage::Baseline),
        ["2:24 password-literal: a password in clear text"]
    );
}
