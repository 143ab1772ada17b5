use patchgen_model::line_start;

/// Position in a file, together with the line that it is in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Position {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// Text of the line.
    pub excerpt: String,
}

impl Position {
    /// Returns the position of a byte.
    pub(crate) fn of(text: &str, offset: usize) -> Self {
        let patchgen_model::Position { line, column } = patchgen_model::Position::of(text, offset);
        let start = line_start(text, line).unwrap_or_default();
        let (excerpt, _) = text[start..]
            .split_once('\n')
            .unwrap_or((&text[start..], ""));
        Self {
            line,
            column,
            excerpt: excerpt.to_owned(),
        }
    }
}

/// Place that moves forward through a text and counts lines and columns on its way, as [`patchgen_model::Position`] does.
///
/// With it, the time for all pieces of a text grows linearly with the length of the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor {
    pub(crate) offset: usize,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Cursor {
    /// Beginning of a text.
    pub(crate) const START: Self = Self {
        offset: 0,
        line: 1,
        column: 1,
    };

    /// Moves to a later offset of the text.
    ///
    /// It uses functions that the standard library has compiled with optimisation, because build scripts are built without.
    pub(crate) fn advance(&mut self, text: &str, offset: usize) {
        let mut rest = &text[self.offset..offset];
        while let Some(at) = rest.find('\n') {
            self.line += 1;
            self.column = 1;
            rest = &rest[at + 1..];
        }
        self.column += rest.chars().count();
        self.offset = offset;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_counts_as_positions_do() {
        let text = "ab\n\nÄö\tx\r\n\u{feff}c\re\u{301}🐶\n";
        let offsets = (0..=text.len()).filter(|offset| text.is_char_boundary(*offset));
        for step in 1..4 {
            let mut cursor = Cursor::START;
            for offset in offsets.clone().step_by(step) {
                cursor.advance(text, offset);
                let Cursor { line, column, .. } = cursor;
                let expected = patchgen_model::Position::of(text, offset);
                assert_eq!(
                    patchgen_model::Position { line, column },
                    expected,
                    "{offset}"
                );
            }
        }
    }

    #[test]
    fn an_excerpt_is_a_whole_line() {
        let text = "ab\nÄö\n\nlast";
        for (offset, excerpt) in [
            (0, "ab"),
            (2, "ab"),
            (3, "Äö"),
            (5, "Äö"),
            (7, "Äö"),
            (8, ""),
            (9, "last"),
            (13, "last"),
        ] {
            assert_eq!(Position::of(text, offset).excerpt, excerpt, "{offset}");
        }
        assert_eq!(Position::of("", 0).excerpt, "");
    }
}
