//! Globs, in the parts that a scan needs.

use glob::MatchOptions;
use std::path::{Component, Path, PathBuf};

/// Rules by which a path matches a pattern.
pub(super) const MATCHING: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// Returns the glob with its final `.sql` in any case, so that `X.SQL` is found and reported.
pub(super) fn any_case_extension(glob: &str) -> String {
    match glob.strip_suffix(".sql") {
        Some(stem) if has_wildcard(stem) => format!("{stem}.[sS][qQ][lL]"),
        _ => glob.to_owned(),
    }
}

/// Returns `true` if a text has a wildcard.
fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Returns the folder that a glob searches, or the file that it names if it has no wildcard.
pub(crate) fn root(glob: &str) -> PathBuf {
    split(glob).0
}

/// Splits a glob before its first part with a wildcard.
pub(super) fn split(glob: &str) -> (PathBuf, String) {
    let parts: Vec<Component<'_>> = Path::new(glob)
        .components()
        .filter(|part| *part != Component::CurDir)
        .collect();
    let wild = parts
        .iter()
        .position(|part| has_wildcard(&part.as_os_str().to_string_lossy()));
    let (root, rest) = parts.split_at(wild.unwrap_or(parts.len()));
    let root = if root.is_empty() {
        PathBuf::from(".")
    } else {
        root.iter().collect()
    };
    let rest: Vec<_> = rest
        .iter()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    (root, rest.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_of_a_glob_is_its_part_before_the_first_wildcard() {
        for (glob, expected) in [
            ("patches/**/*.sql", "patches"),
            ("./a/b/c?.sql", "a/b"),
            ("../x/[ab]/y.sql", "../x"),
            ("*.sql", "."),
            ("a/b.sql", "a/b.sql"),
            ("/srv/patches/*", "/srv/patches"),
        ] {
            assert_eq!(root(glob), Path::new(expected), "{glob}");
        }
    }
}
