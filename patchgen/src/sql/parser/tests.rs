use super::*;
use crate::sql::{StringMode, split};
use patchgen_model::Position;
use std::fmt::Write;

/// Returns one line for each fault: its position, its message and its help.
fn faults(text: &str, dialect: Dialect) -> String {
    let split = split(text);
    let mut faults = split.faults.clone();
    faults.extend(check(text, &split, dialect));
    // If the text as a whole is valid, each of its statements is.
    assert!(faults.is_empty() || TextTree::of(text, &split).is_none());
    let mut report = String::new();
    for fault in faults {
        let Position { line, column } = Position::of(text, fault.offset);
        write!(report, "--! {line}:{column} {}", fault.message).unwrap();
        if let Some(help) = fault.help {
            write!(report, "; {help}").unwrap();
        }
        report.push('\n');
    }
    report
}

#[test]
fn valid_statements_have_no_faults() {
    for text in [
        include_str!("../../../tests/corpus/valid.sql"),
        include_str!("../../../tests/corpus/newer.sql"),
    ] {
        assert_eq!(faults(text, Dialect::Sql), "");
    }
}

#[test]
fn statements_that_only_the_parser_rejects_have_no_faults() {
    for text in [
        "set names 'UTF8'",
        "SET SESSION NAMES 'UTF8'",
        "set local names 'UTF8'",
        "set names default",
        "set names",
        "set role = x",
        "set local role = x",
    ] {
        assert_eq!(faults(text, Dialect::Sql), "", "{text}");
    }
    for text in ["set names x", "set names = x y", "set session x", "names"] {
        assert_ne!(faults(text, Dialect::Sql), "", "{text}");
    }
}

/// The integration tests send the same texts to a server.
#[test]
fn faults_are_reported_at_their_positions() {
    let corpus = include_str!("../../../tests/corpus/wrong.sql");
    for block in corpus.split("--! ").skip(1) {
        let (expected, text) = block.split_once('\n').unwrap();
        let text = match text.strip_prefix("--= ") {
            Some(noted) => noted.split_once('\n').unwrap().1,
            None => text,
        };
        assert_eq!(
            faults(text, Dialect::Sql),
            format!("--! {expected}\n"),
            "{text}"
        );
    }
    assert!(corpus.matches("--! ").count() > 80);
}

#[test]
fn a_statement_with_the_shape_of_another_can_have_a_fault_of_its_own() {
    let text = "insert into t values (1, 'a''b', x);\n".repeat(3)
        + "insert into t values (1, 'a' 'b', x);\ninsert into t values (1, '', x);\n\
           insert into t values (1, 'a', );\ninsert into t values (1, U&'\\', x);\n";
    for (valid, invalid) in [
        (
            "insert into t values (:'a');",
            "insert into t values (:'a b');",
        ),
        (
            "insert into t values (U&'a' UESCAPE '!');",
            "insert into t values (U&'a' UESCAPE '12');",
        ),
    ] {
        let together = format!("{valid}\n{invalid}");
        assert_ne!(faults(&together, Dialect::Psql), "", "{together}");
    }
    let report = faults(&text, Dialect::Sql);
    let places: Vec<&str> = report
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        .collect();
    assert_eq!(places, ["4:30", "6:29", "7:29"], "{report}");
}

#[test]
fn every_statement_is_checked_by_itself() {
    let text = "selec 1;\r\ncopy t from stdin;\r\n)\t'(\r\n\\.\r\n\\unrestrict )(\r\nselect 'ä', ;\r\nselect 1;\r\ndrop tabl x;";
    assert_eq!(
        faults(text, Dialect::Sql),
        "--! 1:1 unexpected `selec`\n--! 6:11 unexpected trailing comma\n--! 8:6 unexpected `tabl`\n"
    );
}

#[test]
fn psql_variables_can_replace_any_sql() {
    let valid = [
        "create role :\"name\" password :'secret' valid until :until connection limit :n",
        "alter database :db owner to :o",
        "select a[1:n], :list from :schema.:t where b = :x::int limit :l",
        "comment on database d is :'text'",
        "alter role r set :parameters",
    ];
    for statement in valid {
        assert_eq!(faults(statement, Dialect::Psql), "", "{statement}");
    }
    let invalid = "select from where :'x'";
    assert_eq!(
        faults(invalid, Dialect::Psql),
        "--! 1:13 expected a table, found `where`\n"
    );
}

#[test]
fn escapes_in_plain_strings_depend_on_the_session() {
    let text = r"set standard_conforming_strings = off; select '\'', n'\\ä', E'\''; select 1 2 3";
    assert_eq!(faults(text, Dialect::Sql), "--! 1:77 missing comma\n");
}

#[test]
fn deep_statements_do_not_exhaust_the_stack() {
    let too_deep = "--! 1:1 nested too deeply to be checked; split it, or declare `-- patch: syntax=unchecked` to leave it to the server\n";
    for (repeated, end, most) in [
        ("(", ")", 800),
        ("not ", "", 800),
        ("- ", "", 800),
        ("case when ", " then 1 end", 800),
        ("1 + ", "", 800),
        ("array[", "]", 800),
        ("1 union select ", "", 800),
        ("a::", "", 800),
        ("a.", "", 800),
    ] {
        // The parser has to return; its result does not matter.
        let text = format!("select {}1{}", repeated.repeat(most), end.repeat(most));
        let report = faults(&text, Dialect::Sql);
        assert!(report != too_deep, "{repeated}: {report}");
        let text = format!("select 1 + {}1", repeated.repeat(200_000));
        let report = check_statement(&text, |text| {
            reading::readings(text, StringMode::Standard, Dialect::Sql)
        });
        assert!(report.is_some_and(|fault| fault.message.starts_with("nested too deeply")));
    }
    let rows = format!(
        "insert into t values {}(1)",
        "(1, -2, (3 + 4)),".repeat(2_000)
    );
    assert_eq!(faults(&rows, Dialect::Sql), "");
}
