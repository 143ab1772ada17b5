//! Identifiers as the server stores them.

/// Longest identifier in bytes: `NAMEDATALEN` without the final NUL.
const MAX_LEN: usize = 63;

/// Returns an unquoted identifier in lower case.
pub(super) fn folded(word: &str) -> String {
    cut(word.to_ascii_lowercase())
}

/// Returns an identifier that is written in double quotes.
pub(super) fn quoted(text: &str) -> String {
    cut(inner(text).replace("\"\"", "\""))
}

/// Returns an identifier that is written `U&"…"`, or `None` if an escape in it is invalid.
pub(super) fn unicode(text: &str, escape: char) -> Option<String> {
    let source = inner(&text[2..]).replace("\"\"", "\"");
    unescaped(&source, escape).map(cut)
}

/// Returns a text with its Unicode escapes replaced, or `None` if one of them is invalid.
pub(super) fn unescaped(source: &str, escape: char) -> Option<String> {
    let mut units = Vec::new();
    let mut rest = source.chars();
    while let Some(character) = rest.next() {
        if character != escape {
            units.extend_from_slice(character.encode_utf16(&mut [0; 2]));
            continue;
        }
        let lookahead = rest.clone().next()?;
        if lookahead == escape {
            rest.next();
            units.extend_from_slice(escape.encode_utf16(&mut [0; 2]));
            continue;
        }
        let digits = if lookahead == '+' {
            rest.next();
            6
        } else {
            4
        };
        let mut code = 0;
        for _ in 0..digits {
            code = code * 16 + rest.next()?.to_digit(16)?;
        }
        // The two surrogates of a character may be escaped one by one.
        match u16::try_from(code) {
            Ok(unit) => units.push(unit),
            Err(_) => units.extend_from_slice(char::from_u32(code)?.encode_utf16(&mut [0; 2])),
        }
    }
    String::from_utf16(&units).ok()
}

fn inner(quoted: &str) -> &str {
    let text = quoted.strip_prefix('"').unwrap_or(quoted);
    text.strip_suffix('"').unwrap_or(text)
}

fn cut(mut name: String) -> String {
    name.truncate(name.floor_char_boundary(MAX_LEN));
    name
}
