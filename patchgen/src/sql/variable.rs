use super::lexer::{StringMode, TokenKind, Tokens};
use patchgen_model::{Quoting, Span, Variable};

/// Returns the references to psql variables in a statement: `:name`, `:'name'`, `:"name"`. Spans are relative to the statement.
///
/// As in psql, there are no references within quotes, comments and dollar quotes. A cast (`::`), `:=` and a slice without a
/// name (`a[1:2]`) are not references; `a[1:n]` is one, which is replaced only if `n` is set.
///
/// ```
/// use patchgen::sql::{StringMode, variables};
///
/// let found = variables("create role :\"name\" password :'secret' -- :no", StringMode::Standard);
/// assert_eq!(found.len(), 2);
/// ```
#[must_use]
pub fn variables(statement: &str, string_mode: StringMode) -> Vec<Variable> {
    let mut found = Vec::new();
    if !statement.contains(':') {
        return found;
    }
    let mut tokens = Tokens::new(statement, string_mode);
    while let Some(token) = tokens.next() {
        if token.kind != TokenKind::Symbol(b':') {
            continue;
        }
        let start = token.range.start;
        let quote = start + 1;
        let (quoting, open) = match statement.as_bytes().get(quote) {
            Some(b':' | b'=') => {
                tokens.seek(quote + 1);
                continue;
            }
            Some(b'\'') => (Quoting::Literal, quote + 1),
            Some(b'"') => (Quoting::Identifier, quote + 1),
            _ => (Quoting::Plain, quote),
        };
        let name = name_end(statement, open);
        let end = match quoting {
            Quoting::Plain => name,
            _ if statement.as_bytes().get(name) == statement.as_bytes().get(quote) => name + 1,
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

/// Returns the offset of the end of the name of a variable.
///
/// psql also accepts names that begin with a digit, and would read `a[1:2]` as a reference if a variable `2` were set. Here a
/// name does not begin with a digit.
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
