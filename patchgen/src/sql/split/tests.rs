use super::*;
use crate::sql::variable::variables;
use patchgen_model::Position;

/// Returns one line for each piece that is not space: its kind and text.
fn pieces(text: &str) -> Vec<String> {
    let Split { pieces, .. } = split(text);
    let joined: String = pieces
        .iter()
        .map(|piece| &text[piece.range.clone()])
        .collect();
    assert_eq!(joined, text);
    for piece in &pieces {
        let Piece { line, column, .. } = *piece;
        assert_eq!(
            Position { line, column },
            Position::of(text, piece.range.start)
        );
    }
    pieces
        .iter()
        .filter(|piece| piece.kind != PieceKind::Space)
        .map(|piece| {
            let kind = match piece.kind {
                PieceKind::CopyData => "data ",
                PieceKind::Meta => "meta ",
                _ => "",
            };
            format!("{kind}{}", &text[piece.range.clone()])
        })
        .collect()
}

fn faults(text: &str) -> Vec<(usize, usize, String)> {
    let faults = split(text).faults;
    faults
        .into_iter()
        .map(|fault| {
            let Position { line, column } = Position::of(text, fault.offset);
            (line, column, fault.message)
        })
        .collect()
}

#[test]
fn a_semicolon_ends_a_statement_only_where_psql_ends_it() {
    let table: &[(&str, &[&str])] = &[
        ("", &[]),
        (" ;; -- a\n/* b; */ ;", &[]),
        ("select 1; select 2", &["select 1", "select 2"]),
        ("select 'a;''b'; select 2", &["select 'a;''b'", "select 2"]),
        (r"select '\'; select 2", &[r"select '\'", "select 2"]),
        (r"select E'\';'; select 2", &[r"select E'\';'", "select 2"]),
        (r"select e'\\'; select 2", &[r"select e'\\'", "select 2"]),
        (
            r"select foo_e'\'; select 2",
            &[r"select foo_e'\'", "select 2"],
        ),
        // The second part of an escape string has escapes, too; that of a plain string has none.
        (
            "select E'a' -- x\n '\\';'; select 2",
            &["select E'a' -- x\n '\\';'", "select 2"],
        ),
        (
            "select E'a' '\\'; select 2",
            &["select E'a' '\\'", "select 2"],
        ),
        (
            r#"select U&'\' ';' , U&"a\"; select 2"#,
            &[r#"select U&'\' ';' , U&"a\""#, "select 2"],
        ),
        (
            r#"select "a;""b'" from t; select 2"#,
            &[r#"select "a;""b'" from t"#, "select 2"],
        ),
        ("select $$;'$$; select 2", &["select $$;'$$", "select 2"]),
        (
            "select $a$;$$;$b$;$a$; select 2",
            &["select $a$;$$;$b$;$a$", "select 2"],
        ),
        (
            "select $a$ $b$a$; select 2",
            &["select $a$ $b$a$", "select 2"],
        ),
        (
            "select $ä1$;$ä1$; select 2",
            &["select $ä1$;$ä1$", "select 2"],
        ),
        (
            "select a$b$;select 1 as c$b$",
            &["select a$b$", "select 1 as c$b$"],
        ),
        (
            "execute x($1);select $1$$;$$",
            &["execute x($1)", "select $1$$;$$"],
        ),
        (
            "select /* ; /* ; */ ; */ 1; select 2",
            &["select /* ; /* ; */ ; */ 1", "select 2"],
        ),
        (
            "select 1 -- a;\n+ 2; select 3",
            &["select 1 -- a;\n+ 2", "select 3"],
        ),
        ("select 1 -- a;\r+ 2;", &["select 1 -- a;\r+ 2"]),
        (
            "select 1 +-- a;\n2; select 4*/*;*/5",
            &["select 1 +-- a;\n2", "select 4*/*;*/5"],
        ),
        (
            "create rule r as on insert to t do (select 1; select 2); select 3",
            &[
                "create rule r as on insert to t do (select 1; select 2)",
                "select 3",
            ],
        ),
        (r"select 1\; select 2;", &["select 1", "select 2"]),
        ("select 1;\r\nselect 2;\r\n", &["select 1", "select 2"]),
    ];
    for (text, expected) in table {
        assert_eq!(pieces(text), *expected, "{text}");
        assert_eq!(faults(text), [], "{text}");
    }
}

#[test]
fn a_body_of_statements_belongs_to_its_function() {
    let whole = [
        "create function f() returns int begin atomic select 1; select 2; end",
        "CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC select case when a then 1 end; END",
        "create function f() begin /* x */ atomic select case a when 1 then case 2 when 2 then 2 end end; select 1; end",
        "create function f() begin atomic select 1 as end; select t.case; select (case when a then 1 end); end",
        "create function begin() returns int language sql as 'select 1;'",
        "create function f(begin atomic) returns int language sql as $$ select 1; $$",
        "create function s.begin() returns int return 1",
        "create table begin (atomic int)",
        "begin",
    ];
    for statement in whole {
        let text = format!("{statement}; select 3;");
        assert_eq!(pieces(&text), [statement, "select 3"]);
        assert_eq!(faults(&text), [], "{text}");
    }
}

#[test]
fn data_lines_follow_copy() {
    let table: &[(&str, &[&str])] = &[
        (
            "copy t from stdin;\n1;\t'\n\\.\nselect 1;",
            &["copy t from stdin", "data 1;\t'\n", "select 1"],
        ),
        (
            "copy t from stdin; -- x\n\\.\nselect 1;",
            &["copy t from stdin", "data ", "select 1"],
        ),
        (
            "COPY \"from\" (a, b) FROM STDIN WITH (format csv);\r\n1\r\n\\.\r\nselect 1;",
            &[
                "COPY \"from\" (a, b) FROM STDIN WITH (format csv)",
                "data 1\r\n",
                "select 1",
            ],
        ),
        (
            "copy t from stdin;\n1\n\\.",
            &["copy t from stdin", "data 1\n"],
        ),
        (
            "copy t from stdin;\n1\n2",
            &["copy t from stdin", "data 1\n2"],
        ),
        ("copy t from stdin", &["copy t from stdin", "data "]),
        (
            "copy t from stdin;\n\\\\.\n \\.\n\\.\n",
            &["copy t from stdin", "data \\\\.\n \\.\n"],
        ),
        (
            "copy (select a from stdin) to stdout; select 1;",
            &["copy (select a from stdin) to stdout", "select 1"],
        ),
        (
            "copy t from 'stdin'; select 1;",
            &["copy t from 'stdin'", "select 1"],
        ),
        (
            "copy t from stdout;\n1\n\\.\n",
            &["copy t from stdout", "data 1\n"],
        ),
    ];
    for (text, expected) in table {
        assert_eq!(pieces(text), *expected, "{text}");
        assert_eq!(faults(text), [], "{text}");
    }
}

#[test]
fn a_meta_command_ends_with_its_line() {
    let table: &[(&str, &[&str])] = &[
        (
            "\\restrict aB1  \nselect 1;\n\\unrestrict aB1",
            &["meta \\restrict aB1", "select 1", "meta \\unrestrict aB1"],
        ),
        (
            "\\set a 'it\\'s; \\\\ x' \\\\ select :a;",
            &["meta \\set a 'it\\'s; \\\\ x'", "select :a"],
        ),
        (
            "\\echo a \\echo b\r\nselect 1;",
            &["meta \\echo a", "meta \\echo b", "select 1"],
        ),
        (
            "\\connect -reuse-previous=on \"dbname='a b'\"\n",
            &["meta \\connect -reuse-previous=on \"dbname='a b'\""],
        ),
        (
            "\\! echo \\; ;\nselect 1",
            &["meta \\! echo \\; ;", "select 1"],
        ),
        (
            "select 1 \\gset x\nselect 2;",
            &["select 1", "meta \\gset x", "select 2"],
        ),
        ("select '\\echo'; \\", &["select '\\echo'", "meta \\"]),
        (
            "\\\\ select 1;\nselect 2",
            &["meta \\", "meta \\ select 1;", "select 2"],
        ),
        (
            "copy t from stdin \\g\n1\n\\.\nselect 1",
            &["copy t from stdin", "meta \\g", "data 1\n", "select 1"],
        ),
    ];
    for (text, expected) in table {
        assert_eq!(pieces(text), *expected, "{text}");
        assert_eq!(faults(text), [], "{text}");
    }
}

#[test]
fn the_meaning_of_a_backslash_can_change_within_a_file() {
    let table: &[(&str, &[&str])] = &[
        (
            r"set standard_conforming_strings = off; select '\';'; select N'\';'; select 1",
            &[
                "set standard_conforming_strings = off",
                r"select '\';'",
                r"select N'\';'",
                "select 1",
            ],
        ),
        (
            r"SET SESSION standard_conforming_strings TO 'f'; select '\';'; reset all; select '\'; select 1",
            &[
                "SET SESSION standard_conforming_strings TO 'f'",
                r"select '\';'",
                "reset all",
                r"select '\'",
                "select 1",
            ],
        ),
        (
            "set standard_conforming_strings = off;\n\\connect x\nselect '\\'; select 1",
            &[
                "set standard_conforming_strings = off",
                "meta \\connect x",
                r"select '\'",
                "select 1",
            ],
        ),
    ];
    for (text, expected) in table {
        assert_eq!(pieces(text), *expected, "{text}");
    }
}

#[test]
fn an_unterminated_token_is_a_fault_at_its_beginning() {
    let table: &[(&str, usize, usize, &str)] = &[
        (
            "select 1;\nselect 'ä', 'a;\nselect 2;",
            2,
            13,
            "string is never closed",
        ),
        ("select E'\\';", 1, 8, "string is never closed"),
        ("select ö, \"a", 1, 11, "quoted identifier is never closed"),
        ("select U&\"a", 1, 8, "quoted identifier is never closed"),
        (
            "do $body$ $$ $Body$",
            1,
            4,
            "dollar-quoted string is never closed",
        ),
        ("select 1; /* a /* b */", 1, 11, "comment is never closed"),
        ("select (1, (2);\nselect 3;", 1, 8, "`(` is never closed"),
        (
            "create function f() begin atomic select 1;",
            1,
            21,
            "`BEGIN ATOMIC` has no `END`",
        ),
        (
            "copy t from stdin; select 1;\n1\n\\.\n",
            1,
            20,
            "text behind `COPY … FROM stdin;` on its line",
        ),
        (
            "copy t from stdin; /* a\n*/\n\\.\n",
            1,
            20,
            "text behind `COPY … FROM stdin;` on its line",
        ),
        (
            "copy t from stdin\\;\n1\n\\.\n",
            1,
            18,
            "`\\;` behind `COPY … FROM stdin`",
        ),
        (
            "select 1\n\\echo x\n;",
            2,
            1,
            "a meta-command inside a statement",
        ),
        ("select a\\:b;", 1, 9, "`\\:` is understood by psql only"),
        (
            "select (1\\;2);",
            1,
            10,
            "`\\;` inside parentheses or a `BEGIN ATOMIC` body",
        ),
    ];
    for (text, line, column, message) in table {
        assert_eq!(
            faults(text),
            [(*line, *column, (*message).to_owned())],
            "{text}"
        );
        pieces(text);
    }
}

#[test]
fn variables_are_found_outside_quotes() {
    let found = |text: &str| -> Vec<String> {
        variables(text, StringMode::Standard)
            .iter()
            .map(|variable| variable.span.of(text).to_owned())
            .collect()
    };
    assert_eq!(
        found("create role :\"n\" password :'p' valid until :u"),
        [":\"n\"", ":'p'", ":u"]
    );
    assert_eq!(found("select ':a', \":b\", $$:c$$ /* :d */ -- :e"), [""; 0]);
    assert_eq!(
        found("select 1::int, a[1:2], f(a := 1), :'not a name'"),
        [""; 0]
    );
    assert_eq!(found("select :a::int, x:::b"), [":a", ":b"]);
    assert_eq!(variables(r"'\':a' :b", StringMode::Escape).len(), 1);
}

#[test]
fn long_and_deep_texts_are_split() {
    let line = format!("select '{}';", "ä;".repeat(1_700_000));
    assert_eq!(split(&line).pieces.len(), 2);
    assert_eq!(split(&"select 1; ".repeat(5_000)).pieces.len(), 10_000);
    for hostile in [
        "(",
        "/*",
        "$a$",
        "begin atomic ",
        "case ",
        "\\",
        "'",
        "E'\n'\n",
        "$a",
        ":'",
    ] {
        let text = format!(
            "create function f() begin atomic {}",
            hostile.repeat(200_000)
        );
        let end = split(&text).pieces.last().map(|piece| piece.range.end);
        assert_eq!(end, Some(text.len()));
    }
}
