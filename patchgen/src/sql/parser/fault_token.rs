//! Token at which the parser has found an error.

use crate::sql::lexer::{StringMode, Tokens};

/// First words of statements. One of them in the wrong place mostly means that a semicolon is missing.
const FIRST_WORDS: [&str; 45] = [
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

/// Token at an error.
pub(super) struct FaultToken<'a> {
    pub(super) offset: usize,
    /// Token as written; empty at the end of the statement, and if the token is too long to be shown.
    pub(super) text: &'a str,
    is_end: bool,
}

impl<'a> FaultToken<'a> {
    /// Returns the first token at or after an offset.
    pub(super) fn after(statement: &'a str, offset: usize) -> Self {
        let offset = statement.floor_char_boundary(offset);
        let rest = &statement[offset..];
        let Some(token) = Tokens::new(rest, StringMode::Standard).next() else {
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

    /// Returns `true` if the next statement seems to begin here.
    pub(super) fn begins_statement(&self, statement: &str, message: &str) -> bool {
        let line = statement[..self.offset]
            .rfind('\n')
            .map_or(0, |end| end + 1);
        let leads_line = self.offset > 0 && statement[line..self.offset].trim().is_empty();
        self.is_first_word()
            && self.offset > 0
            && (leads_line || message.starts_with("Missing semicolon"))
    }

    /// Returns `true` if the token can begin a statement.
    pub(super) fn is_first_word(&self) -> bool {
        FIRST_WORDS
            .iter()
            .any(|word| word.eq_ignore_ascii_case(self.text))
    }

    /// Returns the end of a message about something that was expected instead.
    pub(super) fn describe(&self) -> String {
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

    /// Returns a message of its own.
    pub(super) fn unexpected(&self) -> String {
        if self.is_end {
            "unexpected end of the statement".to_owned()
        } else if self.text.is_empty() {
            "syntax error".to_owned()
        } else {
            format!("unexpected `{}`", self.text)
        }
    }
}
