//! Messages of the parser, in the words of its users.

use super::fault_token::FaultToken;
use super::hint;
use super::statement::ParseError;
use crate::sql::fault::Fault;

/// Code of all faults of the parser.
pub(super) const CODE: &str = "syntax";

/// Returns the fault for an error of the parser. Like the server's, it is at the token that is not allowed there.
pub(super) fn fault(statement: &str, error: &ParseError) -> Fault {
    let mut found = FaultToken::after(statement, error.range.start);
    // For `drop tabl t` the parser reports the first word.
    if found.offset == 0 && found.is_first_word() && error.message.starts_with("expected command") {
        found = FaultToken::after(statement, found.text.len());
    }
    let (message, help) = if found.begins_statement(statement, &error.message) {
        let message = format!("missing `;` before `{}`", found.text);
        (message, Some("end the statement before it with `;`"))
    } else {
        (text(&error.message, &found), hint::of(statement, &found))
    };
    Fault {
        offset: found.offset,
        code: CODE,
        message,
        help: help.map(str::to_owned),
    }
}

/// Names that the parser has for what it expects, and the names that users know.
const NAMES: [(&str, &str); 10] = [
    ("string literals", "strings"),
    ("select stmt", "`VALUES` or a query"),
    ("path name", "a name"),
    ("from item", "a table"),
    ("from_item", "a table"),
    ("call expression", "a call with parentheses"),
    ("expected name", "expected a name"),
    ("expected expression", "expected an expression"),
    ("expected type name", "expected a type"),
    ("string literal", "a string"),
];

fn text(message: &str, found: &FaultToken<'_>) -> String {
    let message = message.trim_end_matches('.');
    let core = [", found ", ", got "]
        .iter()
        .find_map(|cut| message.split_once(cut))
        .map_or(message, |(core, _)| core);
    // Such a message does not help: a comma is only one of many tokens that may follow an element.
    let is_vague = ["expected command", "expected COMMA", "unexpected token"].contains(&core)
        || core.starts_with("Missing semicolon");
    if is_vague {
        return found.unexpected();
    }
    let named = NAMES
        .iter()
        .fold(core.to_owned(), |core, (from, to)| core.replace(from, to));
    if core.ends_with("expr") {
        return format!("expected an expression{}", found.describe());
    }
    let mut text: String = named.split(' ').map(word).collect::<Vec<_>>().join(" ");
    if let Some(first) = text.get(..1)
        && core.as_bytes().get(1).is_some_and(u8::is_ascii_lowercase)
    {
        let first = first.to_ascii_lowercase();
        text.replace_range(..1, &first);
    }
    if text.starts_with("expected") && !text.contains(" found ") {
        text.push_str(&found.describe());
    }
    text
}

/// Returns a token that the parser has named by its kind as it is written in SQL.
fn word(word: &str) -> String {
    let symbol = match word {
        "L_PAREN" => "(",
        "R_PAREN" => ")",
        "L_BRACK" => "[",
        "R_BRACK" => "]",
        "COMMA" => ",",
        "SEMICOLON" => ";",
        "DOT" => ".",
        "COLON" => ":",
        "EQ" => "=",
        "STAR" => "*",
        "FAT_ARROW" => "=>",
        "COLON_EQ" => ":=",
        "STRING" => return "a string".to_owned(),
        "IDENT" => return "a name".to_owned(),
        "INT_NUMBER" | "FLOAT_NUMBER" => return "a number".to_owned(),
        _ => match word.strip_suffix("_KW") {
            Some(keyword) => keyword,
            None => return word.to_owned(),
        },
    };
    format!("`{symbol}`")
}
