//! Splits a patch or a dump as psql does: into statements, `COPY` data blocks and meta-commands.
//!
//! Strings, quoted identifiers, dollar quotes, nested comments, parentheses and `BEGIN ATOMIC` bodies hide a semicolon. Where
//! psql and the server differ, the splitter follows the server: a function *named* `begin` opens no body, and an `E'…'`
//! string that continues on the next line is one string.
//!
//! The splitter knows no other part of SQL. Time and memory grow linearly with the length of the text, and there is no
//! recursion.

mod open_statement;

use super::copy;
use super::fault::Fault;
use super::lexer::{StringMode, Token, TokenKind, Tokens};
use super::meta;
use super::setting;
use crate::diagnostic::Cursor;
use open_statement::OpenStatement;
use std::ops::Range;

/// Pieces of a text.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Split {
    /// Pieces in the order of the text, without gaps.
    pub pieces: Vec<Piece>,
    /// Faults that make the split uncertain.
    pub faults: Vec<Fault>,
}

/// Part of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Piece {
    /// Kind of the piece.
    pub kind: PieceKind,
    /// Range of bytes in the text.
    pub range: Range<usize>,
    /// Line of the first character, counted from 1.
    pub line: usize,
    /// Column of the first character, in characters counted from 1.
    pub column: usize,
    /// Meaning of a backslash in the plain strings of the piece.
    pub string_mode: StringMode,
}

impl Piece {
    fn new(kind: PieceKind, range: Range<usize>, start: &Cursor, string_mode: StringMode) -> Self {
        Self {
            kind,
            range,
            line: start.line,
            column: start.column,
            string_mode,
        }
    }
}

/// Kind of a [`Piece`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PieceKind {
    /// White space, comments, semicolons, and the line `\.`.
    Space,
    /// SQL statement, from its first to its last token, without the final semicolon.
    Statement,
    /// Data of the nearest `COPY … FROM stdin` before it; empty if there are no lines of data.
    CopyData,
    /// psql meta-command, from its backslash to the end of its arguments.
    Meta,
}

/// Splits a text into statements, data blocks and meta-commands.
///
/// ```
/// use patchgen::sql::{PieceKind, split};
///
/// let text = "insert into t values ('a;b'); -- two;\nselect 1";
/// let statements: Vec<_> = split(text)
///     .pieces
///     .into_iter()
///     .filter(|piece| piece.kind == PieceKind::Statement)
///     .map(|piece| (piece.line, &text[piece.range]))
///     .collect();
/// assert_eq!(statements, [(1, "insert into t values ('a;b')"), (2, "select 1")]);
/// ```
#[must_use]
pub fn split(text: &str) -> Split {
    let mut splitter = Splitter {
        tokens: Tokens::new(text, StringMode::Standard),
        pieces: Vec::new(),
        faults: Vec::new(),
        end: Cursor::START,
        open: None,
    };
    while let Some(token) = splitter.tokens.next() {
        splitter.token(&token);
    }
    splitter.finish()
}

struct Splitter<'a> {
    tokens: Tokens<'a>,
    pieces: Vec<Piece>,
    faults: Vec<Fault>,
    /// End of the last piece.
    end: Cursor,
    open: Option<OpenStatement>,
}

impl Splitter<'_> {
    fn token(&mut self, token: &Token) {
        match token.kind {
            TokenKind::Symbol(b';')
                if self.open.as_ref().is_none_or(OpenStatement::is_complete) =>
            {
                if self.end_statement() {
                    self.copy_data();
                }
                return;
            }
            TokenKind::Symbol(b'\\') => {
                self.backslash(token.range.start);
                return;
            }
            _ => {}
        }
        if !token.closed {
            self.faults
                .push(unterminated(self.tokens.text(), token.range.start));
        }
        let text = &self.tokens.text()[token.range.clone()];
        let string_mode = self.tokens.string_mode();
        self.open
            .get_or_insert_with(|| OpenStatement::new(token.range.start, string_mode))
            .add(token, text);
    }

    /// Handles a backslash outside of quotes.
    fn backslash(&mut self, start: usize) {
        let text = self.tokens.text();
        match text.as_bytes().get(start + 1) {
            Some(b';') => {
                self.tokens.seek(start + 2);
                let complete = self.open.as_ref().is_none_or(OpenStatement::is_complete);
                if !complete {
                    self.fault(
                        start,
                        "meta-command",
                        "`\\;` inside parentheses or a `BEGIN ATOMIC` body",
                        "write `;` alone",
                    );
                } else if self.end_statement() {
                    self.fault(
                        start,
                        "copy-data",
                        "`\\;` behind `COPY … FROM stdin`",
                        "end the statement with `;` and begin its data on the next line",
                    );
                    self.data_lines();
                }
            }
            Some(b':') => {
                self.tokens.seek(start + 2);
                self.fault(
                    start,
                    "meta-command",
                    "`\\:` is understood by psql only",
                    "write `:` alone; a reference to a variable is replaced in a baseline only, and only where it is set",
                );
            }
            _ => self.meta(start),
        }
    }

    /// Adds a meta-command.
    fn meta(&mut self, start: usize) {
        let text = self.tokens.text();
        if self.open.is_some() && !meta::sends_query(&text[start..]) {
            self.fault(
                start,
                "meta-command",
                "a meta-command inside a statement",
                "end the statement before it with `;`",
            );
        }
        let data = self.end_statement();
        let end = meta::end(text, start);
        self.push(PieceKind::Meta, start..end.arguments);
        self.tokens.seek(end.command);
        if meta::is_connect(&text[start..]) {
            self.tokens.set_string_mode(StringMode::Standard);
        }
        if data {
            self.data_lines();
        }
    }

    /// Ends the open statement. Returns `true` if data lines follow it.
    fn end_statement(&mut self) -> bool {
        let Some(open) = self.open.take() else {
            return false;
        };
        let statement = &self.tokens.text()[open.range.clone()];
        let data = copy::is_from_stdin(statement);
        if let Some(string_mode) = setting::string_mode_after(statement) {
            self.tokens.set_string_mode(string_mode);
        }
        self.push_with(PieceKind::Statement, open.range, open.string_mode);
        data
    }

    /// Adds the data of a `COPY` that a semicolon has ended.
    fn copy_data(&mut self) {
        let text = self.tokens.text();
        let from = self.tokens.offset();
        let line_end = text[from..].find('\n').map_or(text.len(), |at| from + at);
        if let Some(stray) = stray_token(&text[from..line_end]) {
            self.fault(
                from + stray,
                "copy-data",
                "text behind `COPY … FROM stdin;` on its line",
                "the data begins on the next line; put nothing else on this one",
            );
        }
        self.data_lines();
    }

    /// Adds the data of a `COPY`, which begins on the next line, as psql reads whole lines.
    fn data_lines(&mut self) {
        let text = self.tokens.text();
        let from = self.tokens.offset();
        let line_end = text[from..].find('\n').map_or(text.len(), |at| from + at);
        let start = (line_end + 1).min(text.len());
        let mut line = start;
        let end = loop {
            let next = text[line..]
                .find('\n')
                .map_or(text.len(), |at| line + at + 1);
            let content = text[line..next].trim_end_matches(['\n', '\r']);
            if content == "\\." || next == line {
                break next;
            }
            line = next;
        };
        self.push(PieceKind::CopyData, start..line);
        self.tokens.seek(end);
    }

    fn fault(&mut self, offset: usize, code: &'static str, message: &str, help: &str) {
        self.faults.push(Fault {
            offset,
            code,
            message: message.to_owned(),
            help: Some(help.to_owned()),
        });
    }

    fn push(&mut self, kind: PieceKind, range: Range<usize>) {
        self.push_with(kind, range, self.tokens.string_mode());
    }

    /// Adds a piece, and the space between it and the piece before.
    fn push_with(&mut self, kind: PieceKind, range: Range<usize>, string_mode: StringMode) {
        let text = self.tokens.text();
        if range.start > self.end.offset {
            let space = self.end.offset..range.start;
            self.pieces
                .push(Piece::new(PieceKind::Space, space, &self.end, string_mode));
            self.end.advance(text, range.start);
        }
        self.pieces
            .push(Piece::new(kind, range.clone(), &self.end, string_mode));
        self.end.advance(text, range.end);
    }

    fn finish(mut self) -> Split {
        if let Some(open) = &self.open {
            // If a quote is open, that is the cause.
            if self.faults.is_empty() {
                self.faults.extend(open.unclosed());
            }
        }
        if let Some(offset) = self.tokens.open_comment() {
            self.faults.push(unterminated(self.tokens.text(), offset));
        }
        if self.end_statement() {
            self.data_lines();
        }
        let len = self.tokens.text().len();
        if self.end.offset < len {
            let space = self.end.offset..len;
            let string_mode = self.tokens.string_mode();
            self.pieces
                .push(Piece::new(PieceKind::Space, space, &self.end, string_mode));
        }
        Split {
            pieces: self.pieces,
            faults: self.faults,
        }
    }
}

/// Returns the fault of a quote or comment that begins at `offset` and has no end.
fn unterminated(text: &str, offset: usize) -> Fault {
    let message = match text.as_bytes()[offset] {
        b'/' => "comment is never closed",
        b'"' => "quoted identifier is never closed",
        b'$' => "dollar-quoted string is never closed",
        b'u' | b'U' if text.as_bytes().get(offset + 2) == Some(&b'"') => {
            "quoted identifier is never closed"
        }
        _ => "string is never closed",
    };
    let help = (text.as_bytes()[offset] == b'$').then(|| {
        let tag = text[offset + 1..].find('$').map_or(0, |len| len + 2);
        format!(
            "close it with `{}`, spelled exactly so",
            &text[offset..offset + tag]
        )
    });
    Fault {
        offset,
        code: "unterminated",
        message: message.to_owned(),
        help,
    }
}

/// Returns the offset of the first token or unclosed comment in the rest of a line.
fn stray_token(rest: &str) -> Option<usize> {
    let mut tokens = Tokens::new(rest, StringMode::Standard);
    let stray = tokens.find(|token| token.kind != TokenKind::Symbol(b';'));
    stray
        .map(|token| token.range.start)
        .or(tokens.open_comment())
}

#[cfg(test)]
mod tests;
