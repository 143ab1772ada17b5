//! Extension of the names of patch files: `.sql`.

use super::{NameError, SHAPES};

/// Removes the extension. For a file with another extension, the error names the probable cause.
pub(super) fn strip(name: &str) -> Result<&str, NameError> {
    let lower = name.to_lowercase();
    if is_backup(&lower) {
        return Err(NameError::new(
            "the file is a backup or a lock of an editor",
            "close the editor or delete the file",
        ));
    }
    if let Some(stem) = name.strip_suffix(".sql") {
        return match stem.strip_prefix('.') {
            None if !stem.is_empty() => Ok(stem),
            Some(rest) if is_version(rest) => Err(NameError::new(
                "the database, the first part of the name, is empty",
                SHAPES,
            )),
            _ => Err(NameError::new(
                "the file is hidden: its name begins with a dot",
                "rename it or delete it",
            )),
        };
    }
    if lower.ends_with(".sql") {
        let extension = &name[name.len() - 3..];
        return Err(NameError::new(
            format!("the extension `{extension}` is not in lower case"),
            "end the name in `.sql`",
        ));
    }
    if let Some((_, tail)) = lower.rsplit_once(".sql.") {
        return Err(NameError::new(
            format!("behind `.sql` follows `.{tail}`"),
            "end the name in `.sql`, or let the glob end so",
        ));
    }
    match name.rsplit_once('.') {
        Some((_, extension @ ("psql" | "pgsql" | "ddl" | "plsql"))) => Err(NameError::new(
            format!("the extension is `{extension}` instead of `sql`"),
            "end the name in `.sql`",
        )),
        _ => Err(NameError::new(
            "the name does not end in `.sql`",
            "rename the file, or let the glob end in `.sql` so that it matches patches only",
        )),
    }
}

fn is_backup(lower: &str) -> bool {
    const ENDINGS: [&str; 8] = ["~", "#", ".bak", ".orig", ".rej", ".swp", ".swo", ".tmp"];
    lower.starts_with(".#") || ENDINGS.iter().any(|ending| lower.ends_with(ending))
}

/// Returns `true` if a name begins with a major version, so that the part before it seems to be missing.
fn is_version(rest: &str) -> bool {
    rest.split('.')
        .next()
        .is_some_and(|part| part.len() == 8 && part.bytes().all(|byte| byte.is_ascii_digit()))
}
