use std::fmt;
use std::time::Duration;

/// Units of PostgreSQL's time settings, and how many microseconds each has.
const UNITS: [(&str, f64); 6] = [
    ("us", 1.0),
    ("ms", 1_000.0),
    ("s", 1_000_000.0),
    ("min", 60_000_000.0),
    ("h", 3_600_000_000.0),
    ("d", 86_400_000_000.0),
];

/// Reads a duration as PostgreSQL's time settings are written: a decimal number, which may have a fraction, and one of the
/// units `us`, `ms`, `s`, `min`, `h` and `d`; milliseconds if there is no unit.
///
/// White space may stand before, between and behind them. The duration is rounded to milliseconds.
///
/// # Errors
/// If the text is not such a duration, or if the duration is negative, longer than `i32::MAX` milliseconds (PostgreSQL's
/// limit), or shorter than a millisecond and not zero, which PostgreSQL would round to "no timeout".
///
/// ```
/// use patchgen_model::{ParseDurationError, parse_duration};
/// use std::time::Duration;
///
/// assert_eq!(parse_duration("1.5min"), Ok(Duration::from_secs(90)));
/// assert_eq!(parse_duration("250"), Ok(Duration::from_millis(250)));
/// assert_eq!(parse_duration("5 seconds"), Err(ParseDurationError::Malformed));
/// ```
pub fn parse_duration(text: &str) -> Result<Duration, ParseDurationError> {
    let text = text.trim_matches(is_space);
    let (text, is_negative) = match text.strip_prefix('-') {
        Some(text) => (text, true),
        None => (text, false),
    };
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let number: f64 = number.parse().map_err(|_| ParseDurationError::Malformed)?;
    let microseconds = match unit.trim_start_matches(is_space) {
        "" => 1_000.0,
        unit => UNITS
            .into_iter()
            .find_map(|(name, microseconds)| (name == unit).then_some(microseconds))
            .ok_or(ParseDurationError::Malformed)?,
    };
    if is_negative {
        return Err(ParseDurationError::Negative);
    }
    let milliseconds = number * microseconds / 1_000.0;
    if milliseconds.round() > f64::from(i32::MAX) {
        return Err(ParseDurationError::TooLong);
    }
    if number > 0.0 && milliseconds < 1.0 {
        return Err(ParseDurationError::TooShort);
    }
    Ok(Duration::from_millis(milliseconds.round() as u64))
}

/// `true` for the characters that C's `isspace` accepts.
fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\x0b'
}

/// Error for a text that is not a duration that PostgreSQL's time settings can have.
///
/// Its text does not repeat what was written, so that it can follow a message that does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ParseDurationError {
    /// Not a number and a unit.
    Malformed,
    /// Below zero.
    Negative,
    /// Longer than `i32::MAX` milliseconds.
    TooLong,
    /// Shorter than a millisecond, but not zero.
    TooShort,
}

impl fmt::Display for ParseDurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => {
                "write a number and one of `us`, `ms`, `s`, `min`, `h`, `d`, such as `5s`"
            }
            Self::Negative => "a duration is not negative",
            Self::TooLong => "the longest duration is 2147483647 milliseconds, about 24 days",
            Self::TooShort => "the shortest duration is `1ms`",
        })
    }
}

impl std::error::Error for ParseDurationError {}

#[cfg(test)]
mod tests {
    use super::ParseDurationError::{Malformed, Negative, TooLong, TooShort};
    use super::*;

    #[test]
    fn durations_have_the_units_of_postgresql() {
        for (text, milliseconds) in [
            ("0", 0),
            ("0s", 0),
            ("0.0", 0),
            ("250", 250),
            ("250ms", 250),
            ("1500us", 2),
            ("2500us", 3),
            ("1499us", 1),
            ("1000us", 1),
            ("5s", 5_000),
            ("10min", 600_000),
            ("0.5h", 1_800_000),
            ("1d", 86_400_000),
            ("1.5min", 90_000),
            (".5s", 500),
            ("5.s", 5_000),
            ("0.1s", 100),
            ("2.4", 2),
            ("007s", 7_000),
            ("5 s", 5_000),
            (" \t5\n s \r\x0b\x0c", 5_000),
            (" 250 ", 250),
            ("2147483647", i32::MAX as u64),
            ("2147483647.4", i32::MAX as u64),
            ("24d", 2_073_600_000),
        ] {
            let expected = Ok(Duration::from_millis(milliseconds));
            assert_eq!(parse_duration(text), expected, "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for (text, expected) in [
            ("", Malformed),
            (" ", Malformed),
            (".", Malformed),
            ("s", Malformed),
            ("-", Malformed),
            ("-s", Malformed),
            ("--1", Malformed),
            ("- 1", Malformed),
            ("+1", Malformed),
            ("5S", Malformed),
            ("5MS", Malformed),
            ("5sec", Malformed),
            ("5m", Malformed),
            ("5s 5s", Malformed),
            ("5 s s", Malformed),
            ("5\u{a0}s", Malformed),
            ("1.2.3s", Malformed),
            ("1,5s", Malformed),
            ("1e3", Malformed),
            ("0x10", Malformed),
            ("inf", Malformed),
            ("NaN", Malformed),
            ("٣s", Malformed),
            ("-1", Negative),
            ("-0.5 s", Negative),
            ("-0", Negative),
            ("2147483648", TooLong),
            ("2147483647.5", TooLong),
            ("25d", TooLong),
            ("99999999999999999999999999d", TooLong),
            ("500us", TooShort),
            ("0.9", TooShort),
            ("0.0001s", TooShort),
        ] {
            assert_eq!(parse_duration(text), Err(expected), "{text}");
        }
        let huge = "9".repeat(400);
        assert_eq!(parse_duration(&huge), Err(TooLong));
    }
}
