//! Runs a baseline as psql would, when it cannot run in a transaction: statement by statement, each on its own.

use crate::Error;
use crate::bootstrap::mark_unfinished;
use crate::message::{Part, patch_error};
use crate::script::{Request, Variables};
use crate::session::{Connector, Session};
use patchgen_model::{Class, Item, Patch};

/// Whether a patch can run inside one transaction on one session.
pub(crate) fn is_transactional(patch: &Patch<'_>) -> bool {
    patch.items().all(|item| match item {
        Item::Meta(span) => {
            let text = span.of(patch.text());
            !["\\c", "\\connect"].contains(&text.split_whitespace().next().unwrap_or_default())
        }
        Item::Statement(statement) => statement.class.runs_in_transaction(),
    })
}

/// Whether the script makes the database itself.
pub(crate) fn creates(patch: &Patch<'_>, database: &str) -> bool {
    patch.items().any(|item| match item {
        Item::Statement(statement) => {
            statement.class == Class::CreateDatabase
                && statement.object.is_none_or(|name| name == database)
        }
        Item::Meta(_) => false,
    })
}

/// Runs the script; `session` is where it begins.
pub(crate) async fn run(
    connector: &Connector<'_>,
    mut session: Session,
    patch: &Patch<'_>,
    database: &str,
) -> Result<(), Error> {
    let mut variables = Variables::new(connector.config, &session.database, patch.user());
    for item in patch.items() {
        let statement = match item {
            Item::Statement(statement) => statement,
            Item::Meta(span) => {
                if let Request::Connect { database, user } = variables.obey(patch, span)? {
                    let database = database.unwrap_or_else(|| session.database.clone());
                    let user = user.unwrap_or_else(|| session.user.clone());
                    session = connector.open(&database, &user).await?;
                }
                continue;
            }
        };
        Part::new(0, patch, &statement, &variables).send(&session).await.map_err(|failure| {
            let offset = failure.blame.map(|(_, offset)| offset);
            patch_error(
                patch,
                failure.refusal,
                offset,
                "the script stopped here; what it did before is kept until the next run, which drops the unfinished \
                 database and begins again",
            )
        })?;
        if statement.class == Class::CreateDatabase
            && statement.object.is_none_or(|name| name == database)
        {
            mark_unfinished(&session, database).await?;
        }
    }
    Ok(())
}
