use super::*;
use crate::diagnostic::line_and_column;
use crate::sql::{Strings, split};
use std::fmt::Write;

/// One line a fault: its place, its message and its help.
fn faults(text: &str, dialect: Dialect) -> String {
    let split = split(text);
    let mut faults = split.faults.clone();
    faults.extend(check(text, &split, dialect));
    // What is right as a whole has no statement that is wrong.
    assert!(faults.is_empty() || TextTree::of(text, &split).is_none());
    let mut told = String::new();
    for fault in faults {
        let (line, column) = line_and_column(text, fault.offset);
        write!(told, "--! {line}:{column} {}", fault.message).unwrap();
        if let Some(help) = fault.help {
            write!(told, "; {help}").unwrap();
        }
        told.push('\n');
    }
    told
}

#[test]
fn statements_of_many_shapes_are_right() {
    for text in [
        include_str!("../../../tests/corpus/valid.sql"),
        include_str!("../../../tests/corpus/newer.sql"),
    ] {
        assert_eq!(faults(text, Dialect::Sql), "");
    }
}

/// The same texts are shown to a server by the integration tests.
#[test]
fn faults_are_told_where_they_are() {
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
fn a_statement_like_another_is_judged_by_all_that_can_be_wrong_with_it() {
    let text = "insert into t values (1, 'a''b', x);\n".repeat(3)
        + "insert into t values (1, 'a' 'b', x);\ninsert into t values (1, '', x);\n\
           insert into t values (1, 'a', );\ninsert into t values (1, U&'\\', x);\n";
    for (right, wrong) in [
        (
            "insert into t values (:'a');",
            "insert into t values (:'a b');",
        ),
        (
            "insert into t values (U&'a' UESCAPE '!');",
            "insert into t values (U&'a' UESCAPE '12');",
        ),
    ] {
        let together = format!("{right}\n{wrong}");
        assert_ne!(faults(&together, Dialect::Psql), "", "{together}");
    }
    let told = faults(&text, Dialect::Sql);
    let places: Vec<&str> = told
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        .collect();
    assert_eq!(places, ["4:30", "6:29", "7:29"], "{told}");
}

#[test]
fn every_statement_is_judged_by_itself() {
    let text = "selec 1;\r\ncopy t from stdin;\r\n)\t'(\r\n\\.\r\n\\unrestrict )(\r\nselect 'ä', ;\r\nselect 1;\r\ndrop tabl x;";
    assert_eq!(
        faults(text, Dialect::Sql),
        "--! 1:1 unexpected `selec`\n--! 6:11 unexpected trailing comma\n--! 8:6 unexpected `tabl`\n"
    );
}

#[test]
fn psql_variables_stand_for_anything() {
    let right = [
        "create role :\"name\" password :'secret' valid until :until connection limit :n",
        "alter database :db owner to :o",
        "select a[1:n], :list from :schema.:t where b = :x::int limit :l",
        "comment on database d is :'text'",
        "alter role r set :parameters",
    ];
    for statement in right {
        assert_eq!(faults(statement, Dialect::Psql), "", "{statement}");
    }
    let wrong = "select from where :'x'";
    assert_eq!(
        faults(wrong, Dialect::Psql),
        "--! 1:13 expected a table, found `where`\n"
    );
}

#[test]
fn escapes_in_plain_strings_are_read_as_the_session_says() {
    let text = r"set standard_conforming_strings = off; select '\'', n'\\ä', E'\''; select 1 2 3";
    assert_eq!(faults(text, Dialect::Sql), "--! 1:77 missing comma\n");
}

#[test]
fn depth_does_no_harm() {
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
        // All that counts is that the parser comes back.
        let text = format!("select {}1{}", repeated.repeat(most), end.repeat(most));
        let told = faults(&text, Dialect::Sql);
        assert!(told != too_deep, "{repeated}: {told}");
        let text = format!("select 1 + {}1", repeated.repeat(200_000));
        let told = check_statement(&text, |text| {
            reading::readings(text, Strings::Standard, Dialect::Sql)
        });
        assert!(told.is_some_and(|fault| fault.message.starts_with("nested too deeply")));
    }
    let rows = format!(
        "insert into t values {}(1)",
        "(1, -2, (3 + 4)),".repeat(2_000)
    );
    assert_eq!(faults(&rows, Dialect::Sql), "");
}
