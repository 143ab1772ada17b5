//! What an error of the server says of its place besides a position: lines of COPY data, and queries within functions.

use crate::position::byte_of_character;
use tokio_postgres::error::{DbError, ErrorPosition};

/// The byte of a text that an error within a function or a DO block points at.
///
/// The server gives the inner query and the position in it, or the line in the body of a DO block.
pub(crate) fn within_body(server: &DbError, text: &str) -> Option<usize> {
    if let Some(ErrorPosition::Internal { position, query }) = server.position() {
        let start = text.find(query.as_str())?;
        return Some(start + byte_of_character(query, *position as usize));
    }
    let context = server.where_()?;
    // The last line is the outermost: what the patch's own statement ran.
    let outermost = context
        .lines()
        .rfind(|line| line.contains("inline_code_block line "))?;
    let line: usize = number_after(outermost, "inline_code_block line ")?;
    let body = body_of_do(text)?;
    let start = start_of_line(&text[body..], line)?;
    let indent = text[body + start..].len() - text[body + start..].trim_start().len();
    Some(body + start + indent)
}

/// The byte behind the dollar quote that opens the body of a DO statement.
fn body_of_do(text: &str) -> Option<usize> {
    let open = text.find('$')?;
    let close = text[open + 1..].find('$')?;
    Some(open + close + 2)
}

/// The byte of a COPY's data that an error points at: the column's value if it is named, else the line.
pub(crate) fn within_copy(server: &DbError, data: &str) -> Option<usize> {
    let context = server
        .where_()?
        .lines()
        .rfind(|line| line.starts_with("COPY "))?;
    let line = number_after(context, ", line ")?;
    let start = start_of_line(data, line)?;
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

/// The byte at which a line begins, counted from 1.
fn start_of_line(text: &str, line: usize) -> Option<usize> {
    let mut starts =
        std::iter::once(0).chain(text.match_indices('\n').map(|(newline, _)| newline + 1));
    starts.nth(line.checked_sub(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_numbers_are_found() {
        assert_eq!(
            number_after("COPY t, line 12, column a: \"x\"", ", line "),
            Some(12)
        );
        assert_eq!(number_after("COPY t, line 3", ", line "), Some(3));
        assert_eq!(number_after("something else", ", line "), None);
        assert_eq!(start_of_line("a\nbc\n", 2), Some(2));
        assert_eq!(start_of_line("a", 2), None);
        assert_eq!(body_of_do("DO $x$\nBEGIN"), Some(6));
    }
}
