//! Leftovers: the objects that a statement outside of transactions leaves behind when it is interrupted, and their removal.

use crate::message::error::PartFailure;
use crate::server::quote::{identifier, literal, sql};
use crate::server::session::Session;
use crate::{Config, Error, ErrorKind};
use patchgen_model::{Class, Patch, Span, Statement};
use tokio_postgres::error::SqlState;

/// State of the object that a statement creates or drops.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ObjectState {
    Missing,
    Present,
    /// An index that PostgreSQL does not use: its build or its removal was interrupted.
    Invalid,
}

/// The leftovers of one statement.
pub(super) struct Leftover<'s, 'a> {
    pub(super) session: &'s Session,
    pub(super) patch: &'s Patch<'a>,
    pub(super) statement: &'s Statement<'a>,
    pub(super) config: &'s Config,
}

impl Leftover<'_, '_> {
    /// Warns of the indexes of the database that are invalid already; they are left alone.
    pub(super) async fn report_invalid(session: &Session, config: &Config) -> Result<(), Error> {
        let query = sql!(
            "
            SELECT pg_catalog.format('%I.%I', n.nspname, c.relname),
                pg_catalog.format('%I.%I', tn.nspname, t.relname)
            FROM pg_catalog.pg_index i
                JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
                JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
                LEFT JOIN pg_catalog.pg_stat_progress_create_index p ON p.index_relid = i.indexrelid
            WHERE NOT (i.indisvalid AND i.indisready AND i.indislive) AND c.relkind = 'i' AND p.pid IS NULL
            "
        );
        for row in session.rows(&query).await? {
            let column = |number| row.get(number).unwrap_or_default();
            let (index, table) = (column(0), column(1));
            config.warn(&format!(
                "index `{index}` of `{table}` is invalid; no query uses it"
            ));
        }
        Ok(())
    }

    /// Finds out the state of the statement's object.
    pub(super) async fn object_state(&self) -> Result<ObjectState, Error> {
        let Some(object) = self.statement.object else {
            return Ok(ObjectState::Missing);
        };
        let name = literal(object);
        let query = match self.statement.class {
            Class::CreateIndexConcurrently | Class::DropIndexConcurrently => {
                let Some(index) = self.relation(&self.name(object)).await? else {
                    return Ok(ObjectState::Missing);
                };
                sql!(
                    "
                    SELECT i.indisvalid AND i.indisready AND i.indislive FROM pg_catalog.pg_index i
                    WHERE i.indexrelid = {index}
                    "
                )
            }
            Class::CreateDatabase | Class::DropDatabase => {
                format!("SELECT true FROM pg_catalog.pg_database WHERE datname = {name}")
            }
            Class::CreateTablespace | Class::DropTablespace => {
                format!("SELECT true FROM pg_catalog.pg_tablespace WHERE spcname = {name}")
            }
            _ => return Ok(ObjectState::Missing),
        };
        let row = self.session.row(&query).await?;
        Ok(match row.as_ref().and_then(|row| row.get(0)) {
            None => ObjectState::Missing,
            Some("t") => ObjectState::Present,
            Some(_) => ObjectState::Invalid,
        })
    }

    /// The oid of a relation, as the patch's own search path finds it.
    async fn relation(&self, name: &str) -> Result<Option<String>, Error> {
        let name = literal(name);
        let query = format!("SELECT pg_catalog.to_regclass({name})::pg_catalog.oid");
        let row = self.session.open(&query).await?;
        let oid = row.as_ref().and_then(|row| row.get(0));
        Ok(oid.map(|oid| format!("'{oid}'::pg_catalog.oid")))
    }

    fn name(&self, object: &str) -> String {
        match self.statement.schema {
            Some(schema) => format!("{}.{}", identifier(schema), identifier(object)),
            None => identifier(object),
        }
    }

    /// Before the first try: drops an invalid index that `IF NOT EXISTS` would keep. Returns `true` if the object exists.
    pub(super) async fn prepare(&self, state: ObjectState) -> Result<bool, Error> {
        let builds = self.statement.class == Class::CreateIndexConcurrently;
        if state == ObjectState::Invalid && builds && self.statement.conditional {
            self.drop_index("an index of that name is invalid, and IF NOT EXISTS would keep it")
                .await?;
            return Ok(false);
        }
        Ok(state != ObjectState::Missing)
    }

    /// After an interruption: removes what is left. Returns `true` if the statement is done.
    pub(super) async fn clean_up(&self, existed: bool, state: ObjectState) -> Result<bool, Error> {
        Ok(match (self.statement.class, state) {
            (Class::CreateIndexConcurrently, ObjectState::Invalid) if !existed => {
                self.drop_index("its build was interrupted").await?;
                false
            }
            (
                Class::CreateIndexConcurrently | Class::CreateDatabase | Class::CreateTablespace,
                ObjectState::Present,
            ) => !existed,
            (
                Class::DropIndexConcurrently | Class::DropDatabase | Class::DropTablespace,
                ObjectState::Missing,
            ) => existed,
            (Class::ReindexConcurrently, _) => {
                self.drop_rebuilt().await?;
                false
            }
            (Class::DetachPartitionConcurrently, _) => self.finalize().await?,
            _ => false,
        })
    }

    async fn drop_index(&self, why: &str) -> Result<(), Error> {
        let Some(object) = self.statement.object else {
            return Ok(());
        };
        self.config
            .warn(&format!("dropping index `{object}`: {why}"));
        let name = self.name(object);
        self.session
            .open(&format!("DROP INDEX CONCURRENTLY IF EXISTS {name}"))
            .await
            .map(drop)
    }

    /// Drops the indexes that `REINDEX CONCURRENTLY` leaves: its new ones as `…_ccnew`, or the old ones as `…_ccold`; those
    /// of a table's TOAST table too.
    async fn drop_rebuilt(&self) -> Result<(), Error> {
        let scope = self.rebuilt_tables().await?;
        let query = sql!(
            r"
            SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
            FROM pg_catalog.pg_index i
                JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$'
                AND EXISTS (
                    SELECT FROM pg_catalog.pg_class t
                        JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
                    WHERE i.indrelid IN (t.oid, t.reltoastrelid) AND {scope})
            "
        );
        for row in self.session.rows(&query).await? {
            let index = row.get(0).unwrap_or_default();
            self.config.warn(&format!(
                "dropping index {index}: a rebuild was interrupted"
            ));
            self.session
                .open(&format!("DROP INDEX CONCURRENTLY IF EXISTS {index}"))
                .await?;
        }
        Ok(())
    }

    /// A condition on the tables `t` (in schemas `tn`) whose indexes the statement rebuilds: one table, one schema, or all.
    async fn rebuilt_tables(&self) -> Result<String, Error> {
        Ok(match (self.statement.object, self.statement.schema) {
            (Some(object), _) => {
                let Some(relation) = self.relation(&self.name(object)).await? else {
                    return Ok("false".to_owned());
                };
                sql!(
                    "
                    t.oid IN ({relation},
                        (SELECT o.indrelid FROM pg_catalog.pg_index o WHERE o.indexrelid = {relation}))
                    "
                )
            }
            (None, Some(schema)) => format!("tn.nspname = {}", literal(schema)),
            (None, None) => "t.relkind <> 't'".to_owned(),
        })
    }

    /// Ends a detachment that was interrupted in its second half; returns `true` if the partition is detached.
    async fn finalize(&self) -> Result<bool, Error> {
        let Some(keyword) = self.statement.keyword else {
            return Ok(false);
        };
        let text = self.patch.text();
        let before = Span {
            end: keyword.start,
            ..self.statement.span
        };
        let after = Span {
            start: keyword.end,
            ..self.statement.span
        };
        let finalize = format!("{}FINALIZE{}", before.of(text), after.of(text));
        match self.session.try_open(&finalize).await {
            Ok(_) => Ok(true),
            Err(refusal) => match refusal.code() {
                // "is not a partition of relation": the detachment had come to its end.
                Some(&SqlState::UNDEFINED_TABLE) => Ok(true),
                // "not pending detach": it had not begun.
                Some(&SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE) => Ok(false),
                _ => Err(self.session.explain(refusal)),
            },
        }
    }

    /// `true` if a statement failed because its object exists already.
    pub(super) fn is_existing(failure: &PartFailure) -> bool {
        failure.refusal.code() == Some(&SqlState::DUPLICATE_TABLE)
    }

    /// After a refusal: drops the invalid index that a failed build leaves, unless it existed before.
    pub(super) async fn clean_up_failure(&self, existed: bool) -> Result<(), Error> {
        match self.statement.class {
            Class::CreateIndexConcurrently
                if !existed && self.object_state().await? == ObjectState::Invalid =>
            {
                self.drop_index("its build failed").await
            }
            Class::ReindexConcurrently => self.drop_rebuilt().await,
            _ => Ok(()),
        }
    }

    /// After success: checks that a concurrent index is valid.
    pub(super) async fn check(&self) -> Result<(), Error> {
        if self.statement.class == Class::CreateIndexConcurrently
            && self.object_state().await? == ObjectState::Invalid
        {
            let object = self.statement.object.unwrap_or_default();
            return Err(Error::new(
                ErrorKind::Patch,
                format!("index `{object}` is invalid after its build"),
            )
            .with_help("drop it and run again")
            .with_patch(self.patch));
        }
        Ok(())
    }
}
