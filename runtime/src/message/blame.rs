//! Blame: the place in a patch to which an error of the server refers.
//!
//! The server reports it as a position in the message, a position in a query within a function, a line of the
//! body of a `DO` statement, or a line of COPY data.

use patchgen_model::{byte_of_character, line_start};
use tokio_postgres::error::{DbError, ErrorPosition};

/// A place in one of the patches of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Blame {
    /// Number of the patch within the message.
    pub(crate) patch: usize,
    /// Byte of its text.
    pub(crate) offset: usize,
}

/// The byte of a statement to which an error within a function or a `DO` body refers; `body` is the byte at which the body
/// begins.
pub(super) fn within_statement(
    server: &DbError,
    statement: &str,
    body: Option<usize>,
) -> Option<usize> {
    if let Some(ErrorPosition::Internal { position, query }) = server.position() {
        let start = statement.find(query.as_str())?;
        return Some(start + byte_of_character(query, *position as usize));
    }
    // The last line is the outermost one: the call that the patch's own statement made.
    let outermost = server
        .where_()?
        .lines()
        .rfind(|line| line.contains("inline_code_block line "))?;
    let line = number_after(outermost, "inline_code_block line ")?;
    let body = body?;
    let start = body + line_start(&statement[body..], line)?;
    let indent = statement[start..].len() - statement[start..].trim_start().len();
    Some(start + indent)
}

/// The byte of a COPY's data to which an error refers: of the column's value if the server names it, else of the line.
pub(super) fn within_copy(server: &DbError, data: &str) -> Option<usize> {
    let context = server
        .where_()?
        .lines()
        .rfind(|line| line.starts_with("COPY "))?;
    let line = number_after(context, ", line ")?;
    let start = line_start(data, line)?;
    let end = data[start..]
        .find('\n')
        .map_or(data.len(), |end| start + end);
    let value = context.split_once(", column ").and_then(|(_, column)| {
        let (_, value) = column.split_once(": \"")?;
        value.strip_suffix('"')
    });
    let within = value
        .filter(|value| !value.is_empty())
        .and_then(|value| data[start..end].find(value));
    Some(start + within.unwrap_or(0))
}

fn number_after(text: &str, marker: &str) -> Option<usize> {
    let (_, rest) = text.split_once(marker)?;
    let end = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_after_a_marker() {
        assert_eq!(
            number_after("COPY t, line 12, column a: \"x\"", ", line "),
            Some(12)
        );
        assert_eq!(number_after("COPY t, line 3", ", line "), Some(3));
        assert_eq!(number_after("something else", ", line "), None);
    }
}
