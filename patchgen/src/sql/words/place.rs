//! Places of what a reader skips.

use super::Reader;
use crate::sql::lexer::{Token, TokenKind};
use patchgen_model::Span;

impl Reader<'_> {
    /// Returns the place of the next token.
    pub(in crate::sql) fn place(&self) -> Option<Span> {
        self.next.as_ref().map(Token::span)
    }

    /// Returns the empty place right behind the last token that was skipped.
    pub(in crate::sql) fn end(&self) -> Span {
        let end = self.last.as_ref().map_or(0, |last| last.span().end);
        Span { start: end, end }
    }

    /// Reads a name and returns it with its place. A name that a psql variable gives, or a part of it, is not known.
    pub(in crate::sql) fn placed_name(&mut self) -> (Option<String>, Option<Span>) {
        if let Some(place) = self.name_with_variables() {
            return (None, Some(place));
        }
        let Some(start) = self.place().map(|place| place.start) else {
            return (None, None);
        };
        let mut after = self.clone();
        let name = after.name();
        if after.end() == self.end() {
            return (None, None);
        }
        *self = after;
        let end = self.end().end;
        (name, Some(Span { start, end }))
    }

    /// Skips words that follow each other without a space if there is a psql variable among them, and returns their place.
    fn name_with_variables(&mut self) -> Option<Span> {
        let mut after = self.clone();
        let mut found = false;
        let mut place: Option<Span> = None;
        while let Some(token) = &after.next {
            let is_part = !matches!(token.kind, TokenKind::Symbol(_) | TokenKind::Text);
            let span = token.span();
            if !is_part || place.is_some_and(|place| place.end != span.start) {
                break;
            }
            found |= token.kind == TokenKind::Variable;
            let start = place.map_or(span.start, |place| place.start);
            place = Some(Span { start, ..span });
            after.advance();
        }
        place.filter(|_| found).inspect(|_| *self = after)
    }

    /// Skips the value of an option, with its sign, and returns its place.
    pub(in crate::sql) fn placed_value(&mut self) -> Option<Span> {
        let start = self.place()?.start;
        if !self.accept_symbol(b'-') {
            self.accept_symbol(b'+');
        }
        if self.at_statement_end() {
            return None;
        }
        if self.name_with_variables().is_none() {
            self.advance();
        }
        let end = self.end().end;
        Some(Span { start, end })
    }
}
