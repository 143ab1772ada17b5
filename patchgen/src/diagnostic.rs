use std::borrow::Cow;
use std::fmt;

/// Whether a finding ends the build.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// It does.
    Error,
    /// It does not.
    Warning,
}

impl Severity {
    /// The word in front of a message.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A position in a file, and the line that it is in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Position {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// The text of the line.
    pub excerpt: String,
}

/// What a finding is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The file, with `/` between folders, relative to where the build or the command ran.
    pub file: String,
    /// Where in the file, unless the file as a whole is meant.
    pub position: Option<Position>,
}

/// Another file that a finding is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Related {
    /// The file.
    pub file: String,
    /// Its part in the matter, such as `first`.
    pub note: String,
}

/// One finding: what is wrong, where, and what to do about it.
///
/// Its `Display` is what `cargo build` and the command line print, without a final line end.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Diagnostic {
    /// Whether it ends the build.
    pub severity: Severity,
    /// The rule, such as `duplicate-id`; what `deny`, `warn` and `allow` take where it is a warning.
    pub code: Cow<'static, str>,
    /// What is wrong.
    pub message: String,
    /// Where it is wrong.
    pub place: Option<Place>,
    /// Other files that have to do with it.
    pub related: Vec<Related>,
    /// What to do about it.
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

    /// What orders the findings of a phase: file, line, column.
    fn order(&self) -> (&str, usize, usize) {
        let place = self.place.as_ref();
        let position = place.and_then(|place| place.position.as_ref());
        (
            place.map_or("", |place| &place.file),
            position.map_or(0, |position| position.line),
            position.map_or(0, |position| position.column),
        )
    }

    /// The same as `Display` without the word `error` or `warning`, for what prints that word itself.
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

/// How many characters of a line are shown before and behind the place.
const BEFORE: usize = 60;
const BEHIND: usize = 60;

/// The line with a caret below the place; of a long line only what is around the place.
fn excerpt(f: &mut fmt::Formatter<'_>, position: &Position) -> fmt::Result {
    let at = position.column.saturating_sub(1);
    let start = if at > BEFORE + 1 { at - BEFORE } else { 0 };
    let mut rest = position.excerpt.chars().skip(start);
    let shown: String = rest
        .by_ref()
        .take(at - start + BEHIND)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let cut = if rest.next().is_some() { "…" } else { "" };
    let lead = if start > 0 { "…" } else { "" };
    write!(f, "\n{:4} | {lead}{}{cut}", position.line, shown.trim_end())?;
    let margin = position.line.to_string().len().max(4);
    let caret = at - start + usize::from(start > 0);
    write!(f, "\n{:margin$} | {:caret$}^", "", "")
}

/// The findings of a build, sorted by file, line and column.
///
/// Its `Display` shows them all, one below the other with an empty line between; as an error it stands for the build that
/// they ended. With the feature `serde` it serialises to the list that `patchgen check --format json` prints.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    pub(crate) fn new(mut findings: Vec<Diagnostic>) -> Self {
        findings.sort_by(|a, b| a.order().cmp(&b.order()));
        Self(findings)
    }

    pub(crate) fn into_list(self) -> Vec<Diagnostic> {
        self.0
    }

    /// Whether one of them ends the build.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.iter()
            .any(|finding| finding.severity == Severity::Error)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// All of them, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(finding: Diagnostic) -> Self {
        Self(vec![finding])
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, finding) in self.iter().enumerate() {
            if number > 0 {
                f.write_str("\n\n")?;
            }
            fmt::Display::fmt(finding, f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

#[cfg(feature = "serde")]
mod json {
    use super::{Diagnostic, Diagnostics};
    use serde::ser::{Serialize, SerializeStruct, Serializer};

    impl Serialize for Diagnostic {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let place = self.place.as_ref();
            let position = place.and_then(|place| place.position.as_ref());
            let mut object = serializer.serialize_struct("Diagnostic", 7)?;
            object.serialize_field("severity", self.severity.as_str())?;
            object.serialize_field("code", &self.code)?;
            object.serialize_field("file", &place.map(|place| &place.file))?;
            object.serialize_field("line", &position.map(|position| position.line))?;
            object.serialize_field("column", &position.map(|position| position.column))?;
            object.serialize_field("message", &self.message)?;
            object.serialize_field("help", &self.help)?;
            object.end()
        }
    }

    impl Serialize for Diagnostics {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq(self)
        }
    }
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
    fn the_caret_stands_below_the_place() {
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
    fn of_a_long_line_only_the_surroundings_are_shown() {
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
