//! Outcomes: the text and the exit code of an action.

use super::Format;
use serde::Serialize;
use std::fmt::Display;

/// The outcome of an action.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// Text for standard output, without the final newline.
    pub text: String,
    /// The exit code.
    pub code: u8,
}

pub(super) fn outcome<T: Display + Serialize>(value: &T, format: Format, code: u8) -> Outcome {
    let text = match format {
        Format::Human => value.to_string(),
        Format::Json => {
            serde_json::to_string_pretty(value).expect("plans and reports have only text for keys")
        }
    };
    Outcome { text, code }
}
