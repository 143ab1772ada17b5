//! Values and names as they stand in SQL text.

/// A string literal, in whatever setting of `standard_conforming_strings`.
pub(crate) fn literal(value: &str) -> String {
    postgres_protocol::escape::escape_literal(value)
        .trim_start()
        .to_owned()
}

/// An identifier, always in quotes.
pub(crate) fn identifier(name: &str) -> String {
    postgres_protocol::escape::escape_identifier(name)
}

/// A literal, or NULL for nothing.
pub(crate) fn optional(value: Option<&str>) -> String {
    value.map_or_else(|| "NULL".to_owned(), literal)
}
