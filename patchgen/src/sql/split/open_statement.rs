//! The statement that is being read. It determines if a semicolon ends it.

use crate::sql::fault::Fault;
use crate::sql::lexer::{StringMode, Token, TokenKind};
use std::ops::Range;

/// Statement whose end has not been found yet.
#[derive(Debug)]
pub(super) struct OpenStatement {
    pub(super) range: Range<usize>,
    pub(super) string_mode: StringMode,
    head: Head,
    /// Number of open parentheses.
    parentheses: usize,
    /// Offset of the outermost open parenthesis.
    parenthesis: usize,
    /// Number of open blocks: `BEGIN ATOMIC` and every `CASE` within it.
    blocks: usize,
    /// Offset of the outermost open block.
    block: usize,
    previous: Previous,
}

/// Part of `CREATE [OR REPLACE] FUNCTION|PROCEDURE` that the first words have spelled so far. Only these statements have a
/// body of statements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Head {
    Start,
    Create,
    Or,
    Replace,
    Routine,
    Other,
}

/// Token before the current one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Previous {
    /// `BEGIN`, with its offset.
    Begin(usize),
    /// `.` or `AS`: the next word is a label, even if it is a keyword elsewhere.
    Label,
    Other,
}

impl OpenStatement {
    pub(super) fn new(start: usize, string_mode: StringMode) -> Self {
        Self {
            range: start..start,
            string_mode,
            head: Head::Start,
            parentheses: 0,
            parenthesis: 0,
            blocks: 0,
            block: 0,
            previous: Previous::Other,
        }
    }

    /// Returns the fault of a text that ends within the statement.
    pub(super) fn unclosed(&self) -> Option<Fault> {
        let (offset, message) = if self.parentheses > 0 {
            (self.parenthesis, "`(` is never closed")
        } else if self.blocks > 0 {
            (self.block, "`BEGIN ATOMIC` has no `END`")
        } else {
            return None;
        };
        Some(Fault {
            offset,
            code: "unterminated",
            message: message.to_owned(),
            help: None,
        })
    }

    /// Returns `true` if a semicolon here ends the statement.
    pub(super) fn is_complete(&self) -> bool {
        self.parentheses == 0 && self.blocks == 0
    }

    /// Adds the next token; `text` is the token as written.
    pub(super) fn add(&mut self, token: &Token, text: &str) {
        self.range.end = token.range.end;
        let start = token.range.start;
        let mut previous = Previous::Other;
        match token.kind {
            TokenKind::Symbol(b'(') => {
                if self.parentheses == 0 {
                    self.parenthesis = start;
                }
                self.parentheses += 1;
            }
            TokenKind::Symbol(b')') => self.parentheses = self.parentheses.saturating_sub(1),
            TokenKind::Symbol(b'.') => previous = Previous::Label,
            TokenKind::Word if self.head == Head::Routine => {
                previous = self.routine_word(start, text);
            }
            _ => {}
        }
        self.previous = previous;
        self.head = match self.head {
            Head::Routine => Head::Routine,
            head if token.kind == TokenKind::Word => head.next(text),
            _ => Head::Other,
        };
    }

    /// Counts the blocks of a routine's body. As in psql, words in parentheses do not count: every `CASE` there has its `END`.
    fn routine_word(&mut self, start: usize, text: &str) -> Previous {
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        if is("as") {
            return Previous::Label;
        }
        if self.parentheses > 0 || self.previous == Previous::Label {
            return Previous::Other;
        }
        match self.previous {
            Previous::Begin(begin) if is("atomic") => {
                if self.blocks == 0 {
                    self.block = begin;
                }
                self.blocks += 1;
            }
            _ if is("begin") => return Previous::Begin(start),
            _ if is("case") && self.blocks > 0 => self.blocks += 1,
            _ if is("end") => self.blocks = self.blocks.saturating_sub(1),
            _ => {}
        }
        Previous::Other
    }
}

impl Head {
    fn next(self, word: &str) -> Self {
        let is = |other: &str| word.eq_ignore_ascii_case(other);
        match self {
            Self::Start if is("create") => Self::Create,
            Self::Create if is("or") => Self::Or,
            Self::Or if is("replace") => Self::Replace,
            Self::Create | Self::Replace if is("function") || is("procedure") => Self::Routine,
            Self::Routine => Self::Routine,
            _ => Self::Other,
        }
    }
}
