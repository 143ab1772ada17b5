//! Tests that the prefilter rejects only rules that have no finding.

use super::*;

/// Statements with a finding of each rule of squawk that is on, in every form that the rule reports.
const FOUND: &[(&str, &[&str])] = &[
    (
        "adding-field-with-default",
        &[
            "alter table dog add column chip uuid default gen_random_uuid()",
            "alter table dog add column half int generated always as (size / 2) stored",
        ],
    ),
    (
        "adding-foreign-key-constraint",
        &[
            "alter table dog add foreign key (breed) references breed",
            "alter table dog add column breed int references breed",
        ],
    ),
    (
        "adding-not-nullable-field",
        &["alter table dog alter column name set not null"],
    ),
    (
        "adding-required-field",
        &["alter table dog add column name text not null"],
    ),
    (
        "adding-serial-primary-key-field",
        &[
            "alter table dog add column id serial primary key",
            "alter table dog add constraint dog_pk primary key (id)",
        ],
    ),
    (
        "ban-alter-domain-with-add-constraint",
        &["alter domain age add constraint right check (value > 0)"],
    ),
    (
        "ban-alter-identity",
        &[
            "alter table dog alter column id drop identity",
            "alter table dog alter column id set generated always",
        ],
    ),
    (
        "ban-char-field",
        &[
            "create table dog (id int, code char(3))",
            "create table dog (id int, code \"char\")",
            "alter table dog add column code bpchar(3)[]",
            "create table dog (code nchar(3))",
            "create table dog (code character(3))",
        ],
    ),
    (
        "ban-drop-column",
        &[
            "alter table dog drop name",
            "alter type t drop attribute name",
        ],
    ),
    (
        "ban-drop-constraint",
        &[
            "alter table dog drop constraint big",
            "alter table dog alter constraint big not enforced",
            "alter domain age drop constraint right",
        ],
    ),
    ("ban-drop-database", &["drop database kennel"]),
    (
        "ban-drop-default",
        &[
            "alter table dog alter name drop default",
            "alter view young alter name drop default",
        ],
    ),
    ("ban-drop-domain", &["drop domain age"]),
    ("ban-drop-extension", &["drop extension hstore"]),
    (
        "ban-drop-function",
        &[
            "drop function f",
            "drop procedure f",
            "drop aggregate f(int)",
            "drop routine f",
        ],
    ),
    (
        "ban-drop-generated-expression",
        &["alter table dog alter half drop expression"],
    ),
    (
        "ban-drop-not-null",
        &["alter table dog alter name drop not null"],
    ),
    ("ban-drop-schema", &["drop schema kennel"]),
    ("ban-drop-sequence", &["drop sequence s"]),
    (
        "ban-drop-table",
        &["drop table dog", "-- all gone\nDROP TABLE dog"],
    ),
    (
        "ban-drop-type",
        &[
            "drop type mood",
            "drop operator === (int, int)",
            "drop cast (int as text)",
        ],
    ),
    (
        "ban-drop-view",
        &["drop view young", "drop materialized view young"],
    ),
    (
        "ban-duplicate-column-assignments",
        &[
            "update dog set size = 1, size = 2",
            "update dog set (size, size) = (1, 2)",
            "insert into dog (name, name) values ('a', 'b')",
            "create table dog (name text, name text)",
            "create table dog (\"check\" int, \"check\" int)",
            "create table dog (U&\"\\0061\" int, a int)",
            "insert into dog (exclude, exclude) values (1, 2)",
            "update dog set \"unique\" = 1, \"unique\" = 2",
            "create table dog (id int primary key, constraint big check (id > 0), name text, \"name\" text)",
            "create view young as select name, name from dog",
            "create view young as select d.name, e.name from dog d, dog e",
            "create view young (name, name) as select 1, 2",
            "create table young (name, name) as select 1, 2",
            "select name, name into young from dog",
            "with old as (select 1) update dog set size = 1, size = 2",
            "create function f() returns void begin atomic update dog set size = 1, size = 2; end",
            "merge into dog using cat on false when not matched then insert (name, name) values (1, 2)",
        ],
    ),
    (
        "ban-set-schema",
        &[
            "alter table dog set schema kennel",
            "alter function f set schema kennel",
        ],
    ),
    ("ban-truncate-cascade", &["truncate dog cascade"]),
    (
        "changing-column-type",
        &[
            "alter table dog alter size type bigint",
            "alter type t alter attribute a type int",
        ],
    ),
    (
        "constraint-missing-not-valid",
        &[
            "alter table dog add constraint big check (size > 3)",
            "alter table dog add check (size > 3)",
            "alter table dog add foreign key (breed) references breed",
        ],
    ),
    (
        "disallowed-unique-constraint",
        &[
            "alter table dog add constraint one unique (name)",
            "alter table dog add column chip uuid unique",
        ],
    ),
    (
        "identifier-too-long",
        &[
            "select 1 as a234567890123456789012345678901234567890123456789012345678901234",
            "select 1 as \"a23456789 123456789 123456789 123456789 123456789 123456789 1234\"",
        ],
    ),
    ("prefer-repack", &["vacuum full dog", "cluster dog using i"]),
    (
        "prefer-timestamp-tz",
        &[
            "create table dog (born timestamp)",
            "alter table dog add born timestamp without time zone",
        ],
    ),
    (
        "renaming-column",
        &["alter table dog rename name to called"],
    ),
    ("renaming-object", &["alter function f rename to g"]),
    ("renaming-table", &["alter table dog rename to hound"]),
    (
        "require-concurrent-index-creation",
        &["create unique index i on dog (name)"],
    ),
    ("require-concurrent-index-deletion", &["drop index i"]),
    (
        "require-concurrent-partition-detach",
        &["alter table dog detach partition old"],
    ),
    ("require-concurrent-reindex", &["reindex table dog"]),
    (
        "unused-ignore",
        &["-- squawk-ignore no-such-rule\nselect 1"],
    ),
];

#[test]
fn only_rules_without_findings_are_rejected() {
    let find = |text: &str| {
        let on =
            |rule: &str| rule != "mixed-change" && explain(rule).is_some_and(|lint| lint.is_on);
        // The replacement of `VACUUM FULL` exists since version 19.
        lint_with(text, Kind::Concurrent, Stage::Later, Some(19), &on)
    };
    for lint in LINTS
        .iter()
        .filter(|lint| lint.is_on && lint.name.parse::<Rule>().is_ok())
    {
        assert!(
            FOUND.iter().any(|(rule, _)| *rule == lint.name),
            "{}",
            lint.name
        );
    }
    for (rule, texts) in FOUND {
        for text in *texts {
            // With the word `squawk` in a comment, all rules run.
            let all = find(&format!("{text};\n-- squawk"));
            assert!(
                all.iter()
                    .any(|found| found.contains(&format!(" {rule}: "))),
                "{rule}: {text}: {all:?}"
            );
            assert_eq!(find(&format!("{text};\n--")), all, "{rule}: {text}");
        }
    }
}
