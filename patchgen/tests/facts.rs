//! Facts about statements, from files to the encoded index.

use patchgen::Build;
use patchgen_model::{Item, Patch, PatchSet, Statement};
use std::fs;

const BASELINE: &str = "\
\\set name kennel
SET client_encoding = 'UTF8';
CREATE ROLE postgres;
CREATE USER \"Keeper\" LOGIN; -- keeps
CREATE DATABASE :\"name\" OWNER postgres /* x */;
CREATE DATABASE :name_old CONNECTION LIMIT :limit;
CREATE DATABASE U&\"caf\\00e9\" CONNECTION LIMIT = 5 TEMPLATE template0;
ALTER DATABASE \"Ä\" WITH CONNECTION LIMIT - 1;
DROP DATABASE IF EXISTS old;
CREATE TABLESPACE fast LOCATION '/fast';
DROP ROLE IF EXISTS a, b;
";

const SCRIPT: &str = "\
-- patch: script=psql
create database :\"name\" connection limit :limit;
";

const CONCURRENT: &str = "\
-- patch: kind=concurrent
-- patch: allow=unrepeatable
-- Größe
ALTER TABLE dog DETACH PARTITION \"concurrently\" CONCURRENTLY;
DO LANGUAGE plpgsql $a$begin perform 'commit'; end$a$;
DO 'begin commit; end';
SET NAMES 'UTF8';
";

/// Returns a line for each statement: its class, and what is known of it.
fn facts(patch: &Patch<'_>) -> Vec<String> {
    let line = |statement: Statement<'_>| {
        let mut line = format!("{:?}", statement.class);
        if let Some(object) = statement.object {
            line.push_str(&format!(" {object}"));
        }
        let places = [
            ("name", statement.name),
            ("limit", statement.limit),
            ("keyword", statement.keyword),
            ("body", statement.body),
        ];
        for (label, place) in places {
            if let Some(place) = place {
                let is_at_end = place.start == statement.span.end;
                let text = if is_at_end {
                    "at the end"
                } else {
                    place.of(patch.text())
                };
                line.push_str(&format!(" {label}={text}"));
            }
        }
        line
    };
    let items = patch.items().filter_map(|item| match item {
        Item::Statement(statement) => Some(line(statement)),
        Item::Meta(_) => None,
    });
    items.collect()
}

#[test]
fn facts_are_in_the_encoded_index() {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in [
        ("kennel.00000000.0000.postgres.dump.sql", BASELINE),
        ("kennel.20240131.0001.postgres.online.sql", CONCURRENT),
        ("script.00000000.0000.postgres.dump.sql", SCRIPT),
    ] {
        fs::write(folder.path().join(file), text).unwrap();
    }
    let output = Build::new().base(folder.path()).patches("*.sql").run();
    let output = output.unwrap();
    let encoded = output.encoded();
    let set = PatchSet::decode(&encoded.text, &encoded.index).unwrap();
    assert_eq!(set.validate(), Ok(()));
    let found: Vec<_> = set.iter().map(|patch| facts(&patch)).collect();
    assert_eq!(
        found,
        [
            vec![
                "ClientEncoding",
                "CreateBareRole postgres name=postgres",
                "CreateRole Keeper name=\"Keeper\"",
                "CreateDatabase name=:\"name\" limit=at the end",
                "CreateDatabase name=:name_old limit=:limit",
                "CreateDatabase café name=U&\"caf\\00e9\" limit=5",
                "AlterDatabase Ä name=\"Ä\" limit=- 1",
                "DropDatabase old name=old",
                "CreateTablespace fast name=fast",
                "DropRole",
            ],
            vec![
                "DetachPartitionConcurrently concurrently keyword=CONCURRENTLY",
                "Transactional body=begin perform 'commit'; end",
                "Procedural body=begin commit; end",
                "ClientEncoding",
            ],
            vec!["CreateDatabase name=:\"name\" limit=:limit"],
        ]
    );
}
