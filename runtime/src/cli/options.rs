use crate::{Config, RoleMode, Target};
use clap::ValueEnum;
use std::str::FromStr;

/// Where the databases are and how to show what is found. All may stand before or after the action.
#[derive(Clone, Default, Debug, clap::Args)]
#[command(next_help_heading = "Connection and ledger")]
pub struct Options {
    /// The server: libpq's words or a URL [default: DATABASE_URL, else PGHOST and so on]
    #[arg(
        long,
        global = true,
        value_name = "CONNINFO",
        hide_default_value = true
    )]
    pub conninfo: Option<String>,

    /// Prefix of the variables {PREFIX}_{USER}_PASSWORD [default: POSTGRESQL]
    #[arg(long, global = true, value_name = "WORD")]
    pub prefix: Option<String>,

    /// The database that records what is applied [default: patches]
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        conflicts_with = "state_in_target"
    )]
    pub state_database: Option<String>,

    /// The role that owns the state database [default: patches]
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        conflicts_with = "state_in_target"
    )]
    pub state_role: Option<String>,

    /// The server of the state database, if it is another one
    #[arg(
        long,
        global = true,
        value_name = "CONNINFO",
        conflicts_with = "state_in_target"
    )]
    pub state_conninfo: Option<String>,

    /// Record what is applied in the patched databases themselves
    #[arg(long, global = true)]
    pub state_in_target: bool,

    /// How to become the user of a patch [default: login]
    #[arg(long, global = true, value_name = "MODE")]
    pub role_mode: Option<Role>,

    /// The real database, or schema in a database, of a logical one; may be repeated
    #[arg(long, global = true, value_name = "LOGICAL=DATABASE[/SCHEMA]")]
    pub map: Vec<Mapping>,

    /// For whom the output is
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        help_heading = "Output"
    )]
    pub format: Format,
}

/// For whom output is.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Human,
    /// For programs; nothing else goes to standard output
    Json,
}

/// How to become the user of a patch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Role {
    /// Log in as the user
    Login,
    /// Log in as the connection's user, then SET ROLE
    SetRole,
}

/// A logical database and where it really is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mapping {
    logical: String,
    target: Target,
}

impl FromStr for Mapping {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = "write LOGICAL=DATABASE or LOGICAL=DATABASE/SCHEMA";
        let (logical, target) = text.split_once('=').ok_or(form)?;
        let (database, schema) = match target.split_once('/') {
            Some((database, schema)) => (database, Some(schema.to_owned())),
            None => (target, None),
        };
        if logical.is_empty() || database.is_empty() || schema.as_deref() == Some("") {
            return Err(form);
        }
        Ok(Self {
            logical: logical.to_owned(),
            target: Target {
                database: database.to_owned(),
                schema,
            },
        })
    }
}

type Setter = fn(Config, String) -> Config;

impl Options {
    /// Puts what the command line gives into a configuration; the rest of it stays.
    #[must_use]
    pub fn configure(&self, mut config: Config) -> Config {
        let given: [(&Option<String>, Setter); 5] = [
            (&self.conninfo, Config::conninfo),
            (&self.prefix, Config::prefix),
            (&self.state_database, Config::state_database),
            (&self.state_role, Config::state_role),
            (&self.state_conninfo, Config::state_conninfo),
        ];
        for (value, set) in given {
            if let Some(value) = value {
                config = set(config, value.clone());
            }
        }
        if self.state_in_target {
            config = config.state_in_target();
        }
        if let Some(mode) = self.role_mode {
            config = config.role_mode(match mode {
                Role::Login => RoleMode::Login,
                Role::SetRole => RoleMode::SetRole,
            });
        }
        self.map.iter().fold(config, |config, mapping| {
            config.map(&mapping.logical, mapping.target.clone())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_names_a_database_and_perhaps_a_schema() {
        for (text, expected) in [
            ("app=app_test", Some(("app", "app_test"))),
            ("app=shared/app", Some(("app", "shared/app"))),
            ("app", None),
            ("=x", None),
            ("app=", None),
            ("app=/s", None),
            ("app=d/", None),
        ] {
            let mapping = text.parse::<Mapping>().ok();
            let found = mapping.map(|mapping| (mapping.logical, mapping.target.to_string()));
            let expected = expected.map(|(a, b)| (a.to_owned(), b.to_owned()));
            assert_eq!(found, expected, "{text}");
        }
    }
}
