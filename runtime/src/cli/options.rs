//! Options that all actions have in common.

use crate::{Config, Error, ErrorKind, Place, RoleMode};
use clap::ValueEnum;
use patchgen_model::{PatchSet, parse_duration};
use std::str::FromStr;
use std::time::Duration;

/// The connection, the ledger and the output. All options may stand before or after the action.
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

    /// Let a role be created with its own name as its password, even on a server that other machines can reach
    #[arg(long, global = true)]
    pub password_is_user: bool,

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

    /// Method by which a session takes the role of a patch's user [default: login]
    #[arg(long, global = true, value_name = "MODE")]
    pub role_mode: Option<Role>,

    /// The physical database, or schema in a database, of a logical database; may be repeated
    #[arg(long, global = true, value_name = "LOGICAL=DATABASE[/SCHEMA]")]
    pub map: Vec<Mapping>,

    /// The template of the databases that are created [default: template1]
    #[arg(long, global = true, value_name = "NAME")]
    pub template: Option<String>,

    /// The schema of the ledger [default: patchgen]
    #[arg(long, global = true, value_name = "NAME")]
    pub state_schema: Option<String>,

    /// Time that a statement may wait for a lock before its patch is tried again: 500ms, 2s, 1min [default: 2s]
    #[arg(long, global = true, value_name = "DURATION", value_parser = parse_duration)]
    pub lock_timeout: Option<Duration>,

    /// Time during which a patch that did not get its locks is tried again [default: 10min]
    #[arg(long, global = true, value_name = "DURATION", value_parser = parse_duration)]
    pub retry_for: Option<Duration>,

    /// Time that a statement may run [default: for ever]
    #[arg(long, global = true, value_name = "DURATION", value_parser = parse_duration)]
    pub statement_timeout: Option<Duration>,

    /// Time to wait for another run to end [default: 10min]
    #[arg(long, global = true, value_name = "DURATION", value_parser = parse_duration)]
    pub lock_wait: Option<Duration>,

    /// The format of the output
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        help_heading = "Output"
    )]
    pub format: Format,
}

/// The format of the output.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Human,
    /// For programs; nothing else goes to standard output
    Json,
}

/// The way in which a session takes the role of a patch's user.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Role {
    /// Log in as the user
    Login,
    /// Log in as the connection's user, then SET ROLE
    SetRole,
}

/// A logical database and its place, as `--map` writes them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mapping {
    logical: String,
    place: Place,
}

impl FromStr for Mapping {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = "write LOGICAL=DATABASE or LOGICAL=DATABASE/SCHEMA; a database name that contains `/` is written in double quotes";
        let (logical, place) = text.split_once('=').ok_or(form)?;
        if logical.is_empty() {
            return Err(form);
        }
        Ok(Self {
            logical: logical.to_owned(),
            place: place.parse().map_err(|_| form)?,
        })
    }
}

type Setter<T> = fn(Config, T) -> Config;

impl Options {
    /// Returns the configuration with the options that are given; its other settings stay.
    ///
    /// # Errors
    /// If a database is mapped that no patch of the set is for, or that is mapped twice.
    pub fn configure(&self, set: &PatchSet<'_>, mut config: Config) -> Result<Config, Error> {
        let given: [(&Option<String>, Setter<String>); 7] = [
            (&self.conninfo, Config::conninfo),
            (&self.prefix, Config::prefix),
            (&self.state_database, Config::state_database),
            (&self.state_role, Config::state_role),
            (&self.state_conninfo, Config::state_conninfo),
            (&self.state_schema, Config::state_schema),
            (&self.template, Config::template),
        ];
        for (value, set) in given {
            if let Some(value) = value {
                config = set(config, value.clone());
            }
        }
        let durations: [(Option<Duration>, Setter<Duration>); 4] = [
            (self.lock_timeout, Config::lock_timeout),
            (self.retry_for, Config::retry_for),
            (self.statement_timeout, Config::statement_timeout),
            (self.lock_wait, Config::lock_wait),
        ];
        for (value, set) in durations {
            if let Some(value) = value {
                config = set(config, value);
            }
        }
        if self.password_is_user {
            config = config.password_is_user(true);
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
        for (position, Mapping { logical, place }) in self.map.iter().enumerate() {
            let mut before = self.map[..position].iter();
            if before.any(|other| other.logical == *logical) {
                return Err(wrong_map(
                    format!("--map gives `{logical}` twice"),
                    "give each database one place",
                ));
            }
            if !set.databases().any(|known| known.database == logical) {
                let names: Vec<_> = set.databases().map(|known| known.database).collect();
                return Err(wrong_map(
                    format!("--map names `{logical}`, and no patch is for that database"),
                    format!("the patches are for: {}", names.join(", ")),
                ));
            }
            config = config.map(logical, place.clone());
        }
        Ok(config)
    }
}

fn wrong_map(message: String, help: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, message).with_help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_names_a_database_and_perhaps_a_schema() {
        for (text, expected) in [
            ("app=app_test", Some(("app", "app_test"))),
            ("app=shared/app", Some(("app", "shared/app"))),
            ("app=\"a/b\"", Some(("app", "\"a/b\""))),
            ("app", None),
            ("=x", None),
            ("app=", None),
            ("app=/s", None),
            ("app=d/", None),
        ] {
            let mapping = text.parse::<Mapping>().ok();
            let found = mapping.map(|mapping| (mapping.logical, mapping.place.to_string()));
            let expected = expected.map(|(a, b)| (a.to_owned(), b.to_owned()));
            assert_eq!(found, expected, "{text}");
        }
    }
}
