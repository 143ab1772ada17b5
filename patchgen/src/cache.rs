//! Verdicts of the build before, in `OUT_DIR`, so that a build reads and judges only what has changed.
//!
//! The patches themselves are the encoded set of that build; beside it stands what the set does not tell.

use crate::codegen::{INDEX, TEXT, write_if_changed};
use crate::diagnostic::{Diagnostic, Diagnostics, Place, Position};
use crate::rule::Rules;
use crate::scan::{Found, Stamp};
use crate::verdict::Context;
use patchgen_model::{Checksum, Encoded, Grammar, Patch, PatchSet};
use std::collections::HashMap;
use std::path::Path;

const ROWS: &str = "patches.cache";

/// A file changed so shortly before a build may change again without another time; it is read again next time.
const SHORTLY: u64 = 2_000_000_000;

/// What an earlier build left.
#[derive(Default)]
pub(crate) struct Cache {
    encoded: Encoded,
    rows: Vec<Row>,
    by_file: HashMap<String, usize>,
    by_checksum: HashMap<Checksum, usize>,
}

/// What is known of a file besides its patch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Row {
    file: String,
    stamp: Stamp,
    pub(crate) is_sealed: bool,
    /// Warnings, all at a place in the file or of the file.
    findings: Vec<Diagnostic>,
}

impl Row {
    /// `started` is when the build that read the file began, in nanoseconds since 1970.
    pub(crate) fn new(
        found: &Found,
        started: u64,
        is_sealed: bool,
        findings: &[Diagnostic],
    ) -> Self {
        let latest = found.stamp.modified.max(found.stamp.changed);
        let is_settled = latest < started.saturating_sub(SHORTLY);
        Self {
            file: found.file.clone(),
            stamp: if is_settled {
                found.stamp
            } else {
                Stamp::default()
            },
            is_sealed,
            findings: findings.to_vec(),
        }
    }

    /// The warnings, as they are for another file with the same text.
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
}

impl Cache {
    /// Reads what the build before left in a folder; nothing if it had other rules or was another version.
    pub(crate) fn load(out: &Path, rules: &Rules) -> Self {
        Self::read(out, rules).unwrap_or_default()
    }

    fn read(out: &Path, rules: &Rules) -> Option<Self> {
        let rows = std::fs::read_to_string(out.join(ROWS)).ok()?;
        let mut lines = rows.lines();
        let text = std::fs::read_to_string(out.join(TEXT)).ok()?;
        let index = std::fs::read(out.join(INDEX)).ok()?;
        let encoded = Encoded { text, index };
        if lines.next()? != title(rules, &encoded) {
            return None;
        }
        let set = PatchSet::decode(&encoded.text, &encoded.index).ok()?;
        let rows = lines.map(parse).collect::<Option<Vec<_>>>()?;
        if rows.len() != set.len() {
            return None;
        }
        let by_file = rows.iter().enumerate();
        let by_file = by_file.map(|(at, row)| (row.file.clone(), at)).collect();
        let by_checksum = set.iter().enumerate();
        let by_checksum = by_checksum
            .map(|(at, patch)| (patch.checksum(), at))
            .collect();
        Some(Self {
            encoded,
            rows,
            by_file,
            by_checksum,
        })
    }

    fn get(&self, at: usize, context: Context) -> Option<(Patch<'_>, &Row)> {
        let set = PatchSet::__embedded(&self.encoded.text, &self.encoded.index);
        let (patch, row) = (set.get(at)?, self.rows.get(at)?);
        let named_kind = (patch.grammar() == Grammar::Launchpad).then(|| patch.kind());
        let same = Context {
            grammar: patch.grammar(),
            named_kind,
            is_baseline: patch.is_baseline(),
            is_bootstrap: patch.is_bootstrap(),
            is_sealed: row.is_sealed,
        };
        (same == context).then_some((patch, row))
    }

    /// The patch of a file that is as it was, judged in the same context.
    pub(crate) fn unchanged(
        &self,
        found: &Found,
        context: impl Fn(Checksum) -> Context,
    ) -> Option<(Patch<'_>, &Row)> {
        let at = *self.by_file.get(&found.file)?;
        if self.rows.get(at)?.stamp != found.stamp {
            return None;
        }
        let set = PatchSet::__embedded(&self.encoded.text, &self.encoded.index);
        self.get(at, context(set.get(at)?.checksum()))
    }

    /// A patch with this text, judged in the same context.
    pub(crate) fn same_text(
        &self,
        checksum: Checksum,
        context: Context,
    ) -> Option<(Patch<'_>, &Row)> {
        self.get(*self.by_checksum.get(&checksum)?, context)
    }

    /// Leaves the set of this build, and what is known besides, for the next one.
    pub(crate) fn save(
        &self,
        out: &Path,
        rules: &Rules,
        encoded: &Encoded,
        rows: &[Row],
    ) -> Result<(), Diagnostics> {
        let mut text = title(rules, encoded);
        for row in rows {
            text.push('\n');
            render(row, &mut text);
        }
        let unchanged = self.encoded == *encoded && self.rows == rows;
        if unchanged && out.join(ROWS).exists() {
            return Ok(());
        }
        // If the build is interrupted here, the next one finds no cache instead of one that does not fit.
        let _ = std::fs::remove_file(out.join(ROWS));
        write_if_changed(
            &out.join(TEXT),
            self.encoded.text.as_bytes(),
            encoded.text.as_bytes(),
        )?;
        write_if_changed(&out.join(INDEX), &self.encoded.index, &encoded.index)?;
        write_if_changed(&out.join(ROWS), &[], text.as_bytes())
    }
}

/// What must be the same for a verdict to hold: the rules, and the program that has judged. (A version does not tell
/// which features that had.) The lengths are those of the set that the rows belong to.
fn title(rules: &Rules, encoded: &Encoded) -> String {
    let judge = std::env::current_exe().and_then(std::fs::metadata);
    let judge = judge
        .map(|metadata| Stamp::of(&metadata))
        .unwrap_or_default();
    let (text, index) = (encoded.text.len(), encoded.index.len());
    format!(
        "patchgen {} {} {rules:?} {text} {index}",
        judge.len, judge.modified
    )
}

fn render(row: &Row, line: &mut String) {
    let Stamp {
        len,
        modified,
        changed,
    } = row.stamp;
    let sealed = u8::from(row.is_sealed);
    line.push_str(&format!(
        "{}\t{len}\t{modified}\t{changed}\t{sealed}",
        row.file
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
    for finding in &row.findings {
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

fn parse(line: &str) -> Option<Row> {
    let mut fields = line.split('\t');
    let file = fields.next()?.to_owned();
    let stamp = Stamp {
        len: fields.next()?.parse().ok()?,
        modified: fields.next()?.parse().ok()?,
        changed: fields.next()?.parse().ok()?,
    };
    let is_sealed = fields.next()? == "1";
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
    Some(Row {
        file,
        stamp,
        is_sealed,
        findings,
    })
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
    use crate::build::Build;
    use crate::pipeline;
    use std::fs;

    #[test]
    fn a_row_reads_as_it_was_written() {
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
        render(&row, &mut line);
        assert_eq!(line.lines().count(), 1);
        assert_eq!(parse(&line), Some(row));
        assert_eq!(parse("patches/a.sql\t1\t2"), None);
    }

    /// With a cache a build says what it says without one, whatever happens between two builds.
    #[test]
    fn a_build_with_a_cache_is_like_one_without() {
        let folder = tempfile::tempdir().unwrap();
        let out = tempfile::tempdir().unwrap();
        let name = |name: &str| folder.path().join(name);
        let build = || {
            Build::new()
                .base(folder.path())
                .patches("*.sql")
                .database("kennel")
        };
        let both = |build: Build| {
            let kept = pipeline::run(&build, Some(out.path()));
            assert_eq!(kept, build.run());
            kept
        };
        let a = name("kennel.20240131.0001.postgres.a.sql");
        let b = name("kennel.20240131.0002.postgres.b.sql");
        fs::write(&a, "begin;\nselect 1; -- a\nend;\n").unwrap();
        fs::write(&b, "select 1;\nvacuum;\n").unwrap();
        assert!(both(build()).is_err());
        fs::write(&b, "select 1;\n").unwrap();
        assert_eq!(both(build()).unwrap().warnings.len(), 1);
        assert!(both(build().deny("transaction-pair")).is_err());
        // The same length, and perhaps the same time.
        fs::write(&a, "begin;\nselect 2; -- b\nend;\n").unwrap();
        assert!(both(build()).is_ok());
        // The same text as another kind, and as a baseline.
        let vacuum = name("patch-1-1-0-concurrent.sql");
        fs::write(&vacuum, "vacuum;\n").unwrap();
        assert!(both(build()).is_ok());
        fs::rename(&vacuum, name("patch-1-1-0-std.sql")).unwrap();
        assert!(both(build()).is_err());
        fs::rename(
            name("patch-1-1-0-std.sql"),
            name("kennel.00000000.0000.u.v.sql"),
        )
        .unwrap();
        assert!(both(build()).is_ok());
        fs::rename(&a, name("kennel.20240131.0003.postgres.c.sql")).unwrap();
        assert!(both(build()).is_ok());
    }

    #[test]
    fn a_verdict_is_kept_until_the_text_or_the_rules_change() {
        let folder = tempfile::tempdir().unwrap();
        let out = tempfile::tempdir().unwrap();
        let build = || Build::new().base(folder.path()).patches("*.sql");
        let run = |build: Build| {
            let output = pipeline::run(&build, Some(out.path())).unwrap();
            output.warnings().to_string()
        };
        let patch = folder.path().join("kennel.20240131.0001.postgres.a.sql");
        fs::write(&patch, "begin; select 1; end;").unwrap();
        assert!(run(build()).contains("transaction-pair"));
        let rows = out.path().join(ROWS);
        let kept = fs::read_to_string(&rows).unwrap();
        fs::write(&rows, kept.replace("begins and ends", "was judged before")).unwrap();
        assert!(run(build()).contains("was judged before"));
        assert!(!run(build().warn("empty-patch")).contains("was judged before"));
        // What is damaged is not believed.
        for file in [ROWS, TEXT, INDEX] {
            fs::write(out.path().join(file), "x").unwrap();
            assert!(run(build()).contains("begins and ends"));
        }
    }
}
