//! Notices that a database is not the one that its record was made of: restored, made anew, moved to another server.

use crate::context::Domain;
use crate::ledger::Row;
use crate::plan::Standing;
use crate::quote::{identifier, literal};
use crate::session::Connector;
use crate::{Config, Error, ErrorKind};

/// Who a database is now.
struct Now {
    system_identifier: String,
    /// Nothing on a standby.
    timeline: Option<String>,
    database_oid: String,
    /// The next transaction's number.
    next: Option<u64>,
}

const GONE: &str = "is not there any more";

const QUERY: &str = "SELECT (SELECT system_identifier FROM pg_catalog.pg_control_system()), \
     CASE WHEN NOT pg_catalog.pg_is_in_recovery() \
     THEN pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8) END, \
     (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()), \
     pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())";

/// What is noticed of the databases of a domain; `ledger_system` is the server that keeps the record.
///
/// A record within its database is restored with it, and is always right.
pub(crate) async fn notices(
    connector: &Connector<'_>,
    domain: &Domain,
    standings: &[Standing<'_>],
    ledger_system: Option<&str>,
) -> Vec<String> {
    let mut notices = Vec::new();
    for same in standings.chunk_by(|a, b| a.target == b.target) {
        let settled = same.iter().filter_map(|standing| standing.row.as_ref());
        let ran =
            settled.filter(|row| row.state.is_settled() && row.run.system_identifier.is_some());
        let Some(last) = ran.max_by(|a, b| a.finished_at.cmp(&b.finished_at)) else {
            continue;
        };
        if domain.in_target {
            continue;
        }
        let found = match look(connector, &same[0].target.database, &last.user).await {
            Ok(now) => difference(last, &now, ledger_system),
            Err(error) if error.kind() == ErrorKind::MissingDatabase => Some(GONE),
            // What needs the database will say it.
            Err(error) => {
                tracing::debug!(%error, "a database could not be looked at");
                None
            }
        };
        notices.extend(found.map(|found| notice(last, found, domain, connector.config)));
    }
    notices
}

async fn look(connector: &Connector<'_>, database: &str, user: &str) -> Result<Now, Error> {
    let session = connector.open(database, user).await?;
    let row = session
        .run(QUERY)
        .await
        .map_err(|refusal| session.explain(refusal))?;
    let column = |number| row.as_ref().and_then(|row| row.get(number));
    let text = |number| column(number).unwrap_or_default().to_owned();
    Ok(Now {
        system_identifier: text(0),
        timeline: column(1).map(str::to_owned),
        database_oid: text(2),
        next: column(3).and_then(|next| next.parse().ok()),
    })
}

fn difference(last: &Row, now: &Now, ledger_system: Option<&str>) -> Option<&'static str> {
    let run = &last.run;
    let differs =
        |then: &Option<String>, now: &str| then.as_deref().is_some_and(|then| then != now);
    if differs(&run.system_identifier, &now.system_identifier) {
        return Some("is on another server now: it was moved, restored or upgraded");
    }
    if differs(&run.database_oid, &now.database_oid) {
        return Some("was dropped and made anew since, from a dump perhaps");
    }
    let xid = run.xid.as_deref().and_then(|xid| xid.parse::<u64>().ok());
    if xid.zip(now.next).is_some_and(|(xid, next)| xid >= next) {
        return Some("was restored from a backup that is older than the patch");
    }
    let same_server = ledger_system == Some(&now.system_identifier);
    match &now.timeline {
        // On the server that keeps the record, too, the two have always gone the same way.
        Some(timeline) if !same_server && differs(&run.timeline, timeline) => Some(
            "has been on another timeline since: a standby was promoted, or a backup was restored up to some moment",
        ),
        _ => None,
    }
}

fn notice(last: &Row, found: &str, domain: &Domain, config: &Config) -> String {
    let (key, file) = (&last.key, &last.file);
    let when = last.finished_at.as_deref().unwrap_or("some time ago");
    let forget = format!(
        "run in database `{}`: DELETE FROM {}.patch WHERE database = {}",
        domain.database,
        identifier(&config.state_schema),
        literal(key)
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
        "database `{key}` {found}; the last patch that the record has of it is `{file}`, applied {when}\n{remedy}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Run, State};
    use patchgen_model::Version;

    fn row() -> Row {
        let own = |text: &str| Some(text.to_owned());
        Row {
            key: "app".to_owned(),
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
            sql_state: None,
            message: None,
            run: Run {
                system_identifier: own("7"),
                timeline: own("00000001"),
                database_oid: own("16384"),
                xid: own("800"),
                ..Run::default()
            },
        }
    }

    #[test]
    fn what_a_restore_changes_is_noticed() {
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
                system_identifier: system.to_owned(),
                timeline: Some(timeline.to_owned()),
                database_oid: oid.to_owned(),
                next: Some(next),
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
