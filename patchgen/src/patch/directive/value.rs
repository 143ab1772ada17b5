//! Values of directives.

use super::comment::SHAPE;
use super::duration::{DurationError, parse_duration};
use crate::spelling::nearest;
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

/// Returns the duration of a timeout.
pub(super) fn timeout(key: &str, value: &str) -> Result<Duration, ValueError> {
    parse_duration(value).map_err(|error| {
        let help = match error {
            DurationError::Malformed => {
                "write a number and one of `us`, `ms`, `s`, `min`, `h`, `d`, such as `5s`; `0` turns the timeout off"
            }
            DurationError::TooLong => {
                "the longest timeout is about 24 days, 2147483647 milliseconds"
            }
            DurationError::TooShort => "the shortest timeout is `1ms`; `0` turns it off",
        };
        (format!("`{value}` is no value of `{key}`"), help.to_owned())
    })
}
