//! The steps of a plan in the order of a script, with their records and the creation of databases and ledger.

use super::psql::{Around, Connection, Script};
use crate::ledger::entry::{Begun, Planned};
use crate::ledger::{FinalState, Ledger, Opened};
use crate::message::envelope::Envelope;
use crate::plan::{Action, Begins, Step};
use crate::run::bootstrap::{allow_sql, check_role, close_sql, create_state_sql};
use crate::run::deployment::Deployment;
use crate::run::scope::{LedgerScope, Protocol};
use crate::run::script;
use crate::server::connector::Connector;
use crate::server::database::{self, Presence};
use crate::server::guard::require;
use crate::server::quote::{identifier, literal};
use crate::server::session::CLOSED;
use crate::{Error, ErrorKind, Place};
use patchgen_model::{Class, Kind, Patch};
use std::collections::BTreeMap;

/// Writes the part of the script that belongs to one ledger.
pub(super) struct Writer<'w, 'a> {
    deployment: &'w Deployment<'w, 'a>,
    scope: &'w LedgerScope,
    presence: &'w BTreeMap<Place, Presence>,
    script: &'w mut Script,
    /// For its statements only; where there is no ledger yet, its session is that of another database.
    ledger: Ledger,
    /// The steps of the ledger that are done; `None` if its database does not exist.
    done: Option<usize>,
    /// `true` if the role of the ledger exists.
    has_role: bool,
    /// The database from which others are created, and the one on the server of the ledger.
    maintenance: String,
    state_maintenance: String,
    is_ledger_created: bool,
    granted: Vec<String>,
}

impl<'w, 'a> Writer<'w, 'a> {
    pub(super) async fn new(
        deployment: &'w Deployment<'w, 'a>,
        scope: &'w LedgerScope,
        presence: &'w BTreeMap<Place, Presence>,
        script: &'w mut Script,
    ) -> Result<Self, Error> {
        let (targets, state) = (&deployment.targets, &deployment.state);
        let session = database::maintenance(targets, targets.admin()).await?;
        let maintenance = session.database.clone();
        let mut state_maintenance = maintenance.clone();
        let (ledger, done, has_role) = match deployment.open(scope).await? {
            Opened::Session(ledger) => {
                let done = ledger.steps_done().await?;
                (ledger, Some(done), true)
            }
            Opened::Absent(_) => {
                let session = database::maintenance(state, state.admin()).await?;
                let presence = database::presence_of(&session, &scope.database).await?;
                let has_role = database::role_exists(&session, &scope.user).await?;
                check_role(deployment, scope, &session).await?;
                state_maintenance.clone_from(&session.database);
                let ledger = Ledger::new(session, deployment.config, deployment.set.revision());
                let exists = presence == Presence::Present;
                (ledger, exists.then_some(0), has_role)
            }
        };
        Ok(Self {
            deployment,
            scope,
            presence,
            script,
            ledger,
            done,
            has_role,
            maintenance,
            state_maintenance,
            is_ledger_created: false,
            granted: Vec::new(),
        })
    }

    pub(super) fn steps(&mut self, steps: &[Step<'a>]) -> Result<(), Error> {
        // The database of the ledger comes first: everything else is recorded there.
        let is_state =
            |step: &&Step<'a>| creates_database(step) && step.place.database == self.scope.database;
        let (state, rest): (Vec<&Step<'a>>, Vec<&Step<'a>>) = steps.iter().partition(is_state);
        if !state.is_empty() {
            self.create_database(&state);
        }
        self.create_ledger()?;
        self.record(&state, FinalState::Applied);
        let mut rest = &rest[..];
        while let Some(first) = rest.first() {
            let same = |step: &&&Step<'a>| {
                let same_database = step.place.database == first.place.database;
                (creates_database(first) && creates_database(step) && same_database)
                    || (first.action == Action::Adopt && step.action == Action::Adopt)
            };
            let count = rest.iter().take_while(same).count().max(1);
            let (group, others) = rest.split_at(count);
            rest = others;
            if first.action == Action::Adopt {
                self.record(group, FinalState::Adopted);
            } else if creates_database(first) {
                self.create_database(group);
                self.record(group, FinalState::Applied);
            } else {
                self.step(first)?;
            }
        }
        Ok(())
    }

    fn create_database(&mut self, steps: &[&Step<'a>]) {
        let (place, user) = (&steps[0].place, steps[0].patch.user());
        let name = &place.database;
        self.script.line("");
        self.script.comment(&format!(
            "Database {name}. Until it is complete it has a connection limit that nobody sets by hand."
        ));
        self.script.echo(&format!("making database {name}"));
        self.connect_to_maintenance(user);
        if self.presence.get(place) == Some(&Presence::Unfinished) {
            self.script.own(&database::drop_database_sql(name));
        }
        if !steps.iter().any(|step| script::creates(&step.patch, name)) {
            let create = database::create_database_sql(self.deployment.config, name, None);
            self.script.own(&create);
        }
        for step in steps {
            self.title(&step.patch);
            let patch = &step.patch;
            if script::is_transactional(patch) && patch.kind() != Kind::Concurrent {
                self.transaction(step, |_| {}, |_| {});
                continue;
            }
            if script::creates(patch, name) {
                self.connect_to_maintenance(patch.user());
            } else {
                self.connect_to_target(name, patch.user());
            }
            let mark = database::mark_sql(name);
            let around = Around::Creation {
                database: name,
                mark: &mark,
            };
            self.script.patch(patch, around);
            self.script.own("DISCARD ALL");
        }
        self.connect_to_maintenance(user);
        self.script.own(&database::unmark_sql(name));
    }

    /// Creates the ledger, or brings it up to date.
    fn create_ledger(&mut self) -> Result<(), Error> {
        let steps = self.ledger.steps(self.done.unwrap_or(0));
        if self.is_ledger_created || steps.is_empty() {
            return Ok(());
        }
        self.is_ledger_created = true;
        let scope = self.scope;
        let is_database_created = self
            .presence
            .get(&Place::database(&scope.database))
            .is_some_and(|presence| *presence != Presence::Present);
        self.script.line("");
        self.script.comment("The ledger.");
        if scope.protocol == Protocol::RecordedFirst {
            let admin = self.deployment.state.admin().to_owned();
            if !self.has_role {
                self.connect_to_state(&self.state_maintenance.clone(), &admin);
                // The script of the database itself may have created it.
                let role = literal(&scope.user);
                let state = &self.deployment.state;
                self.script.unless(
                    &format!("SELECT FROM pg_catalog.pg_roles WHERE rolname = {role}"),
                    &database::create_role_sql(state, &scope.database, &scope.user)?,
                );
            }
            if self.done.is_none() && !is_database_created {
                self.connect_to_state(&self.state_maintenance.clone(), &admin);
                self.script.own(&create_state_sql(scope));
                if let Some(close) = close_sql(self.deployment, scope) {
                    self.script.own(&close);
                }
            } else if is_database_created || !self.has_role {
                self.connect_to_state(&scope.database, &admin);
                self.script.own(&allow_sql(scope));
            }
        } else if self.done.is_none() && !is_database_created {
            return Err(Error::new(
                ErrorKind::MissingDatabase,
                format!("database `{}` does not exist", scope.database),
            )
            .with_help("create it, or give it a baseline patch"));
        }
        self.connect_to_ledger();
        self.script.own("BEGIN");
        self.script.line(steps.trim());
        self.script.own("COMMIT");
        Ok(())
    }

    /// Records patches that ran already, or that need not run.
    fn record(&mut self, steps: &[&Step<'a>], state: FinalState) {
        if steps.is_empty() {
            return;
        }
        let planned: Vec<Planned<'a>> = steps.iter().map(|step| step.planned()).collect();
        self.script.line("");
        self.script
            .comment("Recorded only: what is above, or what would make a database that is there.");
        self.connect_to_ledger();
        self.script.own("BEGIN");
        self.script
            .guard(&self.ledger.record_final(&planned, state));
        self.script.own(&self.ledger.finished(&planned));
        self.script.own("COMMIT");
        for step in steps {
            self.script
                .echo(&format!("{}: recorded", step.patch.file()));
        }
    }

    fn step(&mut self, step: &Step<'a>) -> Result<(), Error> {
        let patch = &step.patch;
        if patch.kind() == Kind::Concurrent && step.attempt > 1 {
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
        let is_concurrent = patch.kind() == Kind::Concurrent;
        if self.scope.protocol == Protocol::SameTransaction && !is_concurrent {
            let planned = [step.planned()];
            let settle = self.ledger.record_final(&planned, FinalState::Applied);
            let finish = self.ledger.finished(&planned);
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
        let begun = self.begun(step);
        let intent = self.ledger.intent(std::slice::from_ref(&begun.planned));
        let intent = format!("touched AS ({intent})");
        self.connect_to_ledger();
        self.script.own("BEGIN");
        self.script.guard(&self.run_lock());
        self.script.guard(&Ledger::exactly(1, &intent));
        let begins = self.ledger.script_begins(&begun);
        self.script.guard(&Ledger::exactly(1, &begins));
        self.script.own("COMMIT");
        if is_concurrent {
            self.concurrent(step);
        } else {
            self.transaction(step, |_| {}, |_| {});
        }
        self.script.echo(&format!("{}: done", patch.file()));
        self.connect_to_ledger();
        let ends = self.ledger.script_ends(&begun);
        self.script.guard(&Ledger::exactly(1, &ends));
        self.script.echo(&format!("{}: recorded", patch.file()));
        Ok(())
    }

    fn transaction(
        &mut self,
        step: &Step<'a>,
        begin: impl FnOnce(&mut Script),
        finish: impl FnOnce(&mut Script),
    ) {
        let patch = &step.patch;
        self.connect_to_target(&step.place.database, patch.user());
        let envelope = self.envelope(step);
        let [start, closed, stay, guard] = envelope.begin();
        self.script.own(&start);
        self.script.own(&closed);
        self.script.own(&stay);
        self.script.guard(&guard);
        begin(self.script);
        if step.begins == Begins::Schema
            && let Some(schema) = envelope.create_schema(patch.user())
        {
            self.script.own(&schema);
        }
        for setting in envelope.before(patch) {
            self.script.own(&setting);
        }
        let name = literal(
            &self
                .begun(step)
                .session_name(&self.deployment.config.program),
        );
        self.script
            .own(&format!("SET LOCAL application_name = {name}"));
        self.script.line("");
        self.script.patch(patch, Around::Transaction);
        self.script.line("");
        // A session of psql is no pooler's: the rest is cleaned up after the commit.
        self.script.own("RESET ALL");
        self.script.own("RESET SESSION AUTHORIZATION");
        self.script.own(CLOSED);
        finish(self.script);
        self.script.own("COMMIT");
        self.script.own("DISCARD ALL");
    }

    fn concurrent(&mut self, step: &Step<'a>) {
        let patch = &step.patch;
        self.connect_to_target(&step.place.database, patch.user());
        for setting in self.envelope(step).session(patch) {
            self.script.own(&setting);
        }
        let name = literal(
            &self
                .begun(step)
                .session_name(&self.deployment.config.program),
        );
        self.script.own(&format!("SET application_name = {name}"));
        self.script.line("");
        self.script.patch(patch, Around::Nothing);
        self.script.line("");
        for statement in crate::message::statements(patch) {
            if statement.class == Class::CreateIndexConcurrently
                && let Some(name) = statement.object
            {
                let schema = statement
                    .schema
                    .map_or_else(String::new, |schema| identifier(schema) + ".");
                let index = literal(&format!("{schema}{}", identifier(name)));
                // IF NOT EXISTS accepts the leftover of a build that failed.
                let is_valid = require("indisvalid", "the index is not valid; drop it");
                self.script.guard(&format!(
                    "SELECT {is_valid} FROM pg_catalog.pg_index WHERE indexrelid OPERATOR(pg_catalog.=) \
                     {index}::pg_catalog.regclass::pg_catalog.oid"
                ));
            }
        }
        self.script.own("DISCARD ALL");
    }

    fn envelope(&self, step: &'w Step<'a>) -> Envelope<'w>
    where
        'a: 'w,
    {
        Envelope {
            config: self.deployment.config,
            place: &step.place,
            login: self.deployment.targets.login(step.patch.user()),
        }
    }

    /// The attempt that the script makes. Its sessions have the names of `apply`'s, so that a later run finds them.
    fn begun(&self, step: &Step<'a>) -> Begun<'a> {
        Begun {
            planned: step.planned(),
            attempt: step.attempt,
        }
    }

    /// Fails while another run is at work; held until the end of the transaction.
    fn run_lock(&self) -> String {
        let lock = self.ledger.lock_key();
        let condition = format!("pg_catalog.pg_try_advisory_xact_lock({lock})");
        format!("SELECT {}", require(&condition, "another run is at work"))
    }

    /// Lets the login of a patch record it, where the ledger is another role's.
    fn grant(&mut self, user: &str) {
        let login = self.deployment.targets.login(user).to_owned();
        let is_target = self.scope.protocol == Protocol::SameTransaction;
        if is_target && login != self.scope.user && !self.granted.contains(&login) {
            self.connect_to_ledger();
            self.script.own(&self.ledger.grant(&login));
            self.granted.push(login);
        }
    }

    fn title(&mut self, patch: &Patch<'_>) {
        let (file, user) = (patch.file(), patch.user());
        self.script.line("");
        self.script
            .comment(&format!("{file}, as {user}, {}", patch.kind()));
        self.script.echo(file);
    }

    fn connect_to_ledger(&mut self) {
        let scope = self.scope;
        self.connect_to_state(&scope.database, &scope.user);
    }

    fn connect_to_state(&mut self, database: &str, user: &str) {
        self.connect(&self.deployment.state, database, user);
        self.script.own("SET search_path = pg_catalog, pg_temp");
    }

    fn connect_to_target(&mut self, database: &str, user: &str) {
        self.connect(&self.deployment.targets, database, user);
    }

    fn connect_to_maintenance(&mut self, user: &str) {
        let maintenance = self.maintenance.clone();
        self.connect_to_target(&maintenance, user);
    }

    fn connect(&mut self, connector: &Connector<'_>, database: &str, user: &str) {
        // On one server psql keeps the words that it was started with.
        let address: Vec<(&str, &str)> = match self.deployment.config.state_conninfo {
            Some(_) => connector.address().collect(),
            None => Vec::new(),
        };
        let user = connector.login(user);
        self.script.connect(&Connection {
            address: &address,
            database,
            user,
        });
    }
}

/// `true` if a step is part of the creation of its database.
fn creates_database(step: &Step<'_>) -> bool {
    step.is_bootstrap() && step.place.schema.is_none()
}
