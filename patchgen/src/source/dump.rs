//! Dumps in other encodings, which `SET client_encoding` declares for the bytes after it.

use super::text::{TextError, normalise, position};
use encoding_rs::Encoding;

/// Converts a dump to UTF-8, each part from the encoding that it declares, and normalises it.
///
/// As in psql, the declaration decides even if the bytes could be UTF-8, unless there is a byte order mark.
pub(crate) fn decode(bytes: Vec<u8>) -> Result<String, TextError> {
    if bytes.is_ascii() || bytes.starts_with(b"\xef\xbb\xbf") || bytes.contains(&0) {
        return normalise(bytes);
    }
    let declarations = declarations(&bytes);
    if declarations
        .iter()
        .all(|(_, decoder)| *decoder == Decoder::Utf8)
    {
        return normalise(bytes);
    }
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 8);
    let ends = declarations.iter().skip(1).map(|(at, _)| *at);
    for (&(start, decoder), end) in declarations.iter().zip(ends.chain([bytes.len()])) {
        decoder
            .append(&bytes[start..end], &mut text)
            .map_err(|at| fault(&bytes, start + at, decoder))?;
    }
    normalise(text.into_bytes())
}

/// Decoder of a part of a dump.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Decoder {
    Utf8,
    Latin1,
    Other(&'static Encoding),
    Unknown,
}

impl Decoder {
    /// Returns the decoder for PostgreSQL's name of an encoding, in any case and with any punctuation.
    fn named(name: &str) -> Self {
        let name: String = name
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect();
        let other = match name.as_str() {
            // SQL_ASCII means bytes in an unknown encoding, which is mostly this one.
            "utf8" | "unicode" | "sqlascii" => return Self::Utf8,
            // On the web this name means Windows-1252.
            "latin1" | "iso88591" => return Self::Latin1,
            "latin2" | "iso88592" => encoding_rs::ISO_8859_2,
            "latin3" | "iso88593" => encoding_rs::ISO_8859_3,
            "latin4" | "iso88594" => encoding_rs::ISO_8859_4,
            "latin5" | "iso88599" => encoding_rs::WINDOWS_1254,
            "latin6" | "iso885910" => encoding_rs::ISO_8859_10,
            "latin7" | "iso885913" => encoding_rs::ISO_8859_13,
            "latin8" | "iso885914" => encoding_rs::ISO_8859_14,
            "latin9" | "iso885915" => encoding_rs::ISO_8859_15,
            "latin10" | "iso885916" => encoding_rs::ISO_8859_16,
            "iso88595" => encoding_rs::ISO_8859_5,
            "iso88596" => encoding_rs::ISO_8859_6,
            "iso88597" => encoding_rs::ISO_8859_7,
            "iso88598" => encoding_rs::ISO_8859_8,
            "win866" | "alt" => encoding_rs::IBM866,
            "win874" => encoding_rs::WINDOWS_874,
            "win1250" | "windows1250" => encoding_rs::WINDOWS_1250,
            "win1251" | "windows1251" | "win" => encoding_rs::WINDOWS_1251,
            "win1252" | "windows1252" => encoding_rs::WINDOWS_1252,
            "win1253" | "windows1253" => encoding_rs::WINDOWS_1253,
            "win1254" | "windows1254" => encoding_rs::WINDOWS_1254,
            "win1255" | "windows1255" => encoding_rs::WINDOWS_1255,
            "win1256" | "windows1256" => encoding_rs::WINDOWS_1256,
            "win1257" | "windows1257" => encoding_rs::WINDOWS_1257,
            "win1258" | "windows1258" => encoding_rs::WINDOWS_1258,
            "koi8r" | "koi8" => encoding_rs::KOI8_R,
            "koi8u" => encoding_rs::KOI8_U,
            "eucjp" => encoding_rs::EUC_JP,
            "sjis" | "shiftjis" | "mskanji" | "win932" | "windows932" => encoding_rs::SHIFT_JIS,
            "euckr" | "uhc" | "win949" | "windows949" => encoding_rs::EUC_KR,
            "euccn" | "gbk" | "win936" | "windows936" => encoding_rs::GBK,
            "gb18030" => encoding_rs::GB18030,
            "big5" | "win950" | "windows950" => encoding_rs::BIG5,
            _ => return Self::Unknown,
        };
        Self::Other(other)
    }

    /// Decodes bytes and appends them to a text. The error is the offset of the byte that cannot be decoded.
    fn append(self, bytes: &[u8], text: &mut String) -> Result<(), usize> {
        match self {
            Self::Utf8 => {
                text.push_str(std::str::from_utf8(bytes).map_err(|error| error.valid_up_to())?);
            }
            Self::Latin1 => text.push_str(&encoding_rs::mem::decode_latin1(bytes)),
            Self::Other(encoding) => {
                match encoding.decode_without_bom_handling_and_without_replacement(bytes) {
                    Some(decoded) => text.push_str(&decoded),
                    None => return Err(undecodable(encoding, bytes)),
                }
            }
            Self::Unknown => {
                let other = bytes.iter().position(|byte| !byte.is_ascii());
                text.push_str(std::str::from_utf8(bytes).map_err(|_| other.unwrap_or_default())?);
                return other.map_or(Ok(()), Err);
            }
        }
        Ok(())
    }
}

/// Returns the offset at which the decoder stops.
fn undecodable(encoding: &'static Encoding, bytes: &[u8]) -> usize {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut text = String::with_capacity(bytes.len().saturating_mul(3));
    let (_, read) = decoder.decode_to_string_without_replacement(bytes, &mut text, true);
    read.saturating_sub(1)
}

/// Returns the offsets from which on an encoding is declared, with its decoder. The first offset is 0.
fn declarations(bytes: &[u8]) -> Vec<(usize, Decoder)> {
    let mut found: Vec<(usize, Decoder)> = vec![(0, Decoder::Utf8)];
    let mut start = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if let Some(name) = declared(line) {
            found.push((start, Decoder::named(name)));
        }
        start += line.len();
    }
    // The text before the first declaration has the same encoding.
    if let [_, (at, _), ..] = &mut found[..] {
        *at = 0;
        found.remove(0);
    }
    found
}

/// Returns the encoding that a line declares in the way that dumps do.
fn declared(line: &[u8]) -> Option<&str> {
    let begins = line
        .first()
        .is_some_and(|first| first.eq_ignore_ascii_case(&b's'));
    let line = std::str::from_utf8(line).ok().filter(|_| begins)?;
    let mut words = line.split(|c: char| c.is_ascii_whitespace() || "=;'".contains(c));
    let mut words = words.by_ref().filter(|word| !word.is_empty());
    let is = |word: Option<&str>, wanted: &str| {
        word.is_some_and(|word| word.eq_ignore_ascii_case(wanted))
    };
    if !is(words.next(), "set") || !is(words.next(), "client_encoding") {
        return None;
    }
    let name = words.next()?;
    if name.eq_ignore_ascii_case("to") {
        words.next()
    } else {
        Some(name)
    }
}

fn fault(bytes: &[u8], at: usize, decoder: Decoder) -> TextError {
    let (message, help) = match decoder {
        Decoder::Unknown => (
            "the encoding that the dump declares cannot be read".to_owned(),
            "dump again with `--encoding=UTF8`",
        ),
        _ => (
            format!(
                "the byte 0x{:02x} is not of the encoding that the dump declares",
                bytes[at]
            ),
            "dump again with `--encoding=UTF8`",
        ),
    };
    TextError {
        message,
        help,
        position: Some(position(bytes, at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> Result<String, String> {
        decode(bytes.to_vec()).map_err(|fault| fault.message)
    }

    #[test]
    fn each_part_is_decoded_as_it_declares() {
        for (bytes, text) in [
            (&b"-- \xe4\nSET client_encoding = 'LATIN9';\n'\xa4'\r\n"[..], "-- ä\nSET client_encoding = 'LATIN9';\n'€'\n"),
            (
                b"set client_encoding to latin1;\n\x80\xe4\nSET client_encoding = 'UTF8';\n\xc3\xa4",
                "set client_encoding to latin1;\n\u{80}ä\nSET client_encoding = 'UTF8';\nä",
            ),
            // psql reads it in the same way.
            (b"SET client_encoding = 'WIN1252';\n\xc3\xa4", "SET client_encoding = 'WIN1252';\nÃ¤"),
            (b"SET client_encoding = 'SQL_ASCII';\n\xc3\xa4", "SET client_encoding = 'SQL_ASCII';\nä"),
            // The second byte is a backslash if taken by itself.
            (b"SET client_encoding = 'SJIS';\n'\x83\x5c'", "SET client_encoding = 'SJIS';\n'ソ'"),
        ] {
            assert_eq!(decoded(bytes).as_deref(), Ok(text));
        }
    }

    #[test]
    fn undecodable_bytes_are_an_error() {
        for (bytes, message) in [
            (&b"'\xe4'"[..], "the byte 0xe4 is not UTF-8"),
            (
                b"SET client_encoding = 'MULE_INTERNAL';\n\x81\xe4",
                "the encoding that the dump declares cannot be read",
            ),
            (
                b"SET client_encoding = 'EUC_JP';\n\xe4\n",
                "the byte 0xe4 is not of the encoding that the dump declares",
            ),
        ] {
            assert_eq!(decoded(bytes).unwrap_err(), message);
        }
    }
}
