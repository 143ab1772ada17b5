//! Results of the previous build, in `OUT_DIR`, so that a build reads and analyses only files that have changed.
//!
//! The patches are the encoded set of that build. A third file beside its two has what the set does not contain.

mod row;
mod stamp;

use super::codegen::{INDEX, TEXT, write_if_changed};
use super::fingerprint::fingerprint;
use super::named_file::NamedFile;
use crate::diagnostic::Diagnostics;
use crate::patch::Attributes;
use crate::rule::Rules;
use patchgen_model::{Checksum, Encoded, Grammar, Patch, PatchSet};
use stamp::Stamp;
use std::collections::HashMap;
use std::path::Path;

pub(crate) use row::Row;

/// File in `OUT_DIR` with what the encoded set does not contain.
pub(crate) const ROWS: &str = "patches.cache";

/// Results of the previous build.
#[derive(Default)]
pub(crate) struct Cache {
    encoded: Encoded,
    rows: Vec<Row>,
    by_file: HashMap<String, usize>,
    by_checksum: HashMap<Checksum, usize>,
}

impl Cache {
    /// Reads the results of the previous build from a folder. They are empty if that build had other rules or ran in another
    /// program, or if one of the files is damaged.
    pub(crate) fn load(out: &Path, rules: &Rules) -> Self {
        Self::read(out, rules).unwrap_or_default()
    }

    fn read(out: &Path, rules: &Rules) -> Option<Self> {
        let file = std::fs::read_to_string(out.join(ROWS)).ok()?;
        let text = std::fs::read_to_string(out.join(TEXT)).ok()?;
        let index = std::fs::read(out.join(INDEX)).ok()?;
        let encoded = Encoded { text, index };
        let rows = file.strip_prefix(&header(rules))?.strip_prefix('\n')?;
        let (digest, rows) = rows.split_at_checked(DIGEST_LEN)?;
        if digest != self::digest(&encoded, rows) {
            return None;
        }
        let set = PatchSet::decode(&encoded.text, &encoded.index).ok()?;
        let rows = rows.lines().skip(1).map(Row::parse);
        let rows = rows.collect::<Option<Vec<_>>>()?;
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

    fn get(&self, at: usize, attributes: Attributes) -> Option<(Patch<'_>, &Row)> {
        let set = PatchSet::__embedded(&self.encoded.text, &self.encoded.index);
        let (patch, row) = (set.get(at)?, self.rows.get(at)?);
        let named_kind = (patch.grammar() == Grammar::Launchpad).then(|| patch.kind());
        let same = Attributes {
            grammar: patch.grammar(),
            named_kind,
            is_baseline: patch.is_baseline(),
            is_bootstrap: patch.is_bootstrap(),
            is_sealed: row.is_sealed,
        };
        (same == attributes).then_some((patch, row))
    }

    /// Returns the patch of a file that has not changed, if its attributes have not changed either.
    pub(crate) fn unchanged(
        &self,
        named: &NamedFile<'_>,
        attributes: impl Fn(Checksum) -> Attributes,
    ) -> Option<(Patch<'_>, &Row)> {
        let at = *self.by_file.get(named.file)?;
        if self.rows.get(at)?.stamp != Stamp::of(named.metadata) {
            return None;
        }
        let set = PatchSet::__embedded(&self.encoded.text, &self.encoded.index);
        self.get(at, attributes(set.get(at)?.checksum()))
    }

    /// Returns a patch with the same text and the same attributes.
    pub(crate) fn same_text(
        &self,
        checksum: Checksum,
        attributes: Attributes,
    ) -> Option<(Patch<'_>, &Row)> {
        self.get(*self.by_checksum.get(&checksum)?, attributes)
    }

    /// Writes the results of this build for the next one.
    pub(crate) fn save(
        &self,
        out: &Path,
        rules: &Rules,
        encoded: &Encoded,
        rows: &[Row],
    ) -> Result<(), Diagnostics> {
        let unchanged = self.encoded == *encoded && self.rows == rows;
        if unchanged && out.join(ROWS).exists() {
            return Ok(());
        }
        let mut lines = String::new();
        for row in rows {
            lines.push('\n');
            row.render(&mut lines);
        }
        let digest = digest(encoded, &lines);
        let file = format!("{}\n{digest}{lines}", header(rules));
        // If the build is interrupted here, the next one finds no cache instead of one that does not fit.
        let _ = std::fs::remove_file(out.join(ROWS));
        let Encoded { text, index } = &self.encoded;
        write_if_changed(&out.join(TEXT), text.as_bytes(), encoded.text.as_bytes())?;
        write_if_changed(&out.join(INDEX), index, &encoded.index)?;
        write_if_changed(&out.join(ROWS), &[], file.as_bytes())
    }
}

/// Version of the analysis. Raise it when an analysis has other results, so that no older ones are used even if the program's
/// file has the same length and time as before.
const ANALYSIS: u32 = 2;

/// Returns the rules and the program that results are valid for. The program is also identified by its file, because its
/// version does not show its features.
fn header(rules: &Rules) -> String {
    let program = std::env::current_exe().and_then(std::fs::metadata);
    let program = program
        .map(|metadata| Stamp::of(&metadata))
        .unwrap_or_default();
    let Stamp { len, modified, .. } = program;
    let version = env!("CARGO_PKG_VERSION");
    format!("patchgen {version} {ANALYSIS} {len} {modified} {rules:?}")
}

const DIGEST_LEN: usize = 16;

/// Returns a digest of all three files, so that a damaged one is noticed.
fn digest(encoded: &Encoded, rows: &str) -> String {
    let parts = [encoded.text.as_bytes(), &encoded.index, rows.as_bytes()];
    format!("{:016x}", fingerprint(&parts))
}

/// Updates the digest after an edit, so that a test can recognise results that come from the cache.
#[cfg(test)]
pub(crate) fn update_digest(out: &Path) -> Option<()> {
    let file = std::fs::read_to_string(out.join(ROWS)).ok()?;
    let encoded = Encoded {
        text: std::fs::read_to_string(out.join(TEXT)).ok()?,
        index: std::fs::read(out.join(INDEX)).ok()?,
    };
    let (header, rest) = file.split_once('\n')?;
    let rows = &rest[DIGEST_LEN..];
    let digest = digest(&encoded, rows);
    std::fs::write(out.join(ROWS), format!("{header}\n{digest}{rows}")).ok()
}
