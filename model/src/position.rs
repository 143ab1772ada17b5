/// Place in a text, as an editor shows it.
///
/// ```
/// use patchgen_model::Position;
///
/// let text = "select 1;\nselect 'Äpfel', ö;\n";
/// let place = Position::of(text, text.find('ö').expect("is there"));
/// assert_eq!(place, Position { line: 2, column: 17 });
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Position {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
}

impl Position {
    /// Returns the place of a byte of a text.
    ///
    /// A byte behind the end of the text stands for its end, and a byte within a character for that character.
    #[must_use]
    pub fn of(text: &str, byte: usize) -> Self {
        let before = &text[..text.floor_char_boundary(byte)];
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: newlines(&before[..start]) + 1,
            column: before[start..].chars().count() + 1,
        }
    }
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

/// Returns the byte at which a line (counted from 1) of a text begins, or `None` if the text has no such line.
///
/// Behind a last newline there is another line, which is empty.
///
/// ```
/// use patchgen_model::line_start;
///
/// assert_eq!(line_start("one\ntwo\n", 2), Some(4));
/// assert_eq!(line_start("one\ntwo\n", 4), None);
/// ```
#[must_use]
pub fn line_start(text: &str, line: usize) -> Option<usize> {
    match line {
        0 => None,
        1 => Some(0),
        _ => {
            let (newline, _) = text.match_indices('\n').nth(line - 2)?;
            Some(newline + 1)
        }
    }
}

/// Returns the byte at which a character (counted from 1, as PostgreSQL does) of a text begins, or the length of the text
/// if it has fewer characters.
///
/// ```
/// use patchgen_model::byte_of_character;
///
/// assert_eq!(byte_of_character("aÄb", 3), 3);
/// assert_eq!(byte_of_character("aÄb", 9), 4);
/// ```
#[must_use]
pub fn byte_of_character(text: &str, character: usize) -> usize {
    text.char_indices()
        .nth(character.saturating_sub(1))
        .map_or(text.len(), |(byte, _)| byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_has_a_line_and_a_column() {
        let text = "ab\n\nÄö\tx\r\n";
        for (byte, line, column) in [
            (0, 1, 1),
            (1, 1, 2),
            (2, 1, 3),
            (3, 2, 1),
            (4, 3, 1),
            (5, 3, 1),
            (6, 3, 2),
            (7, 3, 2),
            (8, 3, 3),
            (9, 3, 4),
            (10, 3, 5),
            (11, 3, 6),
            (12, 4, 1),
            (13, 4, 1),
            (usize::MAX, 4, 1),
        ] {
            assert_eq!(
                Position::of(text, byte),
                Position { line, column },
                "{byte}"
            );
        }
        assert_eq!(Position::of("", 7), Position { line: 1, column: 1 });
        assert_eq!(Position::of("€", 2), Position { line: 1, column: 1 });
    }

    #[test]
    fn a_line_begins_at_a_byte() {
        for (text, line, expected) in [
            ("", 0, None),
            ("", 1, Some(0)),
            ("", 2, None),
            ("Ä", 2, None),
            ("Ä\n", 2, Some(3)),
            ("Ä\n", 3, None),
            ("\n\nx", 2, Some(1)),
            ("\n\nx", 3, Some(2)),
            ("\n\nx", 4, None),
            ("\n\nx", usize::MAX, None),
        ] {
            assert_eq!(line_start(text, line), expected, "{text:?} {line}");
        }
    }

    #[test]
    fn a_line_begins_where_its_first_column_is() {
        let text = "ab\n\nÄö\tx\r\n";
        for line in 1..=4 {
            let start = line_start(text, line).unwrap();
            assert_eq!(Position::of(text, start), Position { line, column: 1 });
        }
    }

    #[test]
    fn a_character_begins_at_a_byte() {
        for (text, character, expected) in [
            ("aÄ€𝄞b", 0, 0),
            ("aÄ€𝄞b", 1, 0),
            ("aÄ€𝄞b", 2, 1),
            ("aÄ€𝄞b", 3, 3),
            ("aÄ€𝄞b", 4, 6),
            ("aÄ€𝄞b", 5, 10),
            ("aÄ€𝄞b", 6, 11),
            ("aÄ€𝄞b", usize::MAX, 11),
            ("", 1, 0),
        ] {
            assert_eq!(
                byte_of_character(text, character),
                expected,
                "{text} {character}"
            );
        }
    }
}
