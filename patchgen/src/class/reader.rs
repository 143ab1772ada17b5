use super::name;
use crate::segment::lexer::{TokenKind, Tokens};
use crate::segment::{Strings, Token};

/// Options of a parenthesised list, each with its value.
pub(super) type Options = Vec<(String, Option<String>)>;

/// Reads a statement word by word.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    tokens: Tokens<'a>,
    next: Option<Token>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(statement: &'a str, strings: Strings) -> Self {
        let mut tokens = Tokens::new(statement, strings);
        let next = tokens.next();
        Self { tokens, next }
    }

    /// The next token's text.
    fn text(&self) -> &'a str {
        self.next
            .as_ref()
            .map_or("", |token| &self.tokens.text()[token.range.clone()])
    }

    pub(super) fn advance(&mut self) {
        self.next = self.tokens.next();
    }

    pub(super) fn at_end(&self) -> bool {
        self.next.is_none()
    }

    /// The next token, if it is a word, in lower case.
    pub(super) fn word(&self) -> Option<String> {
        let token = self.next.as_ref()?;
        (token.kind == TokenKind::Word).then(|| self.text().to_ascii_lowercase())
    }

    /// Whether the next token is this keyword.
    pub(super) fn sees(&self, keyword: &str) -> bool {
        self.next
            .as_ref()
            .is_some_and(|token| token.kind == TokenKind::Word)
            && self.text().eq_ignore_ascii_case(keyword)
    }

    /// Steps over this keyword, if it is the next token.
    pub(super) fn accept(&mut self, keyword: &str) -> bool {
        let seen = self.sees(keyword);
        if seen {
            self.advance();
        }
        seen
    }

    pub(super) fn accept_any(&mut self, keywords: &[&str]) -> bool {
        keywords.iter().any(|keyword| self.accept(keyword))
    }

    pub(super) fn accept_symbol(&mut self, symbol: u8) -> bool {
        let seen = self.sees_symbol(symbol);
        if seen {
            self.advance();
        }
        seen
    }

    pub(super) fn sees_symbol(&self, symbol: u8) -> bool {
        self.next
            .as_ref()
            .is_some_and(|token| token.kind == TokenKind::Symbol(symbol))
    }

    /// Steps behind the first occurrence of a keyword outside parentheses.
    pub(super) fn skip_past(&mut self, keyword: &str) -> bool {
        let mut depth = 0_usize;
        while let Some(token) = &self.next {
            match token.kind {
                TokenKind::Symbol(b'(') => depth += 1,
                TokenKind::Symbol(b')') => depth = depth.saturating_sub(1),
                TokenKind::Word if depth == 0 && self.sees(keyword) => {
                    self.advance();
                    return true;
                }
                _ => {}
            }
            self.advance();
        }
        false
    }

    /// Steps over `IF EXISTS` or `IF NOT EXISTS`.
    pub(super) fn accept_condition(&mut self) -> bool {
        self.accept("if") && {
            self.accept("not");
            self.accept("exists")
        }
    }

    /// An identifier, as the server keeps it.
    pub(super) fn name(&mut self) -> Option<String> {
        let token = self.next.clone()?;
        let text = self.text();
        let name = match token.kind {
            TokenKind::Word => name::folded(text),
            TokenKind::Quoted => name::quoted(text),
            TokenKind::UnicodeQuoted => {
                self.advance();
                let escape = if self.accept("uescape") {
                    let escape = self.text();
                    self.advance();
                    escape.chars().nth(1)?
                } else {
                    '\\'
                };
                return name::unicode(text, escape);
            }
            _ => return None,
        };
        self.advance();
        Some(name)
    }

    /// A name with the schema that qualifies it, if any; a database in front of that is dropped.
    pub(super) fn qualified(&mut self) -> (Option<String>, Option<String>) {
        let mut schema = None;
        let mut object = self.name();
        while object.is_some() && self.accept_symbol(b'.') {
            schema = object;
            object = self.name();
        }
        (schema, object)
    }

    /// The options in a parenthesised list; steps behind it.
    pub(super) fn options(&mut self) -> Options {
        let mut options = Vec::new();
        if !self.accept_symbol(b'(') {
            return options;
        }
        while let Some(option) = self.name() {
            self.accept_symbol(b'=');
            let has_value = !self.at_end() && !self.sees_symbol(b',') && !self.sees_symbol(b')');
            let value = has_value.then(|| {
                let value = self.text().trim_matches('\'').to_ascii_lowercase();
                self.advance();
                value
            });
            options.push((option, value));
            while !self.at_end() && !self.sees_symbol(b',') && !self.sees_symbol(b')') {
                self.advance();
            }
            if !self.accept_symbol(b',') {
                break;
            }
        }
        self.accept_symbol(b')');
        options
    }

    /// The value of a setting: a word, a number or a string.
    pub(super) fn value(&self) -> String {
        self.text().trim_matches('\'').to_ascii_lowercase()
    }
}

/// Whether the named option is on; given without a value, it is.
pub(super) fn option(options: &Options, name: &str) -> Option<bool> {
    let (_, value) = options.iter().rev().find(|(option, _)| option == name)?;
    Some(
        value
            .as_deref()
            .is_none_or(|value| boolean(value) != Some(false)),
    )
}

/// Reads a truth value as the server does: any unambiguous beginning of the words will do.
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
