//! What the parser says, in the words of its user.

use super::{CODE, ParseError, hint};
use crate::segment::lexer::Tokens;
use crate::segment::{Fault, Strings};

/// The first words of statements; one of them in the wrong place is mostly the sign of a missing semicolon.
const STARTS: [&str; 45] = [
    "abort",
    "alter",
    "analyze",
    "begin",
    "call",
    "checkpoint",
    "close",
    "cluster",
    "comment",
    "commit",
    "copy",
    "create",
    "deallocate",
    "declare",
    "delete",
    "discard",
    "do",
    "drop",
    "end",
    "execute",
    "explain",
    "fetch",
    "grant",
    "import",
    "insert",
    "listen",
    "load",
    "lock",
    "merge",
    "notify",
    "prepare",
    "reassign",
    "refresh",
    "reindex",
    "release",
    "reset",
    "revoke",
    "rollback",
    "savepoint",
    "select",
    "set",
    "truncate",
    "update",
    "vacuum",
    "with",
];

/// Where and what the fault is: at the token that cannot stand there, as the server says it.
pub(super) fn fault(statement: &str, error: &ParseError) -> Fault {
    let mut found = Found::behind(statement, error.range.start);
    // Of `drop tabl t` the parser blames the first word.
    if found.offset == 0 && found.is_start() && error.message.starts_with("expected command") {
        found = Found::behind(statement, found.text.len());
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

/// The token at the fault.
pub(super) struct Found<'a> {
    pub(super) offset: usize,
    /// Empty at the end of the statement, and where no token tells anything.
    pub(super) text: &'a str,
    is_end: bool,
}

impl<'a> Found<'a> {
    fn behind(statement: &'a str, offset: usize) -> Self {
        let offset = statement.floor_char_boundary(offset);
        let rest = &statement[offset..];
        let Some(token) = Tokens::new(rest, Strings::Standard).next() else {
            return Self {
                offset: statement.len(),
                text: "",
                is_end: true,
            };
        };
        let text = &rest[token.range.clone()];
        let is_short = text.len() <= 60 && !text.contains('\n') && token.closed;
        Self {
            offset: offset + token.range.start,
            text: if is_short { text } else { "" },
            is_end: false,
        }
    }

    /// Whether the next statement seems to begin here.
    fn begins_statement(&self, statement: &str, message: &str) -> bool {
        let line = statement[..self.offset]
            .rfind('\n')
            .map_or(0, |end| end + 1);
        let leads_line = self.offset > 0 && statement[line..self.offset].trim().is_empty();
        self.is_start()
            && self.offset > 0
            && (leads_line || message.starts_with("Missing semicolon"))
    }

    fn is_start(&self) -> bool {
        STARTS
            .iter()
            .any(|word| word.eq_ignore_ascii_case(self.text))
    }

    fn describe(&self) -> String {
        if self.is_end {
            ", found the end of the statement".to_owned()
        } else if self.text == "`" {
            ", found a backtick".to_owned()
        } else if self.text.is_empty() {
            String::new()
        } else {
            format!(", found `{}`", self.text)
        }
    }

    fn unexpected(&self) -> String {
        if self.is_end {
            "unexpected end of the statement".to_owned()
        } else if self.text.is_empty() {
            "syntax error".to_owned()
        } else {
            format!("unexpected `{}`", self.text)
        }
    }
}

/// The parser's names of what it expects, and ours.
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

fn text(message: &str, found: &Found<'_>) -> String {
    let message = message.trim_end_matches('.');
    let core = [", found ", ", got "]
        .iter()
        .find_map(|cut| message.split_once(cut))
        .map_or(message, |(core, _)| core);
    // A comma is only one of the things that may follow an element.
    let says_nothing = ["expected command", "expected COMMA", "unexpected token"].contains(&core)
        || core.starts_with("Missing semicolon");
    if says_nothing {
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

/// The parser names tokens by their kinds.
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
