//! Source code that embeds an encoded set in a program.

use super::fingerprint::fingerprint;
use crate::diagnostic::{Diagnostic, Diagnostics};
use patchgen_model::Encoded;
use std::path::Path;

/// File in `OUT_DIR` that a program includes.
pub(crate) const SOURCE: &str = "patches.rs";
/// File beside it with the text of the set.
pub(crate) const TEXT: &str = "patches.txt";
/// File beside it with the index of the set.
pub(crate) const INDEX: &str = "patches.idx";

/// Returns the expression of a set, from expressions for its text and its index.
///
/// It is the same for the build script and the macro, and its size does not depend on the number of patches.
#[must_use]
pub fn render(text: &str, index: &str) -> String {
    format!("::patchgen_runtime::PatchSet::__embedded({text}, {index})")
}

/// Writes the source that includes the text and the index of a set from the same folder.
pub(crate) fn write(out: &Path, encoded: &Encoded) -> Result<(), Diagnostics> {
    let in_out = |file| format!("(concat!(env!(\"OUT_DIR\"), \"/{file}\"))");
    let set = render(
        &format!("include_str!{}", in_out(TEXT)),
        &format!("include_bytes!{}", in_out(INDEX)),
    );
    let source = format!(
        "// Made by patchgen {}.\n{}\n{set}\n",
        env!("CARGO_PKG_VERSION"),
        digest_line(encoded.text.as_bytes(), &encoded.index)
    );
    let path = out.join(SOURCE);
    let old = std::fs::read(&path).unwrap_or_default();
    write_if_changed(&path, &old, source.as_bytes())
}

/// Error for files in `OUT_DIR` that cannot be included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IncludeError {
    /// No build script has written them.
    Missing,
    /// They are not as the build script has written them.
    Damaged,
}

/// Checks that the files in `OUT_DIR` are as the build script has written them.
///
/// # Errors
/// If they are missing or damaged.
pub fn check(out: &Path) -> Result<(), IncludeError> {
    let Ok(source) = std::fs::read_to_string(out.join(SOURCE)) else {
        return Err(match out.join(SOURCE).exists() {
            true => IncludeError::Damaged,
            false => IncludeError::Missing,
        });
    };
    match (
        std::fs::read(out.join(TEXT)),
        std::fs::read(out.join(INDEX)),
    ) {
        (Ok(text), Ok(index)) if source.lines().nth(1) == Some(&digest_line(&text, &index)) => {
            Ok(())
        }
        _ => Err(IncludeError::Damaged),
    }
}

/// Returns the line of the source that identifies the text and the index.
fn digest_line(text: &[u8], index: &[u8]) -> String {
    format!("// {:016x}", fingerprint(&[text, index]))
}

/// Writes a file unless its content, `old`, is the same, so that cargo does not compile again because of it.
pub(crate) fn write_if_changed(path: &Path, old: &[u8], new: &[u8]) -> Result<(), Diagnostics> {
    if old == new && path.exists() {
        return Ok(());
    }
    std::fs::write(path, new).map_err(|error| {
        let message = format!("cannot be written: {error}");
        Diagnostic::error("unwritable", message)
            .in_file(&path.to_string_lossy())
            .into()
    })
}
