//! Line of the cache about one file.

use super::stamp::{Stamp, nanoseconds};
use crate::diagnostic::{Diagnostic, Place, Position};
use crate::set::named_file::NamedFile;
use std::time::SystemTime;

/// Age in nanoseconds from which on the stamp of a file is kept. A file that changed later may change again without another
/// time, so the next build reads it again.
const RECENT: u64 = 2_000_000_000;

/// Facts about a file that the encoded set does not contain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Row {
    pub(super) file: String,
    /// Stamp, or the default one if the file changed shortly before the build.
    pub(super) stamp: Stamp,
    pub(crate) is_sealed: bool,
    /// Warnings, all about the file or a position in it.
    findings: Vec<Diagnostic>,
}

impl Row {
    /// Returns the row of a file. `started` is the time when the build that read the file began.
    pub(crate) fn new(
        named: &NamedFile<'_>,
        started: SystemTime,
        is_sealed: bool,
        findings: &[Diagnostic],
    ) -> Self {
        let stamp = Stamp::of(named.metadata);
        let latest = stamp.modified.max(stamp.changed);
        let is_old = latest < nanoseconds(started).saturating_sub(RECENT);
        Self {
            file: named.file.to_owned(),
            stamp: if is_old { stamp } else { Stamp::default() },
            is_sealed,
            findings: findings.to_vec(),
        }
    }

    /// Returns the warnings as they are for another file with the same text.
    pub(crate) fn findings_in(&self, file: &str) -> Vec<Diagnostic> {
        let mut findings = self.findings.clone();
        for place in findings
            .iter_mut()
            .filter_map(|finding| finding.place.as_mut())
        {
            file.clone_into(&mut place.file);
        }
        findings
    }

    /// Appends the row to a text, without a line end.
    pub(super) fn render(&self, line: &mut String) {
        let Stamp {
            len,
            modified,
            changed,
        } = self.stamp;
        let sealed = u8::from(self.is_sealed);
        line.push_str(&format!(
            "{}\t{len}\t{modified}\t{changed}\t{sealed}",
            self.file
        ));
        let mut field = |text: &str| {
            line.push('\t');
            for c in text.chars() {
                match c {
                    '\t' => line.push_str("\\t"),
                    '\n' => line.push_str("\\n"),
                    '\r' => line.push_str("\\r"),
                    '\\' => line.push_str("\\\\"),
                    c => line.push(c),
                }
            }
        };
        for finding in &self.findings {
            let position = finding
                .place
                .as_ref()
                .and_then(|place| place.position.as_ref());
            field(&finding.code);
            field(&finding.message);
            field(finding.help.as_deref().unwrap_or_default());
            field(&position.map_or(0, |at| at.line).to_string());
            field(&position.map_or(0, |at| at.column).to_string());
            field(position.map_or("", |at| &at.excerpt));
        }
    }

    /// Reads a line that [`Row::render`] has written.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split('\t');
        let file = fields.next()?.to_owned();
        let stamp = Stamp {
            len: fields.next()?.parse().ok()?,
            modified: fields.next()?.parse().ok()?,
            changed: fields.next()?.parse().ok()?,
        };
        let is_sealed = match fields.next()? {
            "0" => false,
            "1" => true,
            _ => return None,
        };
        let mut findings = Vec::new();
        while let Some(code) = fields.next() {
            let mut finding = Diagnostic::warning(unescape(code), unescape(fields.next()?));
            let help = unescape(fields.next()?);
            finding.help = (!help.is_empty()).then_some(help);
            let position = Position {
                line: fields.next()?.parse().ok()?,
                column: fields.next()?.parse().ok()?,
                excerpt: unescape(fields.next()?),
            };
            finding.place = Some(Place {
                file: file.clone(),
                position: (position.line > 0).then_some(position),
            });
            findings.push(finding);
        }
        Some(Self {
            file,
            stamp,
            is_sealed,
            findings,
        })
    }
}

fn unescape(field: &str) -> String {
    let mut text = String::with_capacity(field.len());
    let mut chars = field.chars();
    while let Some(c) = chars.next() {
        text.push(match c {
            '\\' => match chars.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some(other) => other,
                None => break,
            },
            c => c,
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let position = Position {
            line: 3,
            column: 7,
            excerpt: "\tselect '\\n'\r".to_owned(),
        };
        let row = Row {
            file: "patches/Größe 1.sql".to_owned(),
            stamp: Stamp {
                len: 1,
                modified: u64::MAX,
                changed: 3,
            },
            is_sealed: true,
            findings: vec![
                Diagnostic::warning("a", "one\ntwo\\three")
                    .at("patches/Größe 1.sql", position)
                    .help("h"),
                Diagnostic::warning("b", "").in_file("patches/Größe 1.sql"),
            ],
        };
        let mut line = String::new();
        row.render(&mut line);
        assert_eq!(line.lines().count(), 1);
        assert_eq!(Row::parse(&line), Some(row));
        assert_eq!(Row::parse("patches/a.sql\t1\t2"), None);
    }
}
