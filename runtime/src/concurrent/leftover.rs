//! What a statement that cannot run in a transaction leaves behind when it is interrupted, and what to do about it.

use super::fail;
use crate::message::PartFailure;
use crate::observer::{Event, emit};
use crate::quote::{identifier, literal};
use crate::session::Session;
use crate::{Config, Error, ErrorKind};
use patchgen_model::{Class, Patch, Statement};
use tokio_postgres::error::SqlState;

/// How what a statement makes or drops is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum There {
    No,
    Yes,
    /// An index that PostgreSQL does not use: its build or its removal was interrupted.
    Invalid,
}

/// Says which indexes of the database are invalid already; they are left as they are.
pub(super) async fn report_invalid(session: &Session, config: &Config) -> Result<(), Error> {
    let query = "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.format('%I.%I', tn.nspname, t.relname) \
                 FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
                 JOIN pg_catalog.pg_class t ON t.oid = i.indrelid \
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace \
                 LEFT JOIN pg_catalog.pg_stat_progress_create_index p ON p.index_relid = i.indexrelid \
                 WHERE NOT (i.indisvalid AND i.indisready AND i.indislive) AND c.relkind = 'i' AND p.pid IS NULL";
    for row in session
        .query(query)
        .await
        .map_err(|refusal| session.explain(refusal))?
    {
        let (index, table) = (
            row.get(0).unwrap_or_default(),
            row.get(1).unwrap_or_default(),
        );
        let message = format!("index `{index}` of `{table}` is invalid; no query uses it");
        emit(config, &Event::Warning { message: &message });
    }
    Ok(())
}

pub(super) struct Leftover<'s, 'a> {
    pub(super) session: &'s Session,
    pub(super) patch: &'s Patch<'a>,
    pub(super) statement: &'s Statement<'a>,
    pub(super) config: &'s Config,
}

impl Leftover<'_, '_> {
    /// Looks for the object of the statement.
    pub(super) async fn look(&self) -> Result<There, Error> {
        let Some(object) = self.statement.object else {
            return Ok(There::No);
        };
        let query = match self.statement.class {
            Class::CreateIndexConcurrently | Class::DropIndexConcurrently => format!(
                "SELECT i.indisvalid AND i.indisready AND i.indislive FROM pg_catalog.pg_index i \
                 WHERE i.indexrelid = pg_catalog.to_regclass({})",
                literal(&self.name(object))
            ),
            Class::CreateDatabase | Class::DropDatabase => {
                format!(
                    "SELECT true FROM pg_catalog.pg_database WHERE datname = {}",
                    literal(object)
                )
            }
            Class::CreateTablespace | Class::DropTablespace => {
                format!(
                    "SELECT true FROM pg_catalog.pg_tablespace WHERE spcname = {}",
                    literal(object)
                )
            }
            _ => return Ok(There::No),
        };
        let row = self
            .session
            .run(&query)
            .await
            .map_err(|refusal| self.session.explain(refusal))?;
        Ok(match row.as_ref().and_then(|row| row.get(0)) {
            None => There::No,
            Some("t") => There::Yes,
            Some(_) => There::Invalid,
        })
    }

    fn name(&self, object: &str) -> String {
        match self.statement.schema {
            Some(schema) => format!("{}.{}", identifier(schema), identifier(object)),
            None => identifier(object),
        }
    }

    /// Before the first try: sees to it that IF NOT EXISTS does not keep an invalid index; gives whether the object is there.
    pub(super) async fn clear(&self, there: There) -> Result<bool, Error> {
        let builds = self.statement.class == Class::CreateIndexConcurrently;
        if there == There::Invalid && builds && self.statement.conditional {
            self.drop_index("an index of that name is invalid, and IF NOT EXISTS would keep it")
                .await?;
            return Ok(false);
        }
        Ok(there != There::No)
    }

    /// After an interruption: gives whether the statement is done.
    pub(super) async fn settle(&self, existed: bool, there: There) -> Result<bool, Error> {
        Ok(match (self.statement.class, there) {
            (Class::CreateIndexConcurrently, There::Invalid) if !existed => {
                self.drop_index("its build was interrupted").await?;
                false
            }
            (
                Class::CreateIndexConcurrently | Class::CreateDatabase | Class::CreateTablespace,
                There::Yes,
            ) => !existed,
            (
                Class::DropIndexConcurrently | Class::DropDatabase | Class::DropTablespace,
                There::No,
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
        let message = format!("dropping index `{object}`: {why}");
        emit(self.config, &Event::Warning { message: &message });
        self.run(&format!(
            "DROP INDEX CONCURRENTLY IF EXISTS {}",
            self.name(object)
        ))
        .await
    }

    async fn run(&self, sql: &str) -> Result<(), Error> {
        self.session
            .run(sql)
            .await
            .map(drop)
            .map_err(|refusal| self.session.explain(refusal))
    }

    /// REINDEX CONCURRENTLY leaves its new index as `…_ccnew`, or the old one as `…_ccold`.
    async fn drop_rebuilt(&self) -> Result<(), Error> {
        let Some(object) = self.statement.object else {
            return Ok(());
        };
        let text = self.statement.span.of(self.patch.text());
        let mut words = text.split_whitespace();
        // A table and a schema may have the same name.
        let of_schema = if words.any(|word| word.eq_ignore_ascii_case("schema")) {
            format!(" OR n.nspname = {}", literal(object))
        } else {
            String::new()
        };
        let query = format!(
            "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_index i \
             JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$' \
             AND (i.indrelid = pg_catalog.to_regclass({name}) OR i.indrelid = \
             (SELECT o.indrelid FROM pg_catalog.pg_index o WHERE o.indexrelid = pg_catalog.to_regclass({name})){of_schema})",
            name = literal(&self.name(object)),
        );
        for row in self
            .session
            .query(&query)
            .await
            .map_err(|refusal| self.session.explain(refusal))?
        {
            let index = row.get(0).unwrap_or_default();
            let message = format!("dropping index {index}: a rebuild was interrupted");
            emit(self.config, &Event::Warning { message: &message });
            self.run(&format!("DROP INDEX CONCURRENTLY IF EXISTS {index}"))
                .await?;
        }
        Ok(())
    }

    /// A detachment that was interrupted in its second half must be finalized; gives whether the partition is off.
    async fn finalize(&self) -> Result<bool, Error> {
        let text = self.statement.span.of(self.patch.text());
        let Some(position) = text.to_ascii_lowercase().rfind("concurrently") else {
            return Ok(false);
        };
        let finalize = format!(
            "{}FINALIZE{}",
            &text[..position],
            &text[position + "concurrently".len()..]
        );
        match self.session.run(&finalize).await {
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

    /// After a refusal: a failed build leaves an invalid index, which is dropped.
    pub(super) async fn after_error(&self, failure: PartFailure) -> Result<(), Error> {
        let exists = failure.refusal.code() == Some(&SqlState::DUPLICATE_TABLE);
        let error = fail(self.patch, self.statement, failure);
        if self.statement.class == Class::CreateIndexConcurrently
            && !exists
            && self.look().await? == There::Invalid
        {
            self.drop_index("its build failed").await?;
        }
        if self.statement.class == Class::ReindexConcurrently {
            self.drop_rebuilt().await?;
        }
        Err(error)
    }

    /// After success: a concurrent index must be valid.
    pub(super) async fn check(&self) -> Result<(), Error> {
        if self.statement.class == Class::CreateIndexConcurrently
            && self.look().await? == There::Invalid
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
