//! Checks of statements against the transaction, if any, that a patch runs in.

use super::findings::Findings;
use super::item::{OwnedItem, OwnedStatement};
use super::patch_text::PatchText;
use crate::sql::class::Escape;
use crate::sql::{Fault, copy};
use patchgen_model::{Class, Grammar, Kind};

/// Reports statements that cannot run in the transaction that their patch runs in, or without one.
///
/// A `BEGIN … COMMIT` around a whole std patch is removed from the items: the patch runs in a transaction anyway.
pub(crate) fn check(
    items: &mut Vec<OwnedItem>,
    patch: &PatchText<'_>,
    findings: &mut Findings<'_>,
) {
    if !patch.attributes.is_baseline && patch.kind == Kind::Std {
        remove_transaction_pair(items, patch, findings);
    }
    for statement in items.iter().filter_map(OwnedItem::statement) {
        let start = statement.span.start as usize;
        let mut report_at = |offset, code, (message, help): (String, String)| {
            findings.error(Fault {
                offset,
                code,
                message,
                help: Some(help),
            });
        };
        for escape in &statement.escapes {
            report_at(start + escape.offset, "role-escape", leaves(escape));
        }
        let mut report = |code, text| report_at(start, code, text);
        if statement.class() == Class::CreateIndexConcurrently
            && statement.classified.object.is_none()
        {
            report("unnamed-index", unnamed());
        }
        if !patch.is_for_psql() && copy::is_to_stdout(statement.span.of(patch.text)) {
            report("copy-to-stdout", copy_out());
        }
        if patch.attributes.is_baseline {
            continue;
        }
        // Another kind of patch is no remedy for `DISCARD ALL`, which leaves the role, too.
        let is_escape = statement.escapes.iter().any(|escape| escape.offset == 0);
        if statement.class().is_transaction_control() {
            report("transaction-control", control(statement, patch));
        } else if patch.kind != Kind::Concurrent
            && !statement.class().runs_in_transaction()
            && !is_escape
        {
            report("needs-concurrent", not_in_transaction(statement, patch));
        }
        if patch.kind == Kind::Concurrent && statement.data.is_some() {
            report("copy-data", copy_in_concurrent());
        }
    }
}

fn copy_out() -> (String, String) {
    (
        "nobody reads what `COPY … TO STDOUT` sends".to_owned(),
        "leave it out; `COPY … TO 'file'` writes on the server".to_owned(),
    )
}

/// Removes a `BEGIN … COMMIT` around the whole patch.
fn remove_transaction_pair(
    items: &mut Vec<OwnedItem>,
    patch: &PatchText<'_>,
    findings: &mut Findings<'_>,
) {
    let statements: Vec<usize> = (0..items.len())
        .filter(|at| items[*at].statement().is_some())
        .collect();
    let (Some(&first), Some(&last)) = (statements.first(), statements.last()) else {
        return;
    };
    let is_control = |item: &OwnedItem| {
        item.statement()
            .is_some_and(|statement| statement.class().is_transaction_control())
    };
    let is_plain = |at: usize, class, words: &[&str]| {
        items[at].statement().is_some_and(|statement| {
            let written = statement.span.of(patch.text);
            let written: Vec<_> = written.split_whitespace().collect();
            let written = written.join(" ").to_ascii_lowercase();
            statement.class() == class && words.contains(&written.as_str())
        })
    };
    let begins = [
        "begin",
        "begin work",
        "begin transaction",
        "start transaction",
    ];
    let ends = [
        "commit",
        "commit work",
        "commit transaction",
        "end",
        "end work",
        "end transaction",
    ];
    if items.iter().filter(|item| is_control(item)).count() != 2
        || !is_plain(first, Class::Begin, &begins)
        || !is_plain(last, Class::Commit, &ends)
    {
        return;
    }
    findings.warn(Fault {
        offset: items[first].item().span().start as usize,
        code: "transaction-pair",
        message: "the patch begins and ends a transaction, as it does without".to_owned(),
        help: Some("both statements are left out; a new patch needs neither".to_owned()),
    });
    items.remove(last);
    items.remove(first);
}

fn unnamed() -> (String, String) {
    (
        "an index built CONCURRENTLY has no name".to_owned(),
        "give it one: without, what an interrupted build left behind cannot be found".to_owned(),
    )
}

fn leaves(escape: &Escape) -> (String, String) {
    (
        format!(
            "`{}` leaves the role that the patch runs as",
            escape.command
        ),
        "put it into a patch whose name has the right user".to_owned(),
    )
}

fn control(statement: &OwnedStatement, patch: &PatchText<'_>) -> (String, String) {
    let words = words(statement, patch);
    let runs = match patch.kind {
        Kind::Concurrent => "each statement of a concurrent patch runs on its own".to_owned(),
        kind => format!("a {kind} patch runs in one transaction as a whole"),
    };
    let help = match statement.class() {
        Class::Rollback => "leave it out; `SAVEPOINT` and `ROLLBACK TO SAVEPOINT` are allowed",
        Class::PrepareTransaction => "leave it out",
        _ => "leave it out, and put what must be committed separately into a patch of its own",
    };
    (format!("`{words}`, but {runs}"), help.to_owned())
}

fn not_in_transaction(statement: &OwnedStatement, patch: &PatchText<'_>) -> (String, String) {
    let help = match patch.attributes.grammar {
        Grammar::Dotted => "declare `-- patch: kind=concurrent` in the first lines",
        Grammar::Launchpad => "end the name in `-concurrent.sql`, which declares `kind=concurrent`",
    };
    let help =
        format!("{help}; put statements that must stand or fall together into another patch");
    let message = format!(
        "`{}` cannot run inside a transaction",
        words(statement, patch)
    );
    (message, help)
}

fn copy_in_concurrent() -> (String, String) {
    (
        "`COPY … FROM stdin` in a concurrent patch".to_owned(),
        "put it into a `std` patch".to_owned(),
    )
}

/// Returns the keywords by which a message refers to a statement.
fn words(statement: &OwnedStatement, patch: &PatchText<'_>) -> String {
    let known = match statement.class() {
        Class::CreateIndexConcurrently => "CREATE INDEX CONCURRENTLY",
        Class::DropIndexConcurrently => "DROP INDEX CONCURRENTLY",
        Class::ReindexConcurrently => "REINDEX CONCURRENTLY",
        Class::DetachPartitionConcurrently => "DETACH PARTITION CONCURRENTLY",
        Class::AlterDatabaseTablespace => "ALTER DATABASE SET TABLESPACE",
        Class::CreateDatabase => "CREATE DATABASE",
        Class::DropDatabase => "DROP DATABASE",
        Class::CreateTablespace => "CREATE TABLESPACE",
        Class::DropTablespace => "DROP TABLESPACE",
        Class::PrepareTransaction => "PREPARE TRANSACTION",
        _ => "",
    };
    if !known.is_empty() {
        return known.to_owned();
    }
    let wanted = match statement.class() {
        Class::Begin | Class::Commit | Class::Rollback => 1,
        _ => 2,
    };
    let written = statement
        .span
        .of(patch.text)
        .split(|c: char| !c.is_alphanumeric() && c != '_');
    let words: Vec<_> = written
        .filter(|word| !word.is_empty())
        .take(wanted)
        .collect();
    let mut words = words.join(" ").to_uppercase();
    for alone in ["VACUUM", "CLUSTER"] {
        if words.starts_with(alone) {
            words.truncate(alone.len());
        }
    }
    words
}
