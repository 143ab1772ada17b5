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
        let mut cursor = Cursor::START;
        cursor.advance(text, offset);
        let start = text[..offset].rfind('\n').map_or(0, |end| end + 1);
        let rest = &text[offset..];
        let end = rest.find('\n').unwrap_or(rest.len());
        Self {
            line: cursor.line,
            column: cursor.column,
            excerpt: text[start..offset + end].to_owned(),
        }
    }
}

/// Returns the line and column of a byte, both counted from 1, the column in characters.
///
/// ```
/// assert_eq!(patchgen::line_and_column("select 1;\nselect 'ä', x", 22), (2, 12));
/// ```
///
/// # Panics
/// If the offset is not a character boundary of the text.
#[must_use]
pub fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let mut cursor = Cursor::START;
    cursor.advance(text, offset);
    (cursor.line, cursor.column)
}

/// Place that moves forward through a text and counts lines and columns on its way.
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
