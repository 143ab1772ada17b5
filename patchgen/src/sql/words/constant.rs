use super::Reader;
use crate::sql::lexer::{StringMode, TokenKind};
use patchgen_model::Span;
use std::borrow::Cow;

/// String constant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::sql) struct Constant<'a> {
    /// Place of what is between the quotes.
    pub(in crate::sql) inner: Span,
    /// Value of the constant, or `None` if it has escapes or continues on another line.
    pub(in crate::sql) value: Option<Cow<'a, str>>,
}

impl<'a> Reader<'a> {
    /// Reads a string constant with all its parts. Returns `None` if the next token is none or has no end.
    pub(in crate::sql) fn constant(&mut self) -> Option<Constant<'a>> {
        let token = self.next.clone()?;
        let text = self.text();
        if token.kind != TokenKind::Text || !token.closed {
            return None;
        }
        let quote = text.find(['\'', '$'])?;
        let (open, close, mut value) = match (&text[..quote], text.as_bytes()[quote]) {
            ("", b'$') => {
                let delimiter = text[1..].find('$')? + 2;
                let inner = &text[delimiter..text.len() - delimiter];
                let len = u32::try_from(delimiter).ok()?;
                (len, len, Some(Cow::Borrowed(inner)))
            }
            ("", _) => {
                let escapes = self.tokens.string_mode() == StringMode::Escape;
                (1, 1, plain(&text[1..text.len() - 1], escapes))
            }
            ("e" | "E", _) => (2, 1, plain(&text[2..text.len() - 1], true)),
            ("u&" | "U&", _) => (3, 1, None),
            // The server has no string constants in bits or in a national character set here.
            _ => return None,
        };
        self.advance();
        let mut inner = token.span();
        inner.start += open;
        inner.end -= close;
        while self.is_at_next_part()
            && let Some(part) = self.next.clone()
            && part.kind == TokenKind::Text
            && part.closed
            && self.text().starts_with('\'')
            && !text.starts_with('$')
        {
            inner.end = part.span().end - 1;
            value = None;
            self.advance();
        }
        if text.starts_with(['u', 'U']) && self.accept("uescape") {
            self.advance();
        }
        Some(Constant { inner, value })
    }

    /// Returns `true` if the next token, if it is a string, continues the last one. Such a part begins on a later line.
    pub(super) fn is_at_next_part(&self) -> bool {
        let end = self.end().end as usize;
        let start = self.place().map_or(end, |place| place.start as usize);
        self.tokens.text()[end..start].contains(['\n', '\r'])
    }
}

/// Returns the value of a string constant from what is between its quotes, or `None` if it has escapes, or more than one part.
fn plain(inner: &str, escapes: bool) -> Option<Cow<'_, str>> {
    if escapes && inner.contains('\\') || inner.replace("''", "").contains('\'') {
        return None;
    }
    Some(match inner.contains('\'') {
        true => Cow::Owned(inner.replace("''", "'")),
        false => Cow::Borrowed(inner),
    })
}
