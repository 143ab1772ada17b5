//! Launchpad names: `patch-major-minor-point-kind.sql`.

use super::{Name, NameError};
use crate::spelling::nearest;
use patchgen_model::{Grammar, Kind, Version};

const SHAPE: &str =
    "such names are `patch-major-minor-point-kind.sql`, for example `patch-2211-5-0-std.sql`";

/// Returns `true` if a name, valid or not, seems to be meant for this grammar.
pub(super) fn is_meant(stem: &str) -> bool {
    let Some((word, rest)) = stem.split_at_checked(5) else {
        return false;
    };
    if !word.eq_ignore_ascii_case("patch") || is_dotted(stem) {
        return false;
    }
    let rest = rest.strip_prefix(['-', '_', '.', ' ']).unwrap_or(rest);
    rest.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+')
        || !stem.contains('.') && (rest.is_empty() || stem[5..].starts_with(['-', '_']))
}

/// Returns `true` if a name has the five parts of the other grammar; `patch` may also be the name of a database.
fn is_dotted(stem: &str) -> bool {
    let parts: Vec<&str> = stem.split('.').collect();
    parts.len() == 5 && (parts[0].len() > 5 || parts[1].len() == 8)
}

pub(super) fn parse(stem: &str) -> Result<Name<'_>, NameError> {
    let Some(rest) = stem.strip_prefix("patch-") else {
        return Err(wrong_start(stem));
    };
    let parts: Vec<&str> = rest.split('-').collect();
    let complete = parts.len() > 4 && parts[3].parse::<Kind>().is_ok();
    if let Some(other) = rest.chars().find(|c| matches!(c, '_' | '.' | ' '))
        && !complete
    {
        return Err(wrong_separator(stem, other));
    }
    if let Some(at) = signed(&parts) {
        return Err(NameError::new(
            format!("the number `-{}` has a sign", parts[at]),
            "write numbers without a sign",
        ));
    }
    let &[major, minor, point, kind] = &parts[..] else {
        return Err(wrong_count(&parts));
    };
    let version = Version {
        major: number("major", major)?,
        minor: number("minor", minor)?,
        point: number("point", point)?,
    };
    let kind = kind.parse().map_err(|_| wrong_kind(kind))?;
    Ok(Name {
        grammar: Grammar::Launchpad,
        database: None,
        version,
        user: None,
        description: "",
        kind: Some(kind),
    })
}

fn wrong_start(stem: &str) -> NameError {
    let (word, rest) = stem.split_at(5);
    if word != "patch" {
        return NameError::new(
            format!("the name begins with `{word}`"),
            "begin it with `patch-` in lower case",
        );
    }
    match rest.chars().next() {
        Some(other @ ('_' | '.' | ' ')) => wrong_separator(stem, other),
        _ => NameError::new("behind `patch` there is no `-`", SHAPE),
    }
}

fn wrong_separator(stem: &str, other: char) -> NameError {
    NameError::new(
        format!("the name contains `{other}`, but its parts are joined by `-`"),
        format!("write `{}.sql`", stem.replace(['_', '.', ' '], "-")),
    )
}

/// Returns the index of a number with a sign: a `-` before a number leaves an empty part.
fn signed(parts: &[&str]) -> Option<usize> {
    let is_digit = |part: &&str| part.starts_with(|c: char| c.is_ascii_digit());
    let before = parts
        .windows(2)
        .position(|pair| pair[0].is_empty() && is_digit(&pair[1]))?;
    Some(before + 1)
}

fn wrong_count(parts: &[&str]) -> NameError {
    let numbers = parts
        .iter()
        .take_while(|part| part.starts_with(|c: char| c.is_ascii_digit()))
        .count();
    match (numbers, parts.get(numbers)) {
        (3, None) => NameError::new(
            "the kind is missing",
            format!("end the name in `-std`, `-direct` or `-concurrent`; {SHAPE}",),
        ),
        (3, Some(_)) => NameError::new(
            format!("behind the kind follows `-{}`", parts[4..].join("-")),
            "leave it out: such names have no description",
        ),
        (0, Some(kind)) if kind.parse::<Kind>().is_ok() => NameError::new(
            format!("the kind `{kind}` stands before the version"),
            SHAPE,
        ),
        _ => NameError::new(
            format!("the version needs 3 numbers and has {numbers}"),
            SHAPE,
        ),
    }
}

fn number(what: &str, part: &str) -> Result<u32, NameError> {
    if part.is_empty() {
        return Err(NameError::new(format!("the {what} number is empty"), SHAPE));
    }
    if part.starts_with('+') {
        return Err(NameError::new(
            format!("the {what} number `{part}` has a sign"),
            "write numbers without a sign",
        ));
    }
    if let Some(other) = part.chars().find(|c| !c.is_ascii_digit()) {
        return Err(NameError::new(
            format!(
                "the {what} number `{part}` contains `{}`, not only digits",
                other.escape_debug()
            ),
            SHAPE,
        ));
    }
    match part.parse::<i32>() {
        Ok(number) => Ok(number.unsigned_abs()),
        Err(_) => Err(NameError::new(
            format!("the {what} number `{part}` is too large"),
            format!("numbers go up to {}", i32::MAX),
        )),
    }
}

fn wrong_kind(word: &str) -> NameError {
    if word.is_empty() {
        return NameError::new("the kind is empty", "write `std`, `direct` or `concurrent`");
    }
    let kinds = Kind::ALL.map(Kind::as_str);
    let likely = kinds
        .into_iter()
        .find(|kind| word.to_lowercase().starts_with(kind))
        .or_else(|| nearest(word, kinds));
    let help = match likely {
        Some(kind) => format!("write `{kind}`"),
        None => "write `std`, `direct` or `concurrent`".to_owned(),
    };
    NameError::new(format!("`{word}` is no kind"), help)
}
