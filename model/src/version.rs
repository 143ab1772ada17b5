use crate::Grammar;
use std::fmt;
use std::str::FromStr;

/// Version of a patch, which orders it within its database.
///
/// A version is displayed in the spelling of the grammar that its value suggests: `20240131.0001` (8 and 4 digits, as in
/// dotted names) if `point` is 0, `minor` has at most four digits and `major` is 0 or has eight digits, else `2211.5.1`
/// (as in launchpad names). [`PatchId`](crate::PatchId) has the exact spelling where the grammar is known.
///
/// Both spellings are read, with any number of digits, and `2211-5-1` too.
///
/// ```
/// use patchgen_model::Version;
///
/// assert_eq!(Version::new(20240131, 1, 0).to_string(), "20240131.0001");
/// assert_eq!(Version::new(2211, 5, 0).to_string(), "2211.5.0");
/// assert_eq!("20240131.0001".parse(), Ok(Version::new(20240131, 1, 0)));
/// assert_eq!("2211-5-1".parse(), Ok(Version::new(2211, 5, 1)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Version {
    /// Eight digits, normally a date, or the launchpad grammar's first number.
    pub major: u32,
    /// Four digits, a sequence or a time of day, or the launchpad grammar's second number.
    pub minor: u32,
    /// The launchpad grammar's third number; 0 in the dotted grammar.
    pub point: u32,
}

impl Version {
    /// Returns the version with these numbers.
    #[must_use]
    pub const fn new(major: u32, minor: u32, point: u32) -> Self {
        Self {
            major,
            minor,
            point,
        }
    }

    /// Returns the grammar that a version most likely comes from.
    pub(crate) const fn likely_grammar(self) -> Grammar {
        if self.fits_dotted() && (self.major == 0 || self.major >= 10_000_000) {
            Grammar::Dotted
        } else {
            Grammar::Launchpad
        }
    }

    /// `true` if a dotted name can have this version.
    const fn fits_dotted(self) -> bool {
        self.point == 0 && self.minor <= 9_999 && self.major <= 99_999_999
    }

    /// Writes the version as names of a grammar have it, or with three numbers if they cannot have it.
    pub(crate) fn write(self, grammar: Grammar, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            major,
            minor,
            point,
        } = self;
        if matches!(grammar, Grammar::Dotted) && self.fits_dotted() {
            write!(f, "{major:08}.{minor:04}")
        } else {
            write!(f, "{major}.{minor}.{point}")
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(self.likely_grammar(), f)
    }
}

/// Error for a text that is not a version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseVersionError(String);

impl fmt::Display for ParseVersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not a version such as `20240131.0001` or `2211.5.1`",
            self.0
        )
    }
}

impl std::error::Error for ParseVersionError {}

impl FromStr for Version {
    type Err = ParseVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let separator = if text.contains('-') { '-' } else { '.' };
        let mut numbers = text.split(separator).map(number);
        let version = match (
            numbers.next(),
            numbers.next(),
            numbers.next(),
            numbers.next(),
        ) {
            (Some(major), Some(minor), None, None) if separator == '.' => (major, minor, Some(0)),
            (Some(major), Some(minor), Some(point), None) => (major, minor, point),
            _ => (None, None, None),
        };
        match version {
            (Some(major), Some(minor), Some(point)) => Ok(Self::new(major, minor, point)),
            _ => Err(ParseVersionError(text.to_owned())),
        }
    }
}

/// Reads digits without a sign.
fn number(digits: &str) -> Option<u32> {
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_decides_the_spelling_of_a_version() {
        for ((major, minor, point), expected) in [
            ((20240131, 1, 0), "20240131.0001"),
            ((20240131, 9_999, 0), "20240131.9999"),
            ((10_000_000, 0, 0), "10000000.0000"),
            ((99_999_999, 0, 0), "99999999.0000"),
            ((0, 0, 0), "00000000.0000"),
            ((0, 17, 0), "00000000.0017"),
            ((20240131, 1, 1), "20240131.1.1"),
            ((20240131, 10_000, 0), "20240131.10000.0"),
            ((9_999_999, 1, 0), "9999999.1.0"),
            ((100_000_000, 1, 0), "100000000.1.0"),
            ((2211, 5, 0), "2211.5.0"),
            ((2211, 5, 1), "2211.5.1"),
            ((0, 0, 1), "0.0.1"),
            (
                (u32::MAX, u32::MAX, u32::MAX),
                "4294967295.4294967295.4294967295",
            ),
        ] {
            let version = Version::new(major, minor, point);
            assert_eq!(version.to_string(), expected);
            assert_eq!(expected.parse(), Ok(version));
            let id = crate::PatchId::new("app", version);
            assert_eq!(id.to_string(), format!("app.{expected}"));
        }
    }

    #[test]
    fn versions_are_read_in_all_spellings() {
        for (text, expected) in [
            ("20240131.0001", Some((20240131, 1, 0))),
            ("20240131.1", Some((20240131, 1, 0))),
            ("20240131.1.0", Some((20240131, 1, 0))),
            ("20240131-1-0", Some((20240131, 1, 0))),
            ("00002211.0005", Some((2211, 5, 0))),
            ("2211.5.1", Some((2211, 5, 1))),
            ("2211-5-1", Some((2211, 5, 1))),
            ("0.0", Some((0, 0, 0))),
            ("4294967295.0", Some((u32::MAX, 0, 0))),
            ("4294967296.0", None),
            ("", None),
            (".", None),
            ("1", None),
            ("1.", None),
            (".1", None),
            ("1..1", None),
            ("1.2.3.4", None),
            ("1-2", None),
            ("1-2-3-4", None),
            ("1.2-3", None),
            ("1-2.3", None),
            ("+1.2", None),
            ("1.+2", None),
            ("-1.2", None),
            ("1--2-3", None),
            (" 1.2", None),
            ("1.2 ", None),
            ("1.x", None),
            ("1.٢", None),
        ] {
            let expected = expected.map(|(major, minor, point)| Version::new(major, minor, point));
            assert_eq!(text.parse::<Version>().ok(), expected, "{text}");
        }
        assert_eq!(
            "v1".parse::<Version>().unwrap_err().to_string(),
            "`v1` is not a version such as `20240131.0001` or `2211.5.1`"
        );
    }
}
