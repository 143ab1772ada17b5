use crate::diagnostic::{Diagnostic, Diagnostics};
use std::path::Path;

/// The file in `OUT_DIR` that a program includes.
pub(crate) const SOURCE: &str = "patches.rs";
/// The text of the set beside it.
pub(crate) const TEXT: &str = "patches.txt";
/// The index of the set beside it.
pub(crate) const INDEX: &str = "patches.idx";

/// The expression that a set is in a program, from expressions for its text and its index.
///
/// It is the same for the build script and the macro, and its size does not depend on the number of patches.
#[must_use]
pub fn render(text: &str, index: &str) -> String {
    format!("::patchgen_runtime::PatchSet::__embedded({text}, {index})")
}

/// Writes the source that includes the text and the index in the same folder.
pub(crate) fn write(out: &Path) -> Result<(), Diagnostics> {
    let in_out = |file| format!("(concat!(env!(\"OUT_DIR\"), \"/{file}\"))");
    let set = render(
        &format!("include_str!{}", in_out(TEXT)),
        &format!("include_bytes!{}", in_out(INDEX)),
    );
    let source = format!(
        "// Made by patchgen {}.\n{set}\n",
        env!("CARGO_PKG_VERSION")
    );
    let path = out.join(SOURCE);
    let old = std::fs::read(&path).unwrap_or_default();
    write_if_changed(&path, &old, source.as_bytes())
}

/// Writes a file unless it has this content, so that cargo compiles nothing again for it.
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
