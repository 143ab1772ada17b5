//! The steps of a plan, the records and the making of databases and ledger, in the order of a script.

use super::psql::{Around, Place, Script};
use crate::bootstrap::{
    allow_sql, create_database_sql, create_home_sql, create_role_sql, drop_database_sql,
    finished_sql, unfinished_sql,
};
use crate::context::{Context, Domain};
use crate::ledger::{Entry, Ledger, Opened, Settled};
use crate::plan::{Action, Presence, Standing, Step};
use crate::quote::{identifier, literal};
use crate::session::Connector;
use crate::{Error, ErrorKind, RoleMode, baseline, bootstrap, concurrent, transaction};
use patchgen_model::{Class, Item, Kind, Patch};
use std::collections::BTreeMap;

/// Writes the part of the script that belongs to one ledger.
pub(super) struct Writer<'w, 'c, 'a> {
    context: &'w Context<'c, 'a>,
    domain: &'w Domain,
    presence: &'w BTreeMap<String, Presence>,
    standings: &'w [Standing<'a>],
    script: &'w mut Script,
    /// For its statements only; where there is no ledger yet, its session is that of another database.
    ledger: Ledger,
    /// The steps of the ledger that are done; nothing when its database is not there.
    done: Option<usize>,
    /// Whether the role of the ledger is there.
    has_role: bool,
    /// The database from which others are made, and the one on the server of the ledger.
    maintenance: String,
    state_maintenance: String,
    is_made: bool,
    granted: Vec<String>,
    made_schemas: Vec<String>,
}

impl<'w, 'c, 'a> Writer<'w, 'c, 'a> {
    pub(super) async fn new(
        context: &'w Context<'c, 'a>,
        domain: &'w Domain,
        presence: &'w BTreeMap<String, Presence>,
        standings: &'w [Standing<'a>],
        script: &'w mut Script,
    ) -> Result<Self, Error> {
        let targets = bootstrap::maintenance(&context.targets, context.targets.admin()).await?;
        let maintenance = targets.database.clone();
        let mut state_maintenance = maintenance.clone();
        let (ledger, done, has_role) = match context.open(domain).await? {
            Opened::Session(ledger) => {
                let done = ledger.steps_done().await?;
                (ledger, Some(done), true)
            }
            Opened::Absent(_) => {
                let session = bootstrap::maintenance(&context.state, context.state.admin()).await?;
                let name = domain.database.clone();
                let there = bootstrap::presence(&session, std::slice::from_ref(&name)).await?;
                let is_there = there.get(&name) == Some(&Presence::Present);
                let has_role = bootstrap::role_exists(&session, &domain.user).await?;
                state_maintenance.clone_from(&session.database);
                let ledger = Ledger::new(session, context.config, context.set.revision());
                (ledger, is_there.then_some(0), has_role)
            }
        };
        Ok(Self {
            context,
            domain,
            presence,
            standings,
            script,
            ledger,
            done,
            has_role,
            maintenance,
            state_maintenance,
            is_made: false,
            granted: Vec::new(),
            made_schemas: Vec::new(),
        })
    }

    pub(super) fn steps(&mut self, steps: &[Step<'a>]) -> Result<(), Error> {
        // The database of the ledger comes first: everything else is recorded there.
        let is_home =
            |step: &&Step<'a>| self.makes(step) && step.target.database == self.domain.database;
        let (home, rest): (Vec<&Step<'a>>, Vec<&Step<'a>>) = steps.iter().partition(is_home);
        if !home.is_empty() {
            self.make_database(&home);
        }
        self.make_ledger()?;
        self.record(&home, Settled::Applied);
        let mut rest = &rest[..];
        while let Some(first) = rest.first() {
            let same = |step: &&&Step<'a>| {
                (self.makes(first)
                    && self.makes(step)
                    && step.target.database == first.target.database)
                    || (first.action == Action::Adopt && step.action == Action::Adopt)
            };
            let count = rest.iter().take_while(same).count().max(1);
            let (group, others) = rest.split_at(count);
            rest = others;
            if first.action == Action::Adopt {
                self.record(group, Settled::Adopted);
            } else if self.makes(first) {
                self.make_database(group);
                self.record(group, Settled::Applied);
            } else {
                self.step(first)?;
            }
        }
        Ok(())
    }

    /// Whether a step is part of the making of its database.
    fn makes(&self, step: &Step<'_>) -> bool {
        step.action == Action::Run
            && step.patch.is_bootstrap()
            && step.target.schema.is_none()
            && self.presence.get(&step.target.to_string()) != Some(&Presence::Present)
    }

    fn make_database(&mut self, steps: &[&Step<'a>]) {
        let (name, user) = (&steps[0].target.database, steps[0].patch.user());
        self.script.line("");
        self.script.comment(&format!(
            "Database {name}. Until it is complete it has a connection limit that nobody sets by hand."
        ));
        self.script.echo(&format!("making database {name}"));
        self.maintain(user);
        if self.presence.get(name) == Some(&Presence::Unfinished) {
            self.script.own(&drop_database_sql(name));
        }
        if !steps
            .iter()
            .any(|step| baseline::creates(&step.patch, name))
        {
            self.script
                .own(&create_database_sql(self.context.config, name, None));
        }
        for step in steps {
            self.title(&step.patch);
            let patch = &step.patch;
            if baseline::is_transactional(patch) && patch.kind() != Kind::Concurrent {
                self.transaction(step, |_| {}, |_| {});
                continue;
            }
            if baseline::creates(patch, name) {
                self.maintain(patch.user());
            } else {
                self.target(name, patch.user());
            }
            let mark = unfinished_sql(name);
            self.script.patch(
                patch,
                Around::Creation {
                    database: name,
                    mark: &mark,
                },
            );
            self.script.own("DISCARD ALL");
        }
        self.maintain(user);
        self.script.own(&finished_sql(name));
    }

    /// Makes the ledger, or brings it up to date.
    fn make_ledger(&mut self) -> Result<(), Error> {
        let steps = self.ledger.steps(self.done.unwrap_or(0));
        if self.is_made || steps.is_empty() {
            return Ok(());
        }
        self.is_made = true;
        let made_home = self
            .presence
            .get(&self.domain.database)
            .is_some_and(|there| *there != Presence::Present);
        self.script.line("");
        self.script.comment("The ledger.");
        if !self.domain.in_target {
            let admin = self.context.state.admin().to_owned();
            if !self.has_role {
                self.state(&self.state_maintenance.clone(), &admin);
                // The script of the database itself may have made it.
                let role = literal(&self.domain.user);
                self.script.unless(
                    &format!("SELECT FROM pg_catalog.pg_roles WHERE rolname = {role}"),
                    &create_role_sql(&self.context.state, self.domain),
                );
            }
            if self.done.is_none() && !made_home {
                self.state(&self.state_maintenance.clone(), &admin);
                self.script.own(&create_home_sql(self.domain));
            } else if made_home || !self.has_role {
                self.state(&self.domain.database.clone(), &admin);
                self.script.own(&allow_sql(self.domain));
            }
        } else if self.done.is_none() && !made_home {
            return Err(Error::new(
                ErrorKind::MissingDatabase,
                format!("database `{}` does not exist", self.domain.database),
            )
            .with_help("create it, or give it a baseline patch"));
        }
        self.home();
        self.script.own("BEGIN");
        self.script.line(steps.trim());
        self.script.own("COMMIT");
        Ok(())
    }

    /// Records patches that ran already, or that need not run.
    fn record(&mut self, steps: &[&Step<'a>], settled: Settled) {
        if steps.is_empty() {
            return;
        }
        let entries: Vec<Entry<'a>> = steps.iter().map(|step| self.entry(step)).collect();
        self.script.line("");
        self.script
            .comment("Recorded only: what is above, or what would make a database that is there.");
        self.home();
        self.script.own("BEGIN");
        self.script.guard(&self.ledger.settle(&entries, settled));
        self.script.own(&self.ledger.finished(&entries));
        self.script.own("COMMIT");
        for step in steps {
            self.script
                .echo(&format!("{}: recorded", step.patch.file()));
        }
    }

    fn step(&mut self, step: &Step<'a>) -> Result<(), Error> {
        let entry = self.entry(step);
        let entries = std::slice::from_ref(&entry);
        let patch = &step.patch;
        if patch.kind() == Kind::Concurrent && entry.attempt > 1 {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "`{}` was begun before, and a script cannot tell how far it came",
                    patch.file()
                ),
            )
            .with_help("run apply: it goes on where the patch was interrupted")
            .with_patch(patch));
        }
        self.title(patch);
        self.grant(patch.user());
        if self.domain.in_target && patch.kind() != Kind::Concurrent {
            let settle = self.ledger.settle(entries, Settled::Applied);
            let finish = self.ledger.finished(entries);
            let run_lock = self.run_lock();
            let begin = |script: &mut Script| {
                script.guard(&run_lock);
                script.guard(&settle);
            };
            self.transaction(step, begin, |script| script.own(&finish));
            self.script
                .echo(&format!("{}: done and recorded", patch.file()));
            return Ok(());
        }
        self.home();
        let intent = format!("touched AS ({})", self.ledger.intent(entries));
        let handed_over = self.ledger.handed_over(entries);
        let run_lock = self.run_lock();
        self.script.own("BEGIN");
        self.script.guard(&run_lock);
        self.script.guard(&Ledger::exactly(1, &intent));
        self.script.guard(&Ledger::exactly(1, &handed_over));
        self.script.own("COMMIT");
        if patch.kind() == Kind::Concurrent {
            self.concurrent(step);
        } else {
            self.transaction(step, |_| {}, |_| {});
        }
        self.script.echo(&format!("{}: done", patch.file()));
        self.home();
        self.script
            .guard(&Ledger::exactly(1, &self.ledger.handed_back(entries)));
        self.script.echo(&format!("{}: recorded", patch.file()));
        Ok(())
    }

    /// A schema comes into being with the first of its patches.
    fn make_schema(&mut self, step: &Step<'a>) {
        let (target, key) = (&step.target, step.target.to_string());
        let is_missing = self.presence.get(&key) == Some(&Presence::Absent);
        if let Some(schema) = &target.schema
            && is_missing
            && !self.made_schemas.contains(&key)
        {
            let (schema, user) = (identifier(schema), identifier(step.patch.user()));
            self.script
                .own(&format!("CREATE SCHEMA {schema} AUTHORIZATION {user}"));
            self.made_schemas.push(key);
        }
    }

    fn transaction(
        &mut self,
        step: &Step<'a>,
        begin: impl FnOnce(&mut Script),
        finish: impl FnOnce(&mut Script),
    ) {
        let (patch, config) = (&step.patch, self.context.config);
        self.target(&step.target.database, patch.user());
        self.script
            .own("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
        self.script.guard(&format!(
            "SELECT {}",
            transaction::busy_guard(&step.target.to_string())
        ));
        begin(self.script);
        self.make_schema(step);
        for setting in transaction::session_settings(config, patch, &step.target) {
            self.script.own(&setting);
        }
        if config.role_mode == RoleMode::SetRole {
            self.script
                .own(&format!("SET LOCAL ROLE {}", identifier(patch.user())));
        }
        self.script.line("");
        self.script.patch(patch, Around::Transaction);
        self.script.line("");
        self.script.own("RESET ALL");
        self.script.own("RESET SESSION AUTHORIZATION");
        finish(self.script);
        self.script.own("COMMIT");
        self.script.own("DISCARD ALL");
    }

    fn concurrent(&mut self, step: &Step<'a>) {
        let patch = &step.patch;
        self.target(&step.target.database, patch.user());
        let login = self.context.targets.login(patch.user());
        for setting in concurrent::session_settings(patch, &step.target, login) {
            self.script.own(&setting);
        }
        self.script.line("");
        self.script.patch(patch, Around::Nothing);
        self.script.line("");
        for item in patch.items() {
            if let Item::Statement(statement) = item
                && statement.class == Class::CreateIndexConcurrently
                && let Some(name) = statement.object
            {
                let schema = statement
                    .schema
                    .map_or_else(String::new, |schema| identifier(schema) + ".");
                let index = literal(&format!("{schema}{}", identifier(name)));
                // IF NOT EXISTS is content with the remains of a build that failed.
                self.script.guard(&format!(
                    "SELECT (CASE WHEN indisvalid THEN '1' ELSE 'patchgen: the index is not valid; drop it' END)\
                     ::pg_catalog.int4 FROM pg_catalog.pg_index WHERE indexrelid = {index}::pg_catalog.regclass"
                ));
            }
        }
        self.script.own("DISCARD ALL");
    }

    /// Fails while another run is at work; held until the end of the transaction.
    fn run_lock(&self) -> String {
        format!(
            "SELECT (CASE WHEN pg_catalog.pg_try_advisory_xact_lock({}) THEN '1' \
             ELSE 'patchgen: another run is at work' END)::pg_catalog.int4",
            self.ledger.lock_key()
        )
    }

    /// Lets the login of a patch record it, where the ledger is another's.
    fn grant(&mut self, user: &str) {
        let login = self.context.targets.login(user).to_owned();
        if self.domain.in_target && login != self.domain.user && !self.granted.contains(&login) {
            self.home();
            self.script.own(&self.ledger.grant(&login));
            self.granted.push(login);
        }
    }

    fn entry(&self, step: &Step<'a>) -> Entry<'a> {
        let is_same = |standing: &&Standing<'a>| {
            standing
                .patch
                .is_some_and(|patch| patch.id() == step.patch.id())
        };
        let row = self
            .standings
            .iter()
            .find(is_same)
            .and_then(|standing| standing.row.as_ref());
        Entry {
            patch: step.patch,
            target: step.target.clone(),
            attempt: row.map_or(1, |row| row.attempt + 1),
        }
    }

    fn title(&mut self, patch: &Patch<'_>) {
        let (file, user) = (patch.file(), patch.user());
        self.script.line("");
        self.script
            .comment(&format!("{file}, as {user}, {}", patch.kind()));
        self.script.echo(file);
    }

    fn home(&mut self) {
        self.state(&self.domain.database.clone(), &self.domain.user.clone());
    }

    fn state(&mut self, database: &str, user: &str) {
        self.connect(&self.context.state, database, user);
    }

    fn target(&mut self, database: &str, user: &str) {
        self.connect(&self.context.targets, database, user);
    }

    fn maintain(&mut self, user: &str) {
        let maintenance = self.maintenance.clone();
        self.target(&maintenance, user);
    }

    fn connect(&mut self, connector: &Connector<'_>, database: &str, user: &str) {
        // On one server psql stays where its user has sent it.
        let address: Vec<(&str, &str)> = match self.context.config.state_conninfo {
            Some(_) => connector.address().collect(),
            None => Vec::new(),
        };
        let user = connector.login(user);
        self.script.connect(&Place {
            address: &address,
            database,
            user,
        });
    }
}
