//! Durations as PostgreSQL writes them in its settings.

use std::fmt;
use std::time::Duration;

/// Units and their lengths in milliseconds. Without a unit, a number means milliseconds.
const UNITS: [(&str, f64); 7] = [
    ("", 1.0),
    ("us", 0.001),
    ("ms", 1.0),
    ("s", 1000.0),
    ("min", 60_000.0),
    ("h", 3_600_000.0),
    ("d", 86_400_000.0),
];

/// Error for a text that is not a duration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DurationError {
    /// The text is not a number with an optional unit.
    Malformed,
    /// The duration is longer than 2147483647 milliseconds, about 24 days.
    TooLong,
    /// The duration is shorter than a millisecond, but not 0.
    TooShort,
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => {
                "a duration is a number and one of the units `us`, `ms`, `s`, `min`, `h` and `d`"
            }
            Self::TooLong => "a duration has at most 2147483647 milliseconds, about 24 days",
            Self::TooShort => "a duration is 0 or has at least one millisecond",
        })
    }
}

impl std::error::Error for DurationError {}

/// Parses a number with one of the units `us`, `ms`, `s`, `min`, `h` and `d`, such as `1.5min`, and rounds it to milliseconds.
/// A number without a unit means milliseconds.
///
/// # Errors
/// If the text is malformed, or the duration is not one that a timeout of PostgreSQL can have.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let unit = UNITS.into_iter().find(|(name, _)| *name == unit);
    let (Ok(number), Some((_, milliseconds))) = (number.parse::<f64>(), unit) else {
        return Err(DurationError::Malformed);
    };
    let milliseconds = number * milliseconds;
    if milliseconds.round() > f64::from(i32::MAX) {
        return Err(DurationError::TooLong);
    }
    if number > 0.0 && milliseconds < 1.0 {
        return Err(DurationError::TooShort);
    }
    Ok(Duration::from_millis(milliseconds.round() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_have_the_units_of_postgresql() {
        use DurationError::{Malformed, TooLong, TooShort};
        for (text, expected) in [
            ("0", Ok(0)),
            ("0d", Ok(0)),
            ("250", Ok(250)),
            ("250ms", Ok(250)),
            ("1500us", Ok(2)),
            ("5s", Ok(5_000)),
            ("10min", Ok(600_000)),
            ("0.5h", Ok(1_800_000)),
            (".5h", Ok(1_800_000)),
            ("1d", Ok(86_400_000)),
            ("2147483647", Ok(2_147_483_647)),
            ("2147483648", Err(TooLong)),
            ("25d", Err(TooLong)),
            ("500us", Err(TooShort)),
            ("", Err(Malformed)),
            ("s", Err(Malformed)),
            ("-1", Err(Malformed)),
            ("5S", Err(Malformed)),
            ("5 s", Err(Malformed)),
            ("5sec", Err(Malformed)),
            ("5m", Err(Malformed)),
            ("1.2.3s", Err(Malformed)),
            ("1e3", Err(Malformed)),
        ] {
            let milliseconds = parse_duration(text).map(|duration| duration.as_millis());
            assert_eq!(milliseconds, expected, "{text}");
        }
    }
}
