//! Logins: the role that a session logs in as, and its password.

use super::connector::Connector;
use super::session::application_name;
use crate::conninfo::ConninfoError;
use crate::{Config, Error, RoleMode};

impl Connector<'_> {
    /// The role that creates databases, roles and the ledger: the connection's own, else the superuser's usual name.
    pub(crate) fn admin(&self) -> &str {
        self.conninfo.user().unwrap_or("postgres")
    }

    /// The password of a role: from its variable, the connection, the password file, or else its name.
    pub(crate) fn password(&self, database: &str, user: &str) -> Result<String, ConninfoError> {
        let given = self.given_password(database, user)?;
        Ok(given.unwrap_or_else(|| user.to_owned()))
    }

    /// The password of a role, if its variable, the connection or the password file has one.
    pub(crate) fn given_password(
        &self,
        database: &str,
        user: &str,
    ) -> Result<Option<String>, ConninfoError> {
        let own = || {
            self.conninfo
                .password()
                .filter(|_| self.conninfo.user() == Some(user))
                .map(str::to_owned)
        };
        let variable = self.config.password_variable(user);
        let given = self.config.environment(&variable)?.or_else(own);
        Ok(given.or_else(|| {
            let found = self.conninfo.in_passfile(database, user);
            found.unwrap_or_else(|fault| {
                self.warn_once(fault);
                None
            })
        }))
    }

    /// The role that a session logs in as when a patch of `user` runs: `user`, or the connection's own with `SET ROLE`.
    pub(crate) fn login<'n>(&'n self, user: &'n str) -> &'n str {
        match self.config.role_mode {
            RoleMode::Login => user,
            RoleMode::SetRole => self.admin(),
        }
    }

    /// Prepares a program of PostgreSQL to connect as a session would, by its environment alone.
    pub(crate) fn configure(
        &self,
        command: &mut std::process::Command,
        database: &str,
        user: &str,
    ) -> Result<(), ConninfoError> {
        let user = self.login(user);
        let name = application_name(&self.config.program, None);
        // Reports faults in the words before the program does.
        self.driver(database, user, &name)?;
        for (variable, value) in self.conninfo.variables() {
            match value {
                Some(value) => command.env(variable, value),
                None => command.env_remove(variable),
            };
        }
        command.envs([
            ("PGDATABASE", database),
            ("PGUSER", user),
            ("PGPASSWORD", &self.password(database, user)?),
            ("PGAPPNAME", &name),
            ("PGCLIENTENCODING", "UTF8"),
        ]);
        let hosts = self.conninfo.get("host").or(self.conninfo.get("hostaddr"));
        if hosts.is_some_and(|hosts| hosts.contains(','))
            && self.conninfo.get("target_session_attrs").is_none()
        {
            command.env("PGTARGETSESSIONATTRS", "read-write");
        }
        // Variables for `\getenv`.
        command.envs(&self.config.variables);
        Ok(())
    }
}

impl Config {
    /// The driver's settings for a connection to a logical database as one of its roles, for the work that the program
    /// does after its patches. Server, physical database and password are those of a patch.
    ///
    /// The synchronous driver takes them too: `postgres::Config::from(settings)`.
    ///
    /// # Errors
    /// If the connection's words cannot be read or have values that they cannot have.
    pub fn connection(&self, database: &str, user: &str) -> Result<tokio_postgres::Config, Error> {
        let place = self.place(database);
        let name = application_name(&self.program, None);
        let mut settings =
            Connector::new(self, self.base()?).driver(&place.database, user, &name)?;
        settings.application_name(&self.program);
        Ok(settings)
    }
}
