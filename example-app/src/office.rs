//! The work of the program: it reads dogs from one database and writes grants to the other.

use anyhow::Context;
use patchgen_runtime::Config;
use postgres::error::SqlState;
use postgres::{Client, NoTls};

/// An application for a grant.
pub(crate) struct Application<'a> {
    /// The number on the dog's chip.
    pub(crate) chip: &'a str,
    pub(crate) purpose: &'a str,
    pub(crate) kronor: i64,
}

/// The office with its two databases.
pub(crate) struct Office {
    register: Client,
    grants: Client,
}

impl Office {
    /// Connects as the roles that the patches created.
    pub(crate) fn open(config: &Config) -> anyhow::Result<Self> {
        let connect = |name: &str| -> anyhow::Result<Client> {
            let settings = postgres::Config::from(config.connection(name, name)?);
            settings
                .connect(NoTls)
                .with_context(|| format!("cannot connect to database {name}"))
        };
        Ok(Self {
            register: connect("hundregister")?,
            grants: connect("hundbidrag")?,
        })
    }

    /// Decides on an application and returns the decision as a sentence.
    pub(crate) fn decide(&mut self, application: &Application<'_>) -> anyhow::Result<String> {
        let Application {
            chip,
            purpose,
            kronor,
        } = *application;
        let dog = self.register.query_opt(
            "SELECT name, breed, owner FROM register.dogs WHERE chip = $1",
            &[&chip],
        )?;
        let Some(dog) = dog else {
            return Ok(format!("No dog has chip {chip}, so nothing is granted."));
        };
        let (name, breed, owner): (&str, &str, &str) = (dog.get(0), dog.get(1), dog.get(2));
        let granted = self.grants.query_one(
            "SELECT bidrag.register_grant($1, $2, $3::bigint)",
            &[&chip, &purpose, &kronor],
        );
        match granted {
            Ok(row) => {
                let number: i64 = row.get(0);
                Ok(format!(
                    "{owner} gets grant {number}: {kronor} kronor for {name} the {breed}, {purpose}."
                ))
            }
            // The database checks the limits, and its error names the rest.
            Err(error) if error.code() == Some(&SqlState::CHECK_VIOLATION) => {
                let reason = error.as_db_error().map_or("", |error| error.message());
                Ok(format!(
                    "{owner} gets nothing more for {name} the {breed}: {reason}."
                ))
            }
            Err(error) => Err(error).context("cannot register the grant"),
        }
    }

    /// Returns a line for each purpose with the sum of its grants.
    pub(crate) fn summary(&mut self) -> anyhow::Result<Vec<String>> {
        let rows = self.grants.query(
            "SELECT purpose, grants, kronor::numeric(10, 2)::text FROM bidrag.paid_per_purpose ORDER BY purpose",
            &[],
        )?;
        let line = |row: &postgres::Row| {
            let (purpose, grants, kronor): (&str, i64, &str) = (row.get(0), row.get(1), row.get(2));
            format!("{purpose:<20} {grants:>4} grants {kronor:>10} kronor")
        };
        Ok(rows.iter().map(line).collect())
    }
}
