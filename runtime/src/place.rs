//! Places: the physical databases, and schemas in them, that patches go to.

use std::fmt;
use std::str::FromStr;

/// The place that the patches of a logical database go to: a physical database, or one schema in it.
///
/// Its text is `database` or `database/schema`. A database whose name contains `/` or begins with `"` is written in
/// double quotes, as in SQL, so that every place has a text of its own and is read back from it.
///
/// ```
/// use patchgen_runtime::Place;
///
/// let place: Place = "shared/app".parse().expect("a database and a schema");
/// assert_eq!(place, Place { database: "shared".to_owned(), schema: Some("app".to_owned()) });
/// assert_eq!(Place::database("a/b").to_string(), "\"a/b\"");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Place {
    /// The physical database.
    pub database: String,
    /// The schema within it, where the patches own only a schema.
    pub schema: Option<String>,
}

impl Place {
    /// A whole database.
    #[must_use]
    pub fn database(name: impl Into<String>) -> Self {
        Self {
            database: name.into(),
            schema: None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.database.contains('/') || self.database.starts_with('"') {
            write!(f, "\"{}\"", self.database.replace('"', "\"\""))?;
        } else {
            f.write_str(&self.database)?;
        }
        self.schema
            .iter()
            .try_for_each(|schema| write!(f, "/{schema}"))
    }
}

/// A text that names no place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ParsePlaceError;

impl fmt::Display for ParsePlaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("write DATABASE or DATABASE/SCHEMA; a database name that contains `/` or `\"` is written in double quotes")
    }
}

impl std::error::Error for ParsePlaceError {}

impl FromStr for Place {
    type Err = ParsePlaceError;

    fn from_str(text: &str) -> Result<Self, ParsePlaceError> {
        let (database, rest) = match text.strip_prefix('"') {
            Some(quoted) => quoted_name(quoted).ok_or(ParsePlaceError)?,
            None => {
                let end = text.find('/').unwrap_or(text.len());
                (text[..end].to_owned(), &text[end..])
            }
        };
        let schema = match rest.strip_prefix('/') {
            Some(schema) => Some(schema.to_owned()),
            None if rest.is_empty() => None,
            None => return Err(ParsePlaceError),
        };
        if database.is_empty() || schema.as_deref() == Some("") {
            return Err(ParsePlaceError);
        }
        Ok(Self { database, schema })
    }
}

/// Reads a name up to its closing quote; two quotes stand for one. Returns it with the text after it.
fn quoted_name(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut rest = text;
    loop {
        let end = rest.find('"')?;
        name.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(more) => {
                name.push('"');
                rest = more;
            }
            None => return Some((name, rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_read_back_from_its_text() {
        for (database, schema, text) in [
            ("app", None, "app"),
            ("app", Some("s"), "app/s"),
            ("a/b", None, "\"a/b\""),
            ("a/b", Some("s/t"), "\"a/b\"/s/t"),
            ("a\"b", Some("s"), "a\"b/s"),
            ("\"a", Some("s"), "\"\"\"a\"/s"),
        ] {
            let place = Place {
                database: database.to_owned(),
                schema: schema.map(str::to_owned),
            };
            assert_eq!(place.to_string(), text);
            assert_eq!(text.parse(), Ok(place), "{text}");
        }
        for text in ["", "/s", "d/", "\"d", "\"d\"x", "\"\""] {
            assert_eq!(text.parse::<Place>(), Err(ParsePlaceError), "{text}");
        }
    }
}
