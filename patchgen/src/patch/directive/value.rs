//! Values of directives.

use super::comment::SHAPE;
use crate::spelling::nearest;
use patchgen_model::{ParseDurationError, parse_duration};
use std::time::Duration;

/// Message and help for a value that is not accepted.
pub(super) type ValueError = (String, String);

/// Returns words as a list for a message.
pub(super) fn list(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// Returns the meaning of a value that is one of some words.
pub(super) fn word<T, const N: usize>(
    key: &str,
    value: &str,
    words: [(&str, T); N],
) -> Result<T, ValueError> {
    let names = words.each_ref().map(|(name, _)| *name);
    match words.into_iter().find(|(name, _)| *name == value) {
        Some((_, meaning)) => Ok(meaning),
        None if value.contains(char::is_whitespace) => Err(one_a_line(key, value)),
        None => {
            let help = match nearest(value, names) {
                Some(name) => format!("write `{key}={name}`"),
                None => format!("values of `{key}`: {}", list(&names)),
            };
            Err((format!("`{value}` is no value of `{key}`"), help))
        }
    }
}

fn one_a_line(key: &str, value: &str) -> ValueError {
    (
        format!("`{value}` is no value of `{key}`"),
        SHAPE.to_owned(),
    )
}

/// Returns the names of rules in a list.
pub(super) fn rules(value: &str) -> Result<Vec<String>, ValueError> {
    let names: Vec<_> = value.split(',').map(str::to_owned).collect();
    let is_name = |name: &String| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    if names.iter().all(is_name) {
        Ok(names)
    } else {
        Err((
            format!("`{value}` is no list of rules"),
            "write names of rules with `,` between them and no spaces".to_owned(),
        ))
    }
}

/// Returns the duration of a timeout, in which there is no white space.
pub(super) fn timeout(key: &str, value: &str) -> Result<Duration, ValueError> {
    let parsed = match value.contains(char::is_whitespace) {
        true => Err(ParseDurationError::Malformed),
        false => parse_duration(value),
    };
    parsed.map_err(|error| {
        (
            format!("`{value}` is no value of `{key}`"),
            format!("{error}; `0` turns the timeout off"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_a_duration_without_white_space() {
        for (value, expected) in [
            ("0", Ok(0)),
            ("250", Ok(250)),
            ("1.5min", Ok(90_000)),
            (
                "5 s",
                Err(
                    "write a number and one of `us`, `ms`, `s`, `min`, `h`, `d`, such as `5s`; `0` turns the timeout off",
                ),
            ),
            (
                "5s\x0b",
                Err(
                    "write a number and one of `us`, `ms`, `s`, `min`, `h`, `d`, such as `5s`; `0` turns the timeout off",
                ),
            ),
            (
                "-1",
                Err("a duration is not negative; `0` turns the timeout off"),
            ),
            (
                "25d",
                Err(
                    "the longest duration is 2147483647 milliseconds, about 24 days; `0` turns the timeout off",
                ),
            ),
            (
                "500us",
                Err("the shortest duration is `1ms`; `0` turns the timeout off"),
            ),
        ] {
            let found = timeout("lock_timeout", value);
            let found = found.map(|timeout| timeout.as_millis());
            let expected = expected.map_err(|help| {
                let message = format!("`{value}` is no value of `lock_timeout`");
                (message, help.to_owned())
            });
            assert_eq!(found, expected, "{value}");
        }
    }
}
