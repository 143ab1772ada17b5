//! Findings of a build: errors and warnings with their places.

pub(crate) mod file;
#[cfg(feature = "serde")]
mod json;
mod list;
mod position;

use std::borrow::Cow;
use std::fmt;

pub use list::Diagnostics;
pub(crate) use position::Cursor;
pub use position::Position;

/// Severity of a finding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// The finding ends the build.
    Error,
    /// The finding does not end the build.
    Warning,
}

impl Severity {
    /// Returns the word before a message.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// Place that a finding is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// File, with `/` between folders, relative to the folder in which the build or the command ran.
    pub file: String,
    /// Position in the file, or `None` if the finding is about the file as a whole.
    pub position: Option<Position>,
}

/// Another file that a finding refers to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Related {
    /// File.
    pub file: String,
    /// Relation of the file to the finding, such as `first`.
    pub note: String,
}

/// Finding of a build: an error or a warning, its place and its remedy.
///
/// Its `Display` is what `cargo build` and the command line print, without a final line end.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Diagnostic {
    /// Severity.
    pub severity: Severity,
    /// Name of the rule, such as `duplicate-id`. `deny`, `warn` and `allow` accept the names of warnings.
    pub code: Cow<'static, str>,
    /// Message, in lower case and without a full stop.
    pub message: String,
    /// Place, if the finding is about a file.
    pub place: Option<Place>,
    /// Other files that the finding refers to.
    pub related: Vec<Related>,
    /// Remedy.
    pub help: Option<String>,
}

impl Diagnostic {
    pub(crate) fn error(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code: code.into(),
            message: message.into(),
            place: None,
            related: Vec::new(),
            help: None,
        }
    }

    pub(crate) fn warning(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message)
        }
    }

    pub(crate) fn in_file(mut self, file: &str) -> Self {
        self.place = Some(Place {
            file: file.to_owned(),
            position: None,
        });
        self
    }

    pub(crate) fn at(mut self, file: &str, position: Position) -> Self {
        self.place = Some(Place {
            file: file.to_owned(),
            position: Some(position),
        });
        self
    }

    pub(crate) fn related(mut self, file: &str, note: impl Into<String>) -> Self {
        self.related.push(Related {
            file: file.to_owned(),
            note: note.into(),
        });
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Returns the sort key of a finding: file, line, column.
    fn sort_key(&self) -> (&str, usize, usize) {
        let place = self.place.as_ref();
        let position = place.and_then(|place| place.position.as_ref());
        (
            place.map_or("", |place| &place.file),
            position.map_or(0, |position| position.line),
            position.map_or(0, |position| position.column),
        )
    }

    /// Returns the text of `Display` without the word `error` or `warning`, for callers that print that word themselves.
    #[doc(hidden)]
    #[must_use]
    pub fn unlabelled(&self) -> String {
        let text = self.to_string();
        let label = self.severity.as_str().len() + "[]: ".len() + self.code.len();
        format!("{}: {}", self.code, &text[label..])
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}[{}]: {}",
            self.severity.as_str(),
            self.code,
            self.message
        )?;
        if let Some(place) = &self.place {
            write!(f, "\n  --> {}", place.file)?;
            if let Some(position) = &place.position {
                write!(f, ":{}:{}", position.line, position.column)?;
                excerpt(f, position)?;
            }
        }
        for related in &self.related {
            write!(f, "\n  --> {} ({})", related.file, related.note)?;
        }
        if let Some(help) = &self.help {
            write!(f, "\nhelp: {help}")?;
        }
        Ok(())
    }
}

/// Number of characters of a line that are shown before the position.
const BEFORE: usize = 60;
/// Number of characters of a line that are shown after the position.
const AFTER: usize = 60;

/// Writes the line with a caret below the position. Of a long line, it writes only the part around the position.
fn excerpt(f: &mut fmt::Formatter<'_>, position: &Position) -> fmt::Result {
    let at = position.column.saturating_sub(1);
    let start = if at > BEFORE + 1 { at - BEFORE } else { 0 };
    let mut rest = position.excerpt.chars().skip(start);
    let shown: String = rest
        .by_ref()
        .take(at - start + AFTER)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let cut = if rest.next().is_some() { "…" } else { "" };
    let lead = if start > 0 { "…" } else { "" };
    write!(f, "\n{:4} | {lead}{}{cut}", position.line, shown.trim_end())?;
    let margin = position.line.to_string().len().max(4);
    let caret = at - start + usize::from(start > 0);
    write!(f, "\n{:margin$} | {:caret$}^", "", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: usize, column: usize, excerpt: &str) -> String {
        let position = Position {
            line,
            column,
            excerpt: excerpt.to_owned(),
        };
        Diagnostic::error("code", "message")
            .at("a.sql", position)
            .to_string()
    }

    #[test]
    fn the_caret_is_below_the_position() {
        assert_eq!(
            shown(7, 3, "\tbä\u{7}d"),
            "error[code]: message\n  --> a.sql:7:3\n   7 |  bä d\n     |   ^"
        );
        assert_eq!(
            shown(12345, 1, ""),
            "error[code]: message\n  --> a.sql:12345:1\n12345 | \n      | ^"
        );
    }

    #[test]
    fn only_a_part_of_a_long_line_is_shown() {
        let line = format!("{}X{}", "a".repeat(500), "b".repeat(500));
        let text = shown(1, 501, &line);
        let lines: Vec<_> = text.lines().collect();
        assert!(lines.iter().all(|line| line.chars().count() < 140));
        let caret = lines[3].chars().position(|c| c == '^');
        assert_eq!(caret, lines[2].chars().position(|c| c == 'X'));
    }

    #[cfg(feature = "serde")]
    #[test]
    fn the_json_has_the_fields_of_the_command_line() {
        let position = Position {
            line: 7,
            column: 3,
            excerpt: String::new(),
        };
        let list = Diagnostics::new(vec![
            Diagnostic::error("code", "message")
                .at("a.sql", position)
                .help("help"),
            Diagnostic::warning("code", "message"),
        ]);
        assert_eq!(
            serde_json::to_value(&list).unwrap(),
            serde_json::json!([
                {
                    "severity": "warning", "code": "code", "file": null, "line": null,
                    "column": null, "message": "message", "help": null
                },
                {
                    "severity": "error", "code": "code", "file": "a.sql", "line": 7,
                    "column": 3, "message": "message", "help": "help"
                },
            ])
        );
    }
}
