//! Dotted names: `database.YYYYMMDD.NNNN.user.description.sql`.

use super::{Name, NameError, SHAPES};
use patchgen_model::{Grammar, Version};

const PARTS: [&str; 5] = [
    "database",
    "major version",
    "minor version",
    "user",
    "description",
];

pub(super) fn parse(stem: &str) -> Result<Name<'_>, NameError> {
    if let Some(space) = stem.chars().find(|c| c.is_whitespace()) {
        let space = if space == ' ' {
            "a space"
        } else {
            "white space"
        };
        let message = format!("the name contains {space}");
        return Err(NameError::new(message, "write `_` or `-` between words"));
    }
    let parts: Vec<&str> = stem.split('.').collect();
    let [database, major, minor, user, description] = parts[..] else {
        return Err(wrong_count(&parts));
    };
    if let Some(empty) = parts.iter().position(|part| part.is_empty()) {
        return Err(NameError::new(
            format!("the {} is empty", PARTS[empty]),
            SHAPES,
        ));
    }
    if is_number(major, 4) && is_number(minor, 8) {
        return Err(NameError::new(
            format!("the minor version `{major}` stands before the major version `{minor}`"),
            format!("write `{minor}.{major}`"),
        ));
    }
    identifier("database", database)?;
    let version = Version {
        major: number("major version", major, 8, "20240131")?,
        minor: number("minor version", minor, 4, "0001")?,
        point: 0,
    };
    identifier("user", user)?;
    words(description)?;
    Ok(Name {
        grammar: Grammar::Dotted,
        database: Some(database),
        version,
        user: Some(user),
        description,
        kind: None,
    })
}

fn is_number(part: &str, digits: usize) -> bool {
    part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the error for a name that has not five parts. The place of the versions shows which part is missing or contains a
/// dot.
fn wrong_count(parts: &[&str]) -> NameError {
    let major = parts.iter().position(|part| is_number(part, 8));
    let minor = parts.iter().position(|part| is_number(part, 4));
    let missing = |part: &str| NameError::new(format!("the {part} missing"), SHAPES);
    match (parts.len(), major, minor) {
        (1, ..) => NameError::new("the name follows neither grammar", SHAPES),
        (_, Some(0), _) => missing("database is"),
        (2..=4, None, Some(1)) => missing("major version is"),
        (2..=4, Some(1), None) if parts.len() > 2 && !starts_with_digit(parts[2]) => {
            missing("minor version is")
        }
        (3, Some(1), Some(2)) => missing("user and the description are"),
        (4, Some(1), Some(2)) => missing("user or the description is"),
        (count, ..) if count < 5 => NameError::new(
            format!("the name has {count} parts between its dots, not 5"),
            SHAPES,
        ),
        (_, Some(1), Some(2)) => NameError::new(
            format!("the description `{}` contains a dot", parts[4..].join(".")),
            format!("write `{}`", parts[4..].join("_")),
        ),
        (_, Some(at), Some(next)) if next == at + 1 => NameError::new(
            format!("the database `{}` contains a dot", parts[..at].join(".")),
            format!("write `{}`", parts[..at].join("_")),
        ),
        (count, ..) => NameError::new(
            format!("the name has {count} parts between its dots, not 5"),
            SHAPES,
        ),
    }
}

fn starts_with_digit(part: &str) -> bool {
    part.starts_with(|c: char| c.is_numeric())
}

fn number(what: &str, part: &str, digits: usize, example: &str) -> Result<u32, NameError> {
    let help = format!("write {digits} digits, such as `{example}`");
    if let Some(other) = part.chars().find(|c| !c.is_ascii_digit()) {
        let message = format!("the {what} `{part}` contains `{other}`, not only digits");
        return Err(NameError::new(message, help));
    }
    if part.len() != digits {
        let message = format!(
            "the {what} `{part}` has {} digit{}, not {digits}",
            part.len(),
            if part.len() == 1 { "" } else { "s" }
        );
        return Err(NameError::new(message, help));
    }
    Ok(part
        .bytes()
        .fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
}

/// Checks the name of a database or a role.
pub(super) fn identifier(what: &str, part: &str) -> Result<(), NameError> {
    let Some(first) = part.chars().next() else {
        return Err(NameError::new(format!("the {what} is empty"), SHAPES));
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if let Some(other) = part.chars().find(|c| !allowed(*c)) {
        return Err(NameError::new(
            format!("the {what} `{part}` contains `{}`", other.escape_debug()),
            "use the letters a to z, digits, `_` and `-`",
        ));
    }
    if first.is_ascii_digit() || first == '-' {
        let first = if first == '-' { "`-`" } else { "a digit" };
        return Err(NameError::new(
            format!("the {what} `{part}` begins with {first}"),
            "begin it with a letter or `_`",
        ));
    }
    if part.len() > 63 {
        return Err(NameError::new(
            format!("the {what} has {} bytes; PostgreSQL keeps 63", part.len()),
            "shorten it",
        ));
    }
    Ok(())
}

fn words(description: &str) -> Result<(), NameError> {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '+') || is_mark(c);
    match description.chars().find(|c| !allowed(*c)) {
        None => Ok(()),
        Some(other) => Err(NameError::new(
            format!(
                "the description `{}` contains `{}`",
                description.escape_debug(),
                other.escape_debug()
            ),
            "use letters, digits, `_`, `-` and `+`",
        )),
    }
}

/// Returns `true` for marks that are part of a letter although Unicode does not call them alphabetic: combining accents (in
/// names that macOS has decomposed), and the viramas, dots and tone marks of Indic and South-East Asian scripts.
fn is_mark(c: char) -> bool {
    let code = u32::from(c);
    let indic = (0x0900..0x0d80).contains(&code) && matches!(code & 0x7f, 0x3c | 0x4d);
    indic
        || matches!(
            code,
            0x0300..=0x036f
                | 0x0dca
                | 0x0e47..=0x0e4e
                | 0x0ec8..=0x0ece
                | 0x1037..=0x103a
                | 0x17c9..=0x17d3
                | 0x3099..=0x309a
        )
}
