//! `COPY` statements that exchange data with the client.

use super::lexer::{StringMode, Tokens};
use super::words::Reader;

/// Returns `true` if data lines follow the statement: `COPY … FROM stdin`, for which the server also accepts `stdout`.
pub(crate) fn is_from_stdin(statement: &str) -> bool {
    let mut reader = Reader::new(statement, StringMode::Standard);
    reader.accept("copy") && reader.skip_past("from") && reader.accept_any(&["stdin", "stdout"])
}

/// Returns `true` if the statement is `COPY … TO STDOUT`.
pub(crate) fn is_to_stdout(statement: &str) -> bool {
    let mut words = Tokens::new(statement, StringMode::Standard)
        .map(|token| statement[token.range].to_ascii_lowercase());
    if words.next().is_none_or(|first| first != "copy") {
        return false;
    }
    let (mut depth, mut is_after_to) = (0_usize, false);
    words.any(|word| {
        match word.as_str() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        let is_stdout = is_after_to && depth == 0 && word == "stdout";
        is_after_to = word == "to";
        is_stdout
    })
}
