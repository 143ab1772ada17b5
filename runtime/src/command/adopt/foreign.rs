//! The ledger of another tool: its location, and its entries in the form that all tools share. Nothing here writes.

use crate::server::quote::{identifier, literal, sql};
use crate::server::session::Session;
use crate::{Error, ErrorKind, Place};
use patchgen_model::Version;

/// The layout of a tool's ledger.
pub(super) struct Foreign {
    /// The tool's name, for people.
    pub(super) name: &'static str,
    /// Its table, unless it was configured to use another.
    pub(super) table: &'static str,
    /// `true` if its versions are those of this tool.
    pub(super) keyed: bool,
    /// The columns version, description, doubt (null if there is none) and role of each entry.
    ///
    /// The role is `patch`, `before` (stands for something that may or may not be a patch) or `aside` (is no patch).
    pub(super) query: &'static str,
}

/// An entry of another tool's ledger.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Entry {
    pub(super) version: String,
    pub(super) description: String,
    /// The reason why it cannot be trusted.
    pub(super) doubt: Option<String>,
    pub(super) role: Role,
}

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) enum Role {
    #[default]
    Patch,
    Before,
    Aside,
}

impl Entry {
    /// The key that orders versions: their numbers.
    pub(super) fn order(&self) -> Vec<u128> {
        let mut numbers: Vec<u128> = self
            .version
            .split(|c: char| !c.is_ascii_digit())
            .filter(|digits| !digits.is_empty())
            .map(|digits| digits.parse().unwrap_or(u128::MAX))
            .collect();
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        numbers
    }

    /// The version, where the tool's versions are those of this tool.
    pub(super) fn key(&self) -> Option<Version> {
        self.version.parse().ok()
    }

    pub(super) fn label(&self) -> String {
        if self.description.is_empty() {
            format!("`{}`", self.version)
        } else {
            format!("`{} {}`", self.version, self.description)
        }
    }
}

/// A foreign ledger that was read.
pub(super) struct Found {
    /// Schema and table.
    pub(super) table: String,
    /// In the order of their versions.
    pub(super) entries: Vec<Entry>,
}

/// Finds the table of a tool and reads it.
pub(super) async fn read(
    session: &Session,
    place: &Place,
    foreign: &Foreign,
    table: Option<&str>,
) -> Result<Found, Error> {
    let (schema, name) = locate(session, place, foreign, table).await?;
    let query = foreign.query.replace(
        "{table}",
        &format!("{}.{}", identifier(&schema), identifier(&name)),
    );
    let rows = session.rows(&query).await.map_err(|error| {
        if error.sql_state() == Some("42703") {
            error.with_help(format!(
                "`{schema}.{name}` has other columns than the tables of {}; is it another tool's, or of an old version?",
                foreign.name
            ))
        } else {
            error
        }
    })?;
    let mut entries: Vec<Entry> = rows
        .iter()
        .map(|row| {
            let text = |column| row.get(column).unwrap_or_default().to_owned();
            Entry {
                version: text(0),
                description: text(1),
                doubt: row.get(2).map(str::to_owned),
                role: match row.get(3) {
                    Some("before") => Role::Before,
                    Some("aside") => Role::Aside,
                    _ => Role::Patch,
                },
            }
        })
        .collect();
    entries.sort_by_cached_key(|entry| (entry.order(), entry.version.clone()));
    Ok(Found {
        table: format!("{schema}.{name}"),
        entries,
    })
}

/// The schema and the name of the table: the one that was named, else the only one of the tool's name.
async fn locate(
    session: &Session,
    place: &Place,
    foreign: &Foreign,
    table: Option<&str>,
) -> Result<(String, String), Error> {
    let given = table.unwrap_or(foreign.table);
    let (schema, name) = match given.split_once('.') {
        Some((schema, name)) => (Some(schema), name),
        None => (None, given),
    };
    let table_name = literal(name);
    let query = sql!(
        r"
        SELECT n.nspname FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relname = {table_name} AND c.relkind IN ('r', 'p', 'v') AND n.nspname NOT LIKE 'pg\_temp%'
        ORDER BY 1
        "
    );
    let rows = session.rows(&query).await?;
    let found: Vec<&str> = rows.iter().filter_map(|row| row.get(0)).collect();
    let wanted = schema.or(place.schema.as_deref());
    let schema = match (wanted, &found[..]) {
        (Some(wanted), found) if found.contains(&wanted) => wanted,
        (_, [only]) if schema.is_none() => only,
        (_, [_, _, ..]) if schema.is_none() => {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "database `{}` has several tables `{name}`, in the schemas `{}`",
                    place.database,
                    found.join("`, `")
                ),
            )
            .with_help(format!(
                "say which with its schema: --table {}.{name}",
                found[0]
            )));
        }
        _ => {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "database `{}` has no table `{given}` of {}",
                    place.database, foreign.name
                ),
            )
            .with_help("name the table with --table SCHEMA.NAME if the tool was told to use another; look whether --map and --database lead to the right database"));
        }
    };
    Ok((schema.to_owned(), name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_their_numbers() {
        let order = |version: &str| {
            Entry {
                version: version.to_owned(),
                ..Entry::default()
            }
            .order()
        };
        for (before, after) in [
            ("2", "10"),
            ("1.9", "1.10"),
            ("1.9", "1_10"),
            ("2.0", "2.0.1"),
            ("20240101120000", "20240101120001"),
            ("2211-9-0", "2211-10-0"),
        ] {
            assert!(order(before) < order(after), "{before} {after}");
        }
        assert_eq!(order("1"), order("1.0"));
    }
}
