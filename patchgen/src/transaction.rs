use crate::examine::Subject;
use crate::rule::Findings;
use crate::segment::lexer::Tokens;
use crate::segment::{Fault, Strings};
use crate::verdict::{Part, Sentence};
use patchgen_model::{Class, Grammar, Kind};

/// Checks that each statement can run in the kind of transaction, or in none, that its patch runs in.
///
/// A `BEGIN … COMMIT` around a whole std patch is taken out of the parts: the patch runs in a transaction anyway.
pub(crate) fn check(parts: &mut Vec<Part>, subject: &Subject<'_>, findings: &mut Findings<'_>) {
    if !subject.context.is_baseline && subject.kind == Kind::Std {
        unwrap(parts, subject, findings);
    }
    for sentence in parts.iter().filter_map(Part::sentence) {
        let mut report = |code, (message, help): (String, String)| {
            findings.error(Fault {
                offset: sentence.span.start as usize,
                code,
                message,
                help: Some(help),
            });
        };
        if sentence.class() == Class::CreateIndexConcurrently
            && sentence.classified.object.is_none()
        {
            report("unnamed-index", unnamed());
        }
        if !subject.is_for_psql() && is_copy_out(sentence.span.of(subject.text)) {
            report("copy-to-stdout", copy_out());
        }
        if subject.context.is_baseline {
            continue;
        }
        if sentence.class() == Class::RoleEscape {
            report("role-escape", escape(sentence, subject));
        }
        if sentence.class().is_transaction_control() {
            report("transaction-control", control(sentence, subject));
        } else if subject.kind != Kind::Concurrent && !sentence.class().runs_in_transaction() {
            report("needs-concurrent", not_in_transaction(sentence, subject));
        }
        if subject.kind == Kind::Concurrent && sentence.data.is_some() {
            report("copy-data", copy_in_concurrent());
        }
    }
}

/// Whether a statement is `COPY … TO STDOUT`.
fn is_copy_out(statement: &str) -> bool {
    let mut words = Tokens::new(statement, Strings::Standard)
        .map(|token| statement[token.range].to_ascii_lowercase());
    if words.next().is_none_or(|first| first != "copy") {
        return false;
    }
    let (mut depth, mut is_behind_to) = (0_usize, false);
    words.any(|word| {
        match word.as_str() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        let is_out = is_behind_to && depth == 0 && word == "stdout";
        is_behind_to = word == "to";
        is_out
    })
}

fn copy_out() -> (String, String) {
    (
        "nobody reads what `COPY … TO STDOUT` sends".to_owned(),
        "leave it out; `COPY … TO 'file'` writes on the server".to_owned(),
    )
}

/// Takes a `BEGIN … COMMIT` around the whole patch out.
fn unwrap(parts: &mut Vec<Part>, subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let statements: Vec<usize> = (0..parts.len())
        .filter(|at| parts[*at].sentence().is_some())
        .collect();
    let (Some(&first), Some(&last)) = (statements.first(), statements.last()) else {
        return;
    };
    let is_control = |part: &Part| {
        part.sentence()
            .is_some_and(|sentence| sentence.class().is_transaction_control())
    };
    let is_plain = |at: usize, class, words: &[&str]| {
        parts[at].sentence().is_some_and(|sentence| {
            let written = sentence.span.of(subject.text);
            let written: Vec<_> = written.split_whitespace().collect();
            let written = written.join(" ").to_ascii_lowercase();
            sentence.class() == class && words.contains(&written.as_str())
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
    if parts.iter().filter(|part| is_control(part)).count() != 2
        || !is_plain(first, Class::Begin, &begins)
        || !is_plain(last, Class::Commit, &ends)
    {
        return;
    }
    findings.warn(Fault {
        offset: parts[first].item().span().start as usize,
        code: "transaction-pair",
        message: "the patch begins and ends a transaction, as it does without".to_owned(),
        help: Some("both statements are left out; a new patch needs neither".to_owned()),
    });
    parts.remove(last);
    parts.remove(first);
}

fn unnamed() -> (String, String) {
    (
        "an index built CONCURRENTLY has no name".to_owned(),
        "give it one: without, what an interrupted build left behind cannot be found".to_owned(),
    )
}

fn escape(sentence: &Sentence, subject: &Subject<'_>) -> (String, String) {
    (
        format!(
            "`{}` leaves the role that the patch runs as",
            words(sentence, subject)
        ),
        "put it into a patch whose name has the right user".to_owned(),
    )
}

fn control(sentence: &Sentence, subject: &Subject<'_>) -> (String, String) {
    let words = words(sentence, subject);
    let runs = match subject.kind {
        Kind::Concurrent => "each statement of a concurrent patch runs on its own".to_owned(),
        kind => format!("a {kind} patch runs in one transaction as a whole"),
    };
    let help = match sentence.class() {
        Class::Rollback => "leave it out; `SAVEPOINT` and `ROLLBACK TO SAVEPOINT` are allowed",
        Class::PrepareTransaction => "leave it out",
        _ => "leave it out, and put what must be committed separately into a patch of its own",
    };
    (format!("`{words}`, but {runs}"), help.to_owned())
}

fn not_in_transaction(sentence: &Sentence, subject: &Subject<'_>) -> (String, String) {
    let help = match subject.context.grammar {
        Grammar::Dotted => "declare `-- patch: kind=concurrent` in the first lines",
        Grammar::Launchpad => "end the name in `-concurrent.sql`, which declares `kind=concurrent`",
    };
    let help =
        format!("{help}; put statements that must stand or fall together into another patch");
    let message = format!(
        "`{}` cannot run inside a transaction",
        words(sentence, subject)
    );
    (message, help)
}

fn copy_in_concurrent() -> (String, String) {
    (
        "`COPY … FROM stdin` in a concurrent patch".to_owned(),
        "put it into a `std` patch".to_owned(),
    )
}

/// The words that make a statement what it is.
fn words(sentence: &Sentence, subject: &Subject<'_>) -> String {
    let known = match sentence.class() {
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
    let wanted = match sentence.class() {
        Class::RoleEscape => 3,
        Class::Begin | Class::Commit | Class::Rollback => 1,
        _ => 2,
    };
    let written = sentence
        .span
        .of(subject.text)
        .split(|c: char| !c.is_alphanumeric() && c != '_');
    let words: Vec<_> = written
        .filter(|word| !word.is_empty())
        .take(wanted)
        .collect();
    let mut words = words.join(" ").to_uppercase();
    for alone in ["VACUUM", "CLUSTER", "RESET ROLE"] {
        if words.starts_with(alone) {
            words.truncate(alone.len());
        }
    }
    words
}
