//! Directives: comment lines `-- patch: key=value` before the first statement.

mod comment;
mod conflict;
mod key;
mod value;

use crate::spelling::nearest;
use crate::sql::lexer::Tokens;
use crate::sql::{Fault, StringMode};
use comment::{Comment, Meaning, SHAPE, comments};
use key::KEYS;
use patchgen_model::{Kind, ScriptMode};
use std::ops::Range;
use std::time::Duration;
use value::{ValueError, list, rules, timeout, word};

/// Directives of a patch.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Directives {
    pub(crate) kind: Option<Kind>,
    pub(crate) lock_timeout: Option<Duration>,
    pub(crate) statement_timeout: Option<Duration>,
    pub(crate) allow: Vec<String>,
    /// `true` if the patch has `syntax=unchecked`.
    pub(crate) unchecked: bool,
    pub(crate) script: Option<ScriptMode>,
    /// Key and offset of each directive.
    offsets: Vec<(&'static str, usize)>,
}

impl Directives {
    /// Returns the offset of a directive that is given.
    fn offset(&self, key: &str) -> usize {
        let found = self.offsets.iter().find(|(given, _)| *given == key);
        found.map_or(0, |(_, offset)| *offset)
    }
}

fn fault(offset: usize, message: impl Into<String>, help: impl Into<String>) -> Fault {
    Fault {
        offset,
        code: "directive",
        message: message.into(),
        help: Some(help.into()),
    }
}

/// Reads the directives in the comments before the first statement.
pub(crate) fn read(text: &str, leading: Range<usize>) -> (Directives, Vec<Fault>) {
    let mut directives = Directives::default();
    let mut faults = Vec::new();
    for comment in comments(&text[leading.clone()]) {
        let offset = leading.start + comment.offset;
        match comment.meaning() {
            Meaning::Remark => {}
            Meaning::NearMiss(written) | Meaning::Bare(written) => {
                let message = format!("`{written}` is not how a directive is written");
                faults.push(fault(offset, message, SHAPE));
            }
            Meaning::Directive(rest) => {
                if let Err(fault) = directives.add(offset, rest) {
                    faults.push(fault);
                }
            }
        }
    }
    (directives, faults)
}

/// Reports directives in white space and comments after the first statement, where they have no effect.
pub(crate) fn stray(text: &str, space: Range<usize>) -> Vec<Fault> {
    let is_directive = |comment: &Comment<'_>| {
        matches!(
            comment.meaning(),
            Meaning::Directive(_) | Meaning::NearMiss(_)
        )
    };
    comments(&text[space.clone()])
        .into_iter()
        .filter(is_directive)
        .map(|comment| {
            fault(
                space.start + comment.offset,
                "a directive behind the first statement",
                "move it to the first lines of the file",
            )
        })
        .collect()
}

/// Reports directives in the comments within a statement, where they have no effect either.
pub(crate) fn within(text: &str, statement: Range<usize>, string_mode: StringMode) -> Vec<Fault> {
    let written = &text[statement.clone()];
    if !written.contains("patch") || !written.contains(['-', '/']) {
        return Vec::new();
    }
    let mut faults = Vec::new();
    let mut end = 0;
    for token in Tokens::new(written, string_mode) {
        let space = statement.start + end..statement.start + token.range.start;
        faults.extend(stray(text, space));
        end = token.range.end;
    }
    faults
}

impl Directives {
    /// Adds a directive; `directive` is its text after `-- patch: `.
    fn add(&mut self, offset: usize, directive: &str) -> Result<(), Fault> {
        let (written, value) = match directive.split_once('=') {
            Some((key, value)) if !key.is_empty() => (key, value),
            _ => {
                let message = format!("`{directive}` is not of the form `key=value`");
                return Err(fault(offset, message, SHAPE));
            }
        };
        let Some(key) = KEYS.into_iter().find(|key| *key == written) else {
            let help = match nearest(written.trim(), KEYS) {
                Some(key) => format!("write `{key}={}`", value.trim()),
                None => format!("there are {}", list(&KEYS)),
            };
            return Err(fault(offset, format!("`{written}` is no directive"), help));
        };
        if self.offsets.iter().any(|(given, _)| *given == key) {
            let help = match key {
                "allow" => "name all rules in one line: `-- patch: allow=one,other`",
                _ => "keep one of them",
            };
            return Err(fault(offset, format!("`{key}` is given twice"), help));
        }
        self.offsets.push((key, offset));
        self.set(key, value)
            .map_err(|(message, help)| fault(offset, message, help))
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), ValueError> {
        match key {
            "kind" => {
                self.kind = Some(word(
                    key,
                    value,
                    Kind::ALL.map(|kind| (kind.as_str(), kind)),
                )?)
            }
            "lock_timeout" => self.lock_timeout = Some(timeout(key, value)?),
            "statement_timeout" => self.statement_timeout = Some(timeout(key, value)?),
            "allow" => self.allow = rules(value)?,
            "syntax" => self.unchecked = word(key, value, [("unchecked", true)])?,
            _ => {
                let modes = [("native", ScriptMode::Native), ("psql", ScriptMode::Psql)];
                self.script = Some(word(key, value, modes)?);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(text: &str) -> (Directives, Vec<Fault>) {
        read(text, 0..text.len())
    }

    #[test]
    fn every_directive() {
        let text = "-- A title\n\n  -- patch: kind=concurrent\n/* patches /* breeds */ */\n\
            -- patch: lock_timeout=1.5min  \n-- patch: statement_timeout=0\n\
            -- patch: allow=ban-drop-table,other\n-- patch: syntax=unchecked\n-- patch: script=psql";
        let (directives, faults) = read_all(text);
        assert_eq!(faults, []);
        assert_eq!(directives.kind, Some(Kind::Concurrent));
        assert_eq!(directives.lock_timeout, Some(Duration::from_secs(90)));
        assert_eq!(directives.statement_timeout, Some(Duration::ZERO));
        assert_eq!(directives.allow, ["ban-drop-table", "other"]);
        assert!(directives.unchecked);
        assert_eq!(directives.script, Some(ScriptMode::Psql));
        assert_eq!(
            directives.offset("lock_timeout"),
            text.find("-- patch: lock").unwrap()
        );
    }

    #[test]
    fn a_misspelt_directive_is_a_fault() {
        let comments = [
            "-- patch: knid=std",
            "-- patch: owner=me",
            "-- patch: kind=Direct",
            "-- patch: kind=online",
            "-- patch: kind = std",
            "-- patch: kind=std lock_timeout=5s",
            "-- patch: fixes the names",
            "-- patch: =std",
            "-- patch: lock_timeout=5 seconds",
            "-- patch: allow=a, b",
            "-- patch: allow=",
            "-- patch: syntax=checked",
            "-- patch: script=bash",
            "-- patch:kind=std",
            "--patch: kind=std",
            "-- pacth: kind=std",
            "-- Patch: kind=std",
            "-- patch : kind=std",
            "-- patch kind=std",
            "--  patch: kind=std",
            "---- patch: kind=std",
            "/* patch: kind=std */",
            "/*\n * Adds breeds.\n * patch: kind=std\n */",
            "-- patches: kind=std",
            "-- patch: ",
            "-- kind=concurrent",
        ];
        let shown: Vec<_> = comments
            .iter()
            .map(|comment| {
                let (_, faults) = read_all(comment);
                let [fault] = &faults[..] else {
                    panic!("{comment}: {faults:?}");
                };
                let help = fault.help.as_deref().unwrap_or_default();
                format!("{comment}\n    {}\n    {help}", fault.message)
            })
            .collect();
        insta::assert_snapshot!(shown.join("\n"));
    }

    #[test]
    fn other_comments_are_ignored() {
        for comment in [
            "-- Patch for the kennel",
            "-- patch",
            "-- match: a = b",
            "-- patch level = 3",
            "-- path: x=y",
            "-- batch size=10",
            "-- the kind=direct way is slower",
            "-- a/b - c",
            "/* patch */",
            "-- kind of",
        ] {
            assert_eq!(read_all(comment).1, [], "{comment}");
        }
    }

    #[test]
    fn a_directive_counts_once_and_only_before_the_first_statement() {
        let (_, faults) = read_all("-- patch: kind=std\n-- patch: kind=direct\n");
        assert_eq!(faults[0].offset, 19);
        assert_eq!(faults[0].message, "`kind` is given twice");
        let text = "select 1; -- patch: kind=std\n-- a remark\n";
        let faults = stray(text, 8..text.len());
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].offset, 10);
    }
}
