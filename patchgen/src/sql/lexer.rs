//! Tokens of PostgreSQL's lexical grammar, in as much detail as is needed to find the ends of quotes, comments and words.

use patchgen_model::Span;
use std::ops::Range;

/// Meaning of a backslash in a plain `'…'` string: the server's `standard_conforming_strings`.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum StringMode {
    /// `on`: a backslash is an ordinary character.
    #[default]
    Standard,
    /// `off`: a backslash escapes the next character, as in `E'…'`.
    Escape,
}

/// Kind of a [`Token`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TokenKind {
    /// Keyword or unquoted identifier.
    Word,
    /// `"…"`
    Quoted,
    /// `U&"…"`
    UnicodeQuoted,
    /// String constant of any spelling, including its prefix.
    Text,
    /// Number, or parameter such as `$1`.
    Number,
    /// One byte of an operator or of punctuation.
    Symbol(u8),
    /// Reference to a psql variable, which only a `Reader` recognises.
    Variable,
}

/// Token of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) range: Range<usize>,
    /// `false` if the text ends within the token.
    pub(crate) closed: bool,
}

impl Token {
    pub(crate) fn span(&self) -> Span {
        span(&self.range)
    }
}

/// Returns a range as it is stored. Larger texts are rejected before they are read.
pub(crate) fn span(range: &Range<usize>) -> Span {
    let narrow = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
    Span {
        start: narrow(range.start),
        end: narrow(range.end),
    }
}

/// Iterator over the tokens of a text, without the white space and the comments between them.
#[derive(Clone, Debug)]
pub(crate) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    string_mode: StringMode,
    open_comment: Option<usize>,
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(text: &'a str, string_mode: StringMode) -> Self {
        Self {
            text,
            at: 0,
            string_mode,
            open_comment: None,
        }
    }

    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    pub(crate) fn string_mode(&self) -> StringMode {
        self.string_mode
    }

    pub(crate) fn set_string_mode(&mut self, string_mode: StringMode) {
        self.string_mode = string_mode;
    }

    /// Returns the offset of the end of the last token.
    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    /// Continues at another offset, after text that is not SQL.
    pub(crate) fn seek(&mut self, offset: usize) {
        self.at = offset;
    }

    /// Returns the offset of the block comment that the text ends in, if there is one.
    pub(crate) fn open_comment(&self) -> Option<usize> {
        self.open_comment
    }

    fn byte(&self, at: usize) -> u8 {
        self.text.as_bytes().get(at).copied().unwrap_or(0)
    }

    fn skip_space(&mut self) {
        loop {
            match self.byte(self.at) {
                b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => self.at += 1,
                b'-' if self.byte(self.at + 1) == b'-' => self.at = line_end(self.text, self.at),
                b'/' if self.byte(self.at + 1) == b'*' => match comment_end(self.text, self.at) {
                    Some(end) => self.at = end,
                    None => {
                        self.open_comment = Some(self.at);
                        self.at = self.text.len();
                    }
                },
                _ => return,
            }
        }
    }

    fn word_end(&self, mut at: usize) -> usize {
        while is_word(self.byte(at)) {
            at += 1;
        }
        at
    }

    fn quoted(&self, kind: TokenKind, open: usize) -> (TokenKind, Option<usize>) {
        (kind, quote_end(self.text, open))
    }

    fn text_constant(&self, open: usize) -> (TokenKind, Option<usize>) {
        let end = match self.string_mode {
            StringMode::Standard => quote_end(self.text, open),
            StringMode::Escape => escape_end(self.text, open),
        };
        (TokenKind::Text, end)
    }

    fn dollar(&self, start: usize) -> (TokenKind, Option<usize>) {
        let first = self.byte(start + 1);
        if first.is_ascii_digit() {
            let mut end = start + 1;
            while self.byte(end).is_ascii_digit() {
                end += 1;
            }
            return (TokenKind::Number, Some(end));
        }
        let mut tag_end = start + 1;
        if is_word_start(first) {
            while is_word(self.byte(tag_end)) && self.byte(tag_end) != b'$' {
                tag_end += 1;
            }
        }
        if self.byte(tag_end) != b'$' {
            return (TokenKind::Symbol(b'$'), Some(start + 1));
        }
        let delimiter = &self.text[start..=tag_end];
        let mut at = tag_end + 1;
        while let Some(found) = self.text[at..].find('$') {
            at += found;
            if self.text.as_bytes()[at..].starts_with(delimiter.as_bytes()) {
                return (TokenKind::Text, Some(at + delimiter.len()));
            }
            at += 1;
        }
        (TokenKind::Text, None)
    }

    fn number_end(&self, mut at: usize) -> usize {
        while self.byte(at).is_ascii_digit() {
            at += 1;
        }
        // The server reads `1abc` as one invalid token; `0x1f` and `1_000` are valid ones.
        if is_word_start(self.byte(at)) {
            at = self.word_end(at);
        }
        at
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        self.skip_space();
        let start = self.at;
        if start >= self.text.len() {
            return None;
        }
        let (kind, end) = match (self.byte(start), self.byte(start + 1)) {
            (b'\'', _) => self.text_constant(start),
            (b'"', _) => self.quoted(TokenKind::Quoted, start),
            (b'$', _) => self.dollar(start),
            (b'e' | b'E', b'\'') => (TokenKind::Text, continued_escape_end(self.text, start + 1)),
            (b'b' | b'B' | b'x' | b'X', b'\'') => self.quoted(TokenKind::Text, start + 1),
            (b'n' | b'N', b'\'') => self.text_constant(start + 1),
            (b'u' | b'U', b'&') if self.byte(start + 2) == b'\'' => {
                self.quoted(TokenKind::Text, start + 2)
            }
            (b'u' | b'U', b'&') if self.byte(start + 2) == b'"' => {
                self.quoted(TokenKind::UnicodeQuoted, start + 2)
            }
            (b'0'..=b'9', _) => (TokenKind::Number, Some(self.number_end(start))),
            (first, _) if is_word_start(first) => (TokenKind::Word, Some(self.word_end(start))),
            (symbol, _) => (TokenKind::Symbol(symbol), Some(start + 1)),
        };
        self.at = end.unwrap_or(self.text.len());
        Some(Token {
            kind,
            range: start..self.at,
            closed: end.is_some(),
        })
    }
}

fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_word(byte: u8) -> bool {
    is_word_start(byte) || byte.is_ascii_digit() || byte == b'$'
}

/// Returns the offset of the next line break, or of the end of the text.
fn line_end(text: &str, from: usize) -> usize {
    let end = text[from..].find('\n').map_or(text.len(), |at| from + at);
    // A lone carriage return ends a line too.
    text[from..end].find('\r').map_or(end, |at| from + at)
}

/// Returns the offset of the end of the block comment that begins at `start`, or `None` if it is not closed.
fn comment_end(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 1_usize;
    let mut at = start + 2;
    loop {
        match (bytes.get(at)?, bytes.get(at + 1)) {
            (b'/', Some(b'*')) => {
                depth += 1;
                at += 2;
            }
            (b'*', Some(b'/')) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => at += 1,
        }
    }
}

/// Returns the offset of the end of a quoted text in which only the doubled quote is special.
fn quote_end(text: &str, open: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let quote = bytes[open];
    let mut at = open + 1;
    loop {
        at += text[at..].find(char::from(quote))? + 1;
        if bytes.get(at) != Some(&quote) {
            return Some(at);
        }
        at += 1;
    }
}

/// Returns the offset of the end of a string in which a backslash escapes the next character.
fn escape_end(text: &str, open: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = open + 1;
    loop {
        match bytes.get(at)? {
            b'\\' => at += 2,
            b'\'' if bytes.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// Returns the offset of the end of an `E'…'` string, including the parts that continue it on later lines. They have
/// escapes as the first part has.
fn continued_escape_end(text: &str, open: usize) -> Option<usize> {
    let mut end = escape_end(text, open)?;
    while let Some(next) = continuation(text, end) {
        end = escape_end(text, next)?;
    }
    Some(end)
}

/// Returns the offset of the quote that opens the next part of a string. Such a part begins on a later line, after only
/// white space and `--` comments.
fn continuation(text: &str, mut at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut later_line = false;
    loop {
        match bytes.get(at)? {
            b'\n' | b'\r' => {
                later_line = true;
                at += 1;
            }
            b' ' | b'\t' | 0x0b | 0x0c => at += 1,
            b'-' if bytes.get(at + 1) == Some(&b'-') => at = line_end(text, at),
            b'\'' if later_line => return Some(at),
            _ => return None,
        }
    }
}
