use std::fmt;
use std::io;
use std::path::Path;

/// Error of creating, starting or querying a server.
///
/// `Display` is one line, [`help`](Error::help) is the remedy, and `source()` is the cause.
#[derive(Debug)]
pub struct Error {
    message: String,
    help: Option<String>,
    source: Option<io::Error>,
}

impl Error {
    pub(crate) fn new(message: impl Into<String>) -> Error {
        Error {
            message: message.into(),
            help: None,
            source: None,
        }
    }

    /// Returns the error of an operation on a path that the operating system refused.
    pub(crate) fn io(operation: &str, path: &Path, source: io::Error) -> Error {
        Error {
            message: format!("{operation} `{}`", path.display()),
            help: None,
            source: Some(source),
        }
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Error {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn with_source(mut self, source: io::Error) -> Error {
        self.source = Some(source);
        self
    }

    /// Returns the remedy, or the output of the program that failed.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

/// Returns the end of what a program printed, short enough for an error's help.
pub(crate) fn excerpt(output: &str) -> &str {
    last_lines(output.trim(), 20)
}

fn last_lines(text: &str, count: usize) -> &str {
    text.rmatch_indices('\n')
        .nth(count - 1)
        .map_or(text, |(at, _)| &text[at + 1..])
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source
            .as_ref()
            .map(|e| e as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_lines_are_the_last() {
        for (text, lines) in [("a\nb\nc", "b\nc"), ("a", "a"), ("", ""), ("a\nb", "a\nb")] {
            assert_eq!(last_lines(text, 2), lines);
        }
    }
}
