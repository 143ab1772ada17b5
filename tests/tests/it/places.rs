//! Positions of errors.

use crate::subject;
use patchgen_tests::{app_patches, server};

#[test]
fn an_error_anywhere_has_its_line_and_column() {
    let cases: &[(&str, &str, &str)] = &[
        (
            "multi-byte",
            "SELECT 'åäö', 'x';\nSELECT 'åäö', nothing;\n",
            "2:15: column \"nothing\" does not exist",
        ),
        (
            "crlf",
            "SELECT 1;\r\n\r\nSELECT\r\n  nothing;\r\n",
            "4:3: column \"nothing\" does not exist",
        ),
        (
            "syntax of plpgsql",
            "DO $$\nBEGIN\n  NONSENSE;\nEND $$;\n",
            "3:3: syntax error",
        ),
        (
            "query in a body",
            "SELECT 1;\nDO $$\nBEGIN\n  INSERT INTO nowhere\n  VALUES (1);\nEND $$;\n",
            "4:15: relation \"nowhere\" does not exist",
        ),
        (
            "raise in a body",
            "SELECT 1;\nDO $$\nBEGIN\n  RAISE EXCEPTION 'stop here';\nEND $$;\n",
            "4:3: stop here",
        ),
        (
            "COPY line",
            "CREATE TABLE t (a text, b int);\nCOPY t FROM stdin;\nx\t1\ny\ttwo\nz\t3\n\\.\n",
            "4:3: invalid input syntax for type integer: \"two\"",
        ),
        (
            "COPY columns",
            "CREATE TABLE t (a text, b int);\nCOPY t FROM stdin;\nx\t1\ny\n\\.\n",
            "4:1: missing data for column \"b\"",
        ),
        (
            "utility",
            "SELECT 1; DROP TABLE nowhere;\n",
            "1:11: table \"nowhere\" does not exist",
        ),
        (
            "check",
            "CREATE TABLE t (a int CHECK (a > 0));\nINSERT INTO t VALUES (1);\nINSERT INTO t\n VALUES (0);\n",
            "3:1: new row for relation",
        ),
    ];
    let server = server();
    for (name, sql, expected) in cases {
        let folder = app_patches(&[("broken", sql)]);
        let outcome = subject(&server, &folder).run(&["apply"]);
        assert!(
            outcome.stderr.contains(&format!("broken.sql:{expected}")),
            "{name}: {}",
            outcome.stderr
        );
    }
}

#[test]
fn detail_hint_and_context_are_shown_and_the_ledger_keeps_what_failed() {
    let server = server();
    let sql =
        "DO $$ BEGIN RAISE EXCEPTION 'no' USING DETAIL = 'the detail', HINT = 'the hint'; END $$;";
    let folder = app_patches(&[("broken", sql)]);
    let subject = subject(&server, &folder);
    let outcome = subject.run(&["apply"]);
    for line in [
        "detail: the detail",
        "hint: the hint",
        "where: PL/pgSQL function inline_code_block line 1 at RAISE",
    ] {
        assert!(outcome.stderr.contains(line), "{line}: {}", outcome.stderr);
    }
    let outcome = subject.run(&["status"]);
    outcome.assert_stdout_contains("failed");
    outcome.assert_stdout_contains("last try, attempt 1: ");
    outcome.assert_stdout_contains("no (P0001)");
}
