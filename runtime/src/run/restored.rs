//! Databases that are not those of their record: restored, created anew, moved to another server.

use super::scope::{LedgerScope, Protocol};
use crate::ledger::row::Row;
use crate::plan::comparison::Comparison;
use crate::server::connector::Connector;
use crate::server::identity::{Difference, Now};
use crate::server::quote::{identifier, literal};
use crate::{Config, Error, ErrorKind};

const GONE: &str = "is not there any more";

/// Returns a warning for each database of a scope that does not seem to be the recorded one.
///
/// `ledger_cluster` is the system identifier of the server that keeps the record. A record inside of its database is
/// restored with it, and is always right.
pub(crate) async fn warnings(
    connector: &Connector<'_>,
    scope: &LedgerScope,
    comparisons: &[Comparison<'_>],
    ledger_cluster: Option<&str>,
) -> Vec<String> {
    let mut warnings = Vec::new();
    if scope.protocol == Protocol::SameTransaction {
        return warnings;
    }
    for same in comparisons.chunk_by(|a, b| a.place() == b.place()) {
        let rows = same.iter().filter_map(|comparison| comparison.row.as_ref());
        let ran = rows.filter(|row| row.state.is_final() && row.run.transaction.is_some());
        let Some(last) = ran.max_by(|a, b| a.finished_at.cmp(&b.finished_at)) else {
            continue;
        };
        let found = match now(connector, &same[0].place().database, &last.user).await {
            Ok(now) => now.and_then(|now| difference(last, &now, ledger_cluster)),
            Err(error) if error.kind() == ErrorKind::MissingDatabase => Some(GONE),
            // The statements that need the database will report it.
            Err(error) => {
                tracing::debug!(%error, "the identity of a database could not be read");
                None
            }
        };
        warnings.extend(found.map(|found| warning(last, found, scope, connector.config)));
    }
    warnings
}

async fn now(connector: &Connector<'_>, database: &str, user: &str) -> Result<Option<Now>, Error> {
    let session = connector.open(database, user).await?;
    let row = session.row(&Now::query()).await?;
    Ok(row.as_ref().and_then(Now::read))
}

fn difference(last: &Row, now: &Now, ledger_cluster: Option<&str>) -> Option<&'static str> {
    let then = last.run.transaction.as_ref()?;
    let with_ledger = ledger_cluster == Some(&now.database.cluster);
    let xid = then.xid.parse::<u64>().ok();
    let is_older = xid.zip(now.next_xid).is_some_and(|(xid, next)| xid >= next);
    match then.database.difference(&now.database, with_ledger) {
        Some(Difference::Cluster) => {
            Some("is on another server now: it was moved, restored or upgraded")
        }
        Some(Difference::Database) => Some("was dropped and made anew since, from a dump perhaps"),
        _ if is_older => Some("was restored from a backup that is older than the patch"),
        Some(Difference::History) => Some(
            "has been on another timeline since: a standby was promoted, or a backup was restored up to some moment",
        ),
        None => None,
    }
}

fn warning(last: &Row, found: &str, scope: &LedgerScope, config: &Config) -> String {
    let (place, file) = (&last.series.place, &last.file);
    let when = last.finished_at.as_deref().unwrap_or("some time ago");
    let forget = format!(
        "run in database `{}`: DELETE FROM {}.patch WHERE database = {}",
        scope.database,
        identifier(&config.state_schema),
        literal(&place.to_string())
    );
    let remedy = if found == GONE {
        format!("restore it; or, to have it made anew by its patches, {forget};")
    } else {
        format!(
            "if its patches are all there, nothing is to be done; if it lacks those after some moment, {forget} \
             AND finished_at > '(that moment)';"
        )
    };
    format!(
        "database `{place}` {found}; the last patch that the record has of it is `{file}`, applied {when}\n{remedy}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Place;
    use crate::ledger::row::{Run, Series, State};
    use crate::server::identity::{DatabaseIdentity, TransactionId};
    use patchgen_model::Version;

    fn identity(cluster: &str, history: &str, database: &str) -> DatabaseIdentity {
        DatabaseIdentity {
            cluster: cluster.to_owned(),
            history: Some(history.to_owned()),
            database: database.to_owned(),
        }
    }

    fn row() -> Row {
        Row {
            series: Series {
                name: "app".to_owned(),
                place: Place::database("app"),
            },
            version: Version::default(),
            file: "a.sql".to_owned(),
            kind: "std".to_owned(),
            user: "u".to_owned(),
            checksum: String::new(),
            algorithm: String::new(),
            state: State::Applied,
            attempt: 1,
            started_at: None,
            finished_at: None,
            milliseconds: None,
            login_role: String::new(),
            branch: None,
            revision_number: None,
            revision_id: None,
            failure: None,
            run: Run {
                transaction: Some(TransactionId {
                    database: identity("7", "00000001", "16384"),
                    xid: "800".to_owned(),
                }),
                ..Run::default()
            },
        }
    }

    #[test]
    fn restored_databases_are_noticed() {
        for (system, timeline, oid, next, ledger, expected) in [
            ("7", "00000001", "16384", 801, "7", None),
            ("8", "00000001", "16384", 801, "7", Some("another server")),
            ("7", "00000001", "16999", 801, "7", Some("made anew")),
            (
                "7",
                "00000001",
                "16384",
                800,
                "7",
                Some("older than the patch"),
            ),
            ("7", "00000002", "16384", 801, "6", Some("another timeline")),
            ("7", "00000002", "16384", 801, "7", None),
        ] {
            let now = Now {
                database: identity(system, timeline, oid),
                next_xid: Some(next),
            };
            let found = difference(&row(), &now, Some(ledger));
            assert_eq!(found.is_some(), expected.is_some(), "{found:?}");
            assert!(
                found
                    .zip(expected)
                    .is_none_or(|(found, expected)| found.contains(expected)),
                "{found:?}"
            );
        }
    }
}
