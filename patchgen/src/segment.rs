//! Splits a patch or a dump as psql does: into statements, `COPY` data blocks and meta-commands.
//!
//! Strings, quoted identifiers, dollar quotes, nested comments, parentheses and `BEGIN ATOMIC` bodies hide a semicolon. Where
//! psql and the server disagree, the server is followed: a function *named* `begin` opens no body, and an `E'…'` string
//! continued on the next line is still one.
//!
//! Nothing here knows SQL beyond that. Time and memory grow with the length of the text; nothing recurses.

mod meta;
mod position;
mod token;
mod variable;

use crate::class;
use std::ops::Range;
use token::{TokenKind, Tokens};

pub use position::position;
pub use token::Strings;
pub use variable::variables;

pub(crate) use token::Token;
pub(crate) mod lexer {
    pub(crate) use super::token::{TokenKind, Tokens};
}

/// A text taken apart.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Segmented {
    /// What it consists of, in order and without a gap.
    pub pieces: Vec<Piece>,
    /// What keeps it from being split with certainty.
    pub faults: Vec<Fault>,
}

/// A part of the text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Piece {
    /// What it is.
    pub kind: PieceKind,
    /// Its bytes.
    pub range: Range<usize>,
    /// The line of its first character, from 1.
    pub line: usize,
    /// The column of its first character, in characters from 1.
    pub column: usize,
    /// What a backslash means in its plain strings.
    pub strings: Strings,
}

/// The kind of a [`Piece`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PieceKind {
    /// White space, comments, semicolons, the `\.` line.
    Space,
    /// An SQL statement, first to last token, without the final semicolon.
    Statement,
    /// The data of the nearest `COPY … FROM stdin` before it; empty if there is none.
    CopyData,
    /// A psql meta-command, from its backslash to the end of its arguments.
    Meta,
}

/// Something wrong at a place in a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Offset of the byte.
    pub offset: usize,
    /// The stable name of the rule.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Takes a text apart.
///
/// ```
/// use patchgen::segment::{PieceKind, segment};
///
/// let text = "insert into t values ('a;b'); -- two;\nselect 1";
/// let statements: Vec<_> = segment(text)
///     .pieces
///     .into_iter()
///     .filter(|piece| piece.kind == PieceKind::Statement)
///     .map(|piece| (piece.line, &text[piece.range]))
///     .collect();
/// assert_eq!(statements, [(1, "insert into t values ('a;b')"), (2, "select 1")]);
/// ```
#[must_use]
pub fn segment(text: &str) -> Segmented {
    let mut splitter = Splitter {
        tokens: Tokens::new(text, Strings::Standard),
        pieces: Vec::new(),
        faults: Vec::new(),
        end: position::Place::START,
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
    /// Where the last piece ends.
    end: position::Place,
    open: Option<Open>,
}

/// A statement whose end has not been found yet.
#[derive(Debug)]
struct Open {
    range: Range<usize>,
    strings: Strings,
    head: Head,
    parentheses: usize,
    /// The outermost of them.
    parenthesis: usize,
    /// `BEGIN ATOMIC` and every `CASE` within.
    blocks: usize,
    /// The outermost of them.
    block: usize,
    previous: Previous,
}

/// How far the first words spell `CREATE [OR REPLACE] FUNCTION|PROCEDURE`, the only statements with a body of statements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Head {
    Start,
    Create,
    Or,
    Replace,
    Routine,
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Previous {
    Begin(usize),
    /// `.` or `AS`: a label follows, whatever it says.
    Label,
    Other,
}

impl Splitter<'_> {
    fn token(&mut self, token: &Token) {
        match token.kind {
            TokenKind::Symbol(b';') if self.open.as_ref().is_none_or(Open::is_complete) => {
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
        let strings = self.tokens.strings();
        self.open
            .get_or_insert_with(|| Open::new(token.range.start, strings))
            .add(token, text);
    }

    fn backslash(&mut self, start: usize) {
        let text = self.tokens.text();
        match text.as_bytes().get(start + 1) {
            Some(b';') => {
                self.tokens.seek(start + 2);
                let complete = self.open.as_ref().is_none_or(Open::is_complete);
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
            self.tokens.set_strings(Strings::Standard);
        }
        if data {
            self.data_lines();
        }
    }

    /// Returns whether data follows.
    fn end_statement(&mut self) -> bool {
        let Some(open) = self.open.take() else {
            return false;
        };
        let statement = &self.tokens.text()[open.range.clone()];
        let data = class::is_copy_from_stdin(statement);
        if let Some(strings) = class::strings_after(statement) {
            self.tokens.set_strings(strings);
        }
        self.push_with(PieceKind::Statement, open.range, open.strings);
        data
    }

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

    /// As psql reads whole lines, the data begins on the next one.
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
        self.push_with(kind, range, self.tokens.strings());
    }

    /// Adds a piece, and the space before it.
    fn push_with(&mut self, kind: PieceKind, range: Range<usize>, strings: Strings) {
        let text = self.tokens.text();
        if range.start > self.end.offset {
            self.pieces.push(self.end.piece(
                PieceKind::Space,
                self.end.offset..range.start,
                strings,
            ));
            self.end.advance(text, range.start);
        }
        self.pieces
            .push(self.end.piece(kind, range.clone(), strings));
        self.end.advance(text, range.end);
    }

    fn finish(mut self) -> Segmented {
        if let Some(open) = &self.open {
            let fault = if open.parentheses > 0 {
                Some((open.parenthesis, "`(` is never closed"))
            } else if open.blocks > 0 {
                Some((open.block, "`BEGIN ATOMIC` has no `END`"))
            } else {
                None
            };
            // An open quote explains it better.
            if let (Some((offset, message)), true) = (fault, self.faults.is_empty()) {
                self.faults.push(Fault {
                    offset,
                    code: "unterminated",
                    message: message.to_owned(),
                    help: None,
                });
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
            let range = self.end.offset..len;
            let piece = self
                .end
                .piece(PieceKind::Space, range, self.tokens.strings());
            self.pieces.push(piece);
        }
        Segmented {
            pieces: self.pieces,
            faults: self.faults,
        }
    }
}

impl Open {
    fn new(start: usize, strings: Strings) -> Self {
        Self {
            range: start..start,
            strings,
            head: Head::Start,
            parentheses: 0,
            parenthesis: 0,
            blocks: 0,
            block: 0,
            previous: Previous::Other,
        }
    }

    fn is_complete(&self) -> bool {
        self.parentheses == 0 && self.blocks == 0
    }

    fn add(&mut self, token: &Token, text: &str) {
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

    /// As in psql, what stands in parentheses does not count: there every `CASE` has its `END`.
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

/// The first thing in the rest of a line that is neither space nor a whole comment.
fn stray_token(rest: &str) -> Option<usize> {
    let mut tokens = Tokens::new(rest, Strings::Standard);
    let stray = tokens.find(|token| token.kind != TokenKind::Symbol(b';'));
    stray
        .map(|token| token.range.start)
        .or(tokens.open_comment())
}

#[cfg(test)]
mod invariants;
#[cfg(test)]
mod tests;
