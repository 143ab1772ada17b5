use super::identifier;
use super::lexer::{StringMode, Token, TokenKind, Tokens};

/// Options of a parenthesised list, each with its value.
pub(super) type Options = Vec<(String, Option<String>)>;

/// Reader of a statement, word by word.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    tokens: Tokens<'a>,
    next: Option<Token>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(statement: &'a str, string_mode: StringMode) -> Self {
        let mut tokens = Tokens::new(statement, string_mode);
        let next = tokens.next();
        Self { tokens, next }
    }

    /// Returns the next token as written.
    fn text(&self) -> &'a str {
        self.next
            .as_ref()
            .map_or("", |token| &self.tokens.text()[token.range.clone()])
    }

    /// Skips the next token.
    pub(super) fn advance(&mut self) {
        self.next = self.tokens.next();
    }

    /// Returns `true` if no token is left.
    pub(super) fn at_end(&self) -> bool {
        self.next.is_none()
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
