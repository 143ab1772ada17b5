use std::fmt;
use std::str::FromStr;

/// SHA-256 digest of a patch's normalised text (byte order mark off, CRLF as LF).
///
/// Displayed and parsed as 64 lower-case hexadecimal digits.
///
/// ```
/// use patchgen_model::Checksum;
///
/// let checksum = Checksum::new([0xab; 32]);
/// assert!(checksum.to_string().starts_with("abab"));
/// assert_eq!(checksum.to_string().parse(), Ok(checksum));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Checksum([u8; 32]);

impl Checksum {
    /// Name of the algorithm, as the ledger records it.
    pub const ALGORITHM: &'static str = "sha256";

    /// Wraps the 32 bytes of a digest.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the 32 bytes of the digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Error for a text that is not 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ParseChecksumError;

impl fmt::Display for ParseChecksumError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a checksum is 64 hexadecimal digits")
    }
}

impl std::error::Error for ParseChecksumError {}

impl FromStr for Checksum {
    type Err = ParseChecksumError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(ParseChecksumError);
        }
        let digit = |byte: u8| (byte as char).to_digit(16).ok_or(ParseChecksumError);
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?)
                .map_err(|_| ParseChecksumError)?;
        }
        Ok(Self(bytes))
    }
}
