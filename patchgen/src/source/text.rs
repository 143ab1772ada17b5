//! Bytes of a file as normalised text.

use crate::diagnostic::{Diagnostic, Position};

/// Error for bytes that cannot be the text of a patch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct TextError {
    pub(super) message: String,
    pub(super) help: &'static str,
    pub(super) position: Option<Position>,
}

impl TextError {
    /// Returns the finding about a file with this text.
    pub(crate) fn diagnostic(self, file: &str) -> Diagnostic {
        let fault = Diagnostic::error("encoding", self.message).help(self.help);
        match self.position {
            Some(position) => fault.at(file, position),
            None => fault.in_file(file),
        }
    }
}

/// Decodes UTF-8, removes the byte order mark and ends all lines with LF, so that a checkout on another system has the same
/// checksum.
pub(crate) fn normalise(bytes: Vec<u8>) -> Result<String, TextError> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(utf16("the byte order mark is that of UTF-16"));
    }
    if bytes.contains(&0) {
        return Err(nul(&bytes));
    }
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        TextError {
            message: format!("the byte 0x{:02x} is not UTF-8", bytes[at]),
            help: "save the file as UTF-8",
            position: Some(position(bytes, at)),
        }
    })?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    if text.as_bytes().contains(&b'\r') {
        text = text.replace("\r\n", "\n");
    }
    Ok(text)
}

fn utf16(message: &str) -> TextError {
    TextError {
        message: message.to_owned(),
        help: "save the file as UTF-8",
        position: None,
    }
}

/// Returns the error for a text with NUL bytes. In UTF-16, a text of mostly Latin letters has NUL in every second byte.
fn nul(bytes: &[u8]) -> TextError {
    let start = &bytes[..bytes.len().min(1024)];
    let nuls = |offset: usize| {
        let every_second = start.iter().skip(offset).step_by(2);
        every_second.filter(|byte| **byte == 0).count()
    };
    let (even, odd) = (nuls(0), nuls(1));
    if even.max(odd) * 3 > start.len() && even.min(odd) * 8 < start.len() {
        return utf16("every second byte is NUL, as in UTF-16");
    }
    let at = bytes.iter().position(|byte| *byte == 0).unwrap_or_default();
    TextError {
        message: "a NUL byte, which no PostgreSQL text can hold".to_owned(),
        help: "write `bytea` values as hexadecimal digits, such as `'\\x00'`",
        position: Some(position(bytes, at)),
    }
}

/// Returns the position of a byte of a text that may not be UTF-8.
pub(super) fn position(bytes: &[u8], at: usize) -> Position {
    let before = String::from_utf8_lossy(&bytes[..at]);
    let before = before.strip_prefix('\u{feff}').unwrap_or(&before);
    let rest = &bytes[at..];
    let end = rest.iter().position(|byte| *byte == b'\n');
    let rest = String::from_utf8_lossy(&rest[..end.unwrap_or(rest.len())]);
    let text = format!("{before}{}", rest.trim_end_matches('\r'));
    Position::of(&text, before.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mark_and_line_ends_are_normalised() {
        for (bytes, text) in [
            (&b"\xef\xbb\xbfa\r\nb\rc\r\n"[..], "a\nb\rc\n"),
            (b"", ""),
            ("a\u{feff}ä".as_bytes(), "a\u{feff}ä"),
        ] {
            assert_eq!(normalise(bytes.to_vec()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn other_encodings_have_errors_of_their_own() {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (bytes, message, place) in [
            (b"\xff\xfea\0".to_vec(), "byte order mark", None),
            (wide("select 1;\n"), "every second byte", None),
            (b"select\n  'a\0b'".to_vec(), "NUL byte", Some((2, 5))),
            (
                b"\xef\xbb\xbf-- Pferd\nH\xc3\xbcndin \xfc".to_vec(),
                "0xfc",
                Some((2, 8)),
            ),
        ] {
            let fault = normalise(bytes).unwrap_err();
            assert!(fault.message.contains(message), "{fault:?}");
            let at = fault.position.map(|at| (at.line, at.column));
            assert_eq!(at, place);
        }
    }
}
