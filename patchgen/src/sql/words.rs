mod constant;
mod place;
mod string;

use super::identifier;
use super::lexer::{StringMode, Token, TokenKind, Tokens};
use patchgen_model::Variable;

/// Options of a parenthesised list, each with its value.
pub(super) type Options = Vec<(String, Option<String>)>;

/// Reader of a statement, word by word.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    tokens: Tokens<'a>,
    /// References to psql variables, in order.
    variables: &'a [Variable],
    next: Option<Token>,
    /// Last token that was skipped.
    last: Option<Token>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(statement: &'a str, string_mode: StringMode) -> Self {
        Self::with_variables(statement, string_mode, &[])
    }

    /// Returns a reader for which a reference to a psql variable is one token.
    pub(super) fn with_variables(
        statement: &'a str,
        string_mode: StringMode,
        variables: &'a [Variable],
    ) -> Self {
        let mut reader = Self {
            tokens: Tokens::new(statement, string_mode),
            variables,
            next: None,
            last: None,
        };
        reader.advance();
        reader
    }

    pub(super) fn string_mode(&self) -> StringMode {
        self.tokens.string_mode()
    }

    /// Returns the next token as written.
    fn text(&self) -> &'a str {
        self.next
            .as_ref()
            .map_or("", |token| &self.tokens.text()[token.range.clone()])
    }

    /// Skips the next token.
    pub(super) fn advance(&mut self) {
        let mut next = self.tokens.next();
        if let Some(token) = &mut next
            && token.kind == TokenKind::Symbol(b':')
        {
            let start = token.span().start;
            let found = |variable: &Variable| variable.span.start.cmp(&start);
            if let Ok(at) = self.variables.binary_search_by(found) {
                token.kind = TokenKind::Variable;
                token.range.end = self.variables[at].span.end as usize;
                self.tokens.seek(token.range.end);
            }
        }
        self.last = std::mem::replace(&mut self.next, next);
    }

    /// Returns `true` if no token is left.
    pub(super) fn at_end(&self) -> bool {
        self.next.is_none()
    }

    /// Returns `true` if no token is left but a semicolon.
    pub(super) fn at_statement_end(&self) -> bool {
        self.at_end() || self.is_at_symbol(b';')
    }

    /// Returns the next token in lower case if it is a word.
    pub(super) fn word(&self) -> Option<String> {
        let token = self.next.as_ref()?;
        (token.kind == TokenKind::Word).then(|| self.text().to_ascii_lowercase())
    }

    /// Returns `true` if the next token is the keyword.
    pub(super) fn is_at(&self, keyword: &str) -> bool {
        self.next
            .as_ref()
            .is_some_and(|token| token.kind == TokenKind::Word)
            && self.text().eq_ignore_ascii_case(keyword)
    }

    /// Skips the keyword if it is the next token. Returns `true` if it was.
    pub(super) fn accept(&mut self, keyword: &str) -> bool {
        let found = self.is_at(keyword);
        if found {
            self.advance();
        }
        found
    }

    /// Skips the next token if it is one of the keywords. Returns `true` if it was.
    pub(super) fn accept_any(&mut self, keywords: &[&str]) -> bool {
        keywords.iter().any(|keyword| self.accept(keyword))
    }

    /// Skips the symbol if it is the next token. Returns `true` if it was.
    pub(super) fn accept_symbol(&mut self, symbol: u8) -> bool {
        let found = self.is_at_symbol(symbol);
        if found {
            self.advance();
        }
        found
    }

    /// Returns `true` if the next token is the symbol.
    pub(super) fn is_at_symbol(&self, symbol: u8) -> bool {
        self.next
            .as_ref()
            .is_some_and(|token| token.kind == TokenKind::Symbol(symbol))
    }

    /// Skips everything through the first occurrence of the keyword outside parentheses. Returns `false` if there is none.
    pub(super) fn skip_past(&mut self, keyword: &str) -> bool {
        let mut depth = 0_usize;
        while let Some(token) = &self.next {
            match token.kind {
                TokenKind::Symbol(b'(') => depth += 1,
                TokenKind::Symbol(b')') => depth = depth.saturating_sub(1),
                TokenKind::Word if depth == 0 && self.is_at(keyword) => {
                    self.advance();
                    return true;
                }
                _ => {}
            }
            self.advance();
        }
        false
    }

    /// Skips `IF EXISTS` or `IF NOT EXISTS`. Returns `true` if it was there.
    pub(super) fn accept_condition(&mut self) -> bool {
        self.accept("if") && {
            self.accept("not");
            self.accept("exists")
        }
    }

    /// Reads an identifier and returns it as the server stores it.
    pub(super) fn name(&mut self) -> Option<String> {
        let token = self.next.clone()?;
        let text = self.text();
        let name = match token.kind {
            TokenKind::Word => identifier::folded(text),
            TokenKind::Quoted => identifier::quoted(text),
            TokenKind::UnicodeQuoted => {
                self.advance();
                let escape = if self.accept("uescape") {
                    let escape = self.text();
                    self.advance();
                    escape.chars().nth(1)?
                } else {
                    '\\'
                };
                return identifier::unicode(text, escape);
            }
            _ => return None,
        };
        self.advance();
        Some(name)
    }

    /// Reads a name and returns the schema that qualifies it, if any, and the name. A database before the schema is left out.
    pub(super) fn qualified(&mut self) -> (Option<String>, Option<String>) {
        let mut schema = None;
        let mut object = self.name();
        while object.is_some() && self.accept_symbol(b'.') {
            schema = object;
            object = self.name();
        }
        (schema, object)
    }

    /// Reads the options of a parenthesised list.
    pub(super) fn options(&mut self) -> Options {
        let mut options = Vec::new();
        if !self.accept_symbol(b'(') {
            return options;
        }
        while let Some(option) = self.name() {
            self.accept_symbol(b'=');
            let has_value = !self.at_end() && !self.is_at_symbol(b',') && !self.is_at_symbol(b')');
            let value = has_value.then(|| {
                let value = self.text().trim_matches('\'').to_ascii_lowercase();
                self.advance();
                value
            });
            options.push((option, value));
            while !self.at_end() && !self.is_at_symbol(b',') && !self.is_at_symbol(b')') {
                self.advance();
            }
            if !self.accept_symbol(b',') {
                break;
            }
        }
        self.accept_symbol(b')');
        options
    }

    /// Returns the next token as the value of a setting: a word, a number or a string without its quotes.
    pub(super) fn value(&self) -> String {
        self.text().trim_matches('\'').to_ascii_lowercase()
    }
}

/// Returns the value of a boolean option, or `None` if it is not given. An option without a value is on.
pub(super) fn option(options: &Options, name: &str) -> Option<bool> {
    let (_, value) = options.iter().rev().find(|(option, _)| option == name)?;
    Some(
        value
            .as_deref()
            .is_none_or(|value| boolean(value) != Some(false)),
    )
}

/// Reads a boolean value as the server does: any unambiguous prefix of the words is accepted.
pub(super) fn boolean(value: &str) -> Option<bool> {
    let begins = |word: &str| !value.is_empty() && word.starts_with(value);
    match value {
        "o" => None,
        "on" | "1" => Some(true),
        "0" => Some(false),
        _ if begins("true") || begins("yes") => Some(true),
        _ if begins("false") || begins("no") || begins("off") => Some(false),
        _ => None,
    }
}
