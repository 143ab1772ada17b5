//! Remedies for syntax that users know from other databases, from psql and from older servers.

use super::fault_token::FaultToken;
use crate::sql::lexer::{StringMode, Tokens};

/// Returns the remedy for an error at a token of a statement, if one is known.
pub(super) fn of(statement: &str, found: &FaultToken<'_>) -> Option<&'static str> {
    let word = found.text.to_ascii_lowercase();
    let before = statement[..found.offset].to_ascii_lowercase();
    let begins = before.is_empty();
    let help = match word.as_str() {
        "#" => "a comment begins with `--`",
        "`" => "a name that needs quotes is written \"name\"",
        "[" => "a name that needs quotes is written \"name\"; an array is `ARRAY[…]`",
        "autoincrement" | "auto_increment" => {
            "write `GENERATED ALWAYS AS IDENTITY`, which numbers the rows by itself"
        }
        "from" if before.contains("extension") => {
            "`FROM` left the language with PostgreSQL 13: leave it out"
        }
        "engine" | "charset" => "leave MySQL's table options out",
        "unsigned" => "PostgreSQL has no unsigned integers: use the next larger type or a `CHECK`",
        "modify" | "change" => "write `ALTER COLUMN name TYPE type`",
        "," if before.split_whitespace().rev().nth(1) == Some("limit") => {
            "write `LIMIT count OFFSET start`"
        }
        "go" if begins => "PostgreSQL has no batches: end each statement with `;`",
        "delimiter" if begins => {
            "the body of a function stands between `$$` and `$$`: leave it out"
        }
        "replace" if begins => "write `INSERT … ON CONFLICT … DO UPDATE`",
        "if" | "for" | "while" | "loop" | "return" | "raise" | "perform" if begins => {
            "PL/pgSQL stands within `DO $$ BEGIN … END $$;`"
        }
        ":" => "variables of psql are replaced in a baseline only",
        _ if word.starts_with(['“', '”', '‘', '’']) => {
            "quotes are the straight `'` and `\"`"
        }
        _ if word.starts_with('\u{a0}') => "there is a no-break space here: write a plain one",
        _ if before.starts_with("create") && is_inline_index(&before, &word) => {
            "write `CREATE INDEX … ON …` as a statement of its own, behind the table"
        }
        _ if follows_start(&before) => "end each statement with `;`",
        _ => return None,
    };
    Some(help)
}

/// Returns `true` if the error directly follows the first word of what seems to be another statement.
fn follows_start(before: &str) -> bool {
    let line = before.trim_start().rsplit('\n').next().unwrap_or_default();
    let is_first = line.len() < before.trim_start().len();
    is_first
        && matches!(
            line.trim(),
            "select" | "insert into" | "delete from" | "update"
        )
}

/// Returns `true` if the list element that contains the error begins with `INDEX` or `KEY`.
fn is_inline_index(before: &str, word: &str) -> bool {
    let element = before.rfind([',', '(']).map_or("", |at| &before[at + 1..]);
    let first = Tokens::new(element, StringMode::Standard)
        .next()
        .map_or(word, |token| &element[token.range]);
    matches!(first, "index" | "key" | "fulltext")
        || matches!((first, word), ("unique", "key" | "index"))
}
