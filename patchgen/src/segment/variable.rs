use super::token::{Strings, TokenKind, Tokens};
use patchgen_model::{Quoting, Span, Variable};

/// The references to psql variables in a statement: `:name`, `:'name'`, `:"name"`, with spans relative to the statement.
///
/// As in psql, nothing is a reference within quotes, comments and dollar quotes. A cast (`::`), `:=` and a slice without a
/// name (`a[1:2]`) are none; `a[1:n]` is one, and is replaced only where `n` is set.
///
/// ```
/// use patchgen::segment::{Strings, variables};
///
/// let found = variables("create role :\"name\" password :'secret' -- :no", Strings::Standard);
/// assert_eq!(found.len(), 2);
/// ```
#[must_use]
pub fn variables(statement: &str, strings: Strings) -> Vec<Variable> {
    let mut found = Vec::new();
    if !statement.contains(':') {
        return found;
    }
    let mut tokens = Tokens::new(statement, strings);
    while let Some(token) = tokens.next() {
        if token.kind != TokenKind::Symbol(b':') {
            continue;
        }
        let start = token.range.start;
        let behind = start + 1;
        let (quoting, open) = match statement.as_bytes().get(behind) {
            Some(b':' | b'=') => {
                tokens.seek(behind + 1);
                continue;
            }
            Some(b'\'') => (Quoting::Literal, behind + 1),
            Some(b'"') => (Quoting::Identifier, behind + 1),
            _ => (Quoting::Plain, behind),
        };
        let name = name_end(statement, open);
        let end = match quoting {
            Quoting::Plain => name,
            _ if statement.as_bytes().get(name) == statement.as_bytes().get(behind) => name + 1,
            _ => continue,
        };
        if name == open {
            continue;
        }
        if let (Ok(from), Ok(to)) = (u32::try_from(start), u32::try_from(end)) {
            found.push(Variable {
                span: Span {
                    start: from,
                    end: to,
                },
                quoting,
            });
        }
        tokens.seek(end);
    }
    found
}

/// A variable's name may begin with a digit, but then `a[1:2]` would be a reference: psql takes it for one where `2` is set, which nobody does.
fn name_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    if bytes.get(start).is_some_and(u8::is_ascii_digit) {
        return start;
    }
    let mut at = start;
    while bytes
        .get(at)
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80)
    {
        at += 1;
    }
    at
}
