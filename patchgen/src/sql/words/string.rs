//! Values of string constants.

use super::Reader;
use crate::sql::identifier;
use crate::sql::lexer::{StringMode, TokenKind};

impl<'a> Reader<'a> {
    /// Reads a string constant of any spelling and returns its value. Returns `None` if the next token is no string, or if its
    /// value is not known here.
    pub(in crate::sql) fn string(&mut self) -> Option<String> {
        let is_plain = self.string_mode() == StringMode::Standard;
        let (prefix, first) = self.string_part()?;
        let mut inner = first.to_owned();
        if prefix == "$" {
            return Some(inner);
        }
        // The parts on later lines have escapes as the first part has. Those of `E'…'` are in its token already.
        while self.is_at_next_part()
            && let Some(("", part)) = self.clone().string_part()
        {
            inner.push_str(part);
            self.advance();
        }
        match prefix {
            "" | "n" | "N" if is_plain => Some(inner.replace("''", "'")),
            "" | "n" | "N" | "e" | "E" => Some(unescaped(&inner)),
            "u&" | "U&" => {
                let mut escape = '\\';
                if self.accept("uescape") {
                    escape = self.string()?.chars().next()?;
                }
                identifier::unescaped(&inner.replace("''", "'"), escape)
            }
            _ => None,
        }
    }

    /// Skips one token of a string constant, and returns its prefix and what is between its quotes.
    fn string_part(&mut self) -> Option<(&'a str, &'a str)> {
        let token = self.next.clone()?;
        let text = self.text();
        if token.kind != TokenKind::Text || !token.closed {
            return None;
        }
        let quote = text.find(['\'', '$'])?;
        self.advance();
        if text[quote..].starts_with('$') {
            let delimiter = text[1..].find('$')? + 2;
            return Some(("$", &text[delimiter..text.len() - delimiter]));
        }
        Some((&text[..quote], &text[quote + 1..text.len() - 1]))
    }
}

/// Returns the value of what is between the quotes of an `E'…'` string, of one part or more.
fn unescaped(inner: &str) -> String {
    let bytes = inner.as_bytes();
    let mut value = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match (byte, bytes.get(at)) {
            (b'\'', Some(b'\'')) => {
                value.push(byte);
                at += 1;
            }
            // The part ends here, and the next one begins at a later quote.
            (b'\'', _) => at += inner[at..].find('\'').map_or(0, |next| next + 1),
            (b'\\', Some(&escape)) => {
                at += 1;
                let (start, base, most) = match escape {
                    b'x' => (at, 16, 2),
                    b'u' => (at, 16, 4),
                    b'U' => (at, 16, 8),
                    b'0'..=b'7' => (at - 1, 8, 3),
                    _ => (at, 10, 0),
                };
                let digits = bytes[start..].iter().take(most);
                let digits = digits.take_while(|byte| char::from(**byte).is_digit(base));
                let end = start + digits.count();
                let digits = inner.get(start..end).unwrap_or_default();
                let code = u32::from_str_radix(digits, base).ok();
                at = end;
                match (escape, code) {
                    (b'u' | b'U', Some(code)) => {
                        let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                        value.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                    }
                    (_, Some(code)) => value.extend(u8::try_from(code)),
                    (b'b', None) => value.push(8),
                    (b'f', None) => value.push(12),
                    (b'n', None) => value.push(b'\n'),
                    (b'r', None) => value.push(b'\r'),
                    (b't', None) => value.push(b'\t'),
                    _ => value.push(escape),
                }
            }
            _ => value.push(byte),
        }
    }
    String::from_utf8_lossy(&value).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_all_spellings_have_values() {
        let value = |text, mode| Reader::new(text, mode).string();
        for (text, expected) in [
            ("'role'", "role"),
            ("'a''b\\c'", "a'b\\c"),
            ("'ro'\n'le'", "role"),
            ("'role' 'x'", "role"),
            ("N'role'", "role"),
            ("$$role$$ 'x'", "role"),
            ("$a$ro$$le$a$", "ro$$le"),
            ("E'r\\157l\\x65'", "role"),
            ("e'r\\u006fl\\U00000065\\''''", "role''"),
            ("E'r\\o'\n  'l\\x6'", "rol\u{6}"),
            ("E'\\ä\\n\\x'", "ä\nx"),
            ("U&'r\\006fle'", "role"),
            ("u&'r!006f' -- continued\n'le' uescape '!'", "role"),
            ("''", ""),
        ] {
            let found = value(text, StringMode::Standard);
            assert_eq!(found.as_deref(), Some(expected), "{text}");
        }
        let found = value("'r\\157le'", StringMode::Escape);
        assert_eq!(found.as_deref(), Some("role"));
        for text in [
            "", "role", "\"role\"", "'role", "b'1'", "x'1f'", "U&'\\zz'", "E'\\",
        ] {
            assert_eq!(value(text, StringMode::Standard), None, "{text}");
        }
    }
}
