//! Values and names as SQL text.

/// A string literal, valid under any setting of `standard_conforming_strings`.
pub(crate) fn literal(value: &str) -> String {
    postgres_protocol::escape::escape_literal(value)
        .trim_start()
        .to_owned()
}

/// String literals, separated by commas.
pub(crate) fn literals<'v>(values: impl IntoIterator<Item = &'v str>) -> String {
    let literals: Vec<String> = values.into_iter().map(literal).collect();
    literals.join(", ")
}

/// An identifier, always in quotes.
pub(crate) fn identifier(name: &str) -> String {
    postgres_protocol::escape::escape_identifier(name)
}

/// A literal, or `NULL` for `None`.
pub(crate) fn optional(value: Option<&str>) -> String {
    value.map_or_else(|| "NULL".to_owned(), literal)
}

/// The name that an identifier stands for: without its quotes, or folded to lower case as PostgreSQL does in UTF-8, where
/// only ASCII letters change.
pub(crate) fn unquoted(identifier: &str) -> String {
    let inner = identifier
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    match inner {
        Some(inner) => inner.replace("\"\"", "\""),
        None => identifier.to_ascii_lowercase(),
    }
}

/// Folds the lines of a statement into one, outside of quotes: statements are laid out in lines here and sent in few bytes.
pub(crate) fn one_line(statement: &str) -> String {
    let mut line = String::with_capacity(statement.len());
    let mut quote = None;
    for c in statement.trim().chars() {
        if quote.is_none() && c.is_whitespace() {
            if !line.ends_with(' ') {
                line.push(' ');
            }
            continue;
        }
        // A doubled quote closes the text and opens it again.
        if quote == Some(c) {
            quote = None;
        } else if quote.is_none() && matches!(c, '\'' | '"') {
            quote = Some(c);
        }
        line.push(c);
    }
    line
}

/// Formats a statement of the runtime's own that is laid out in lines.
macro_rules! sql {
    ($($argument:tt)*) => {
        $crate::server::quote::one_line(&format!($($argument)*))
    };
}
pub(crate) use sql;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_outside_of_quotes() {
        let value = literal("two  spaces, it's\na line");
        let statement = sql!(
            "
            SELECT {value},
                {}
            ",
            identifier("a  \"b\"  c")
        );
        assert_eq!(
            statement,
            "SELECT 'two  spaces, it''s\na line', \"a  \"\"b\"\"  c\""
        );
    }

    #[test]
    fn names_are_read_back_from_identifiers() {
        for name in ["app", "App", "it's", "a\"b", "\"", "ÅÄÖ"] {
            assert_eq!(unquoted(&identifier(name)), name);
        }
        assert_eq!(unquoted("HundÅ"), "hundÅ");
    }
}
