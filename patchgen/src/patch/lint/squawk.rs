//! Rules of `squawk-linter`.

mod prefilter;

use super::input::{LintInput, LintStatement, fault};
use crate::rule::{LINTS, explain};
use crate::sql::lexer::{TokenKind, Tokens};
use crate::sql::parser::{self, TextTree};
use crate::sql::{Fault, StringMode};
use patchgen_model::Kind;
use prefilter::{Prefilter, UNUSED_IGNORE};
use squawk_linter::{Linter, Rule, Violation};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Version of the server if the build does not set one.
const POSTGRES_VERSION: u32 = 15;

pub(super) fn check(input: &LintInput<'_>) -> Vec<Fault> {
    let prefilter = Prefilter::of(input);
    let rules: Vec<Rule> = LINTS
        .iter()
        .filter(|lint| (input.is_on)(lint.name) && prefilter.admits(lint.name))
        .filter_map(|lint| lint.name.parse().ok())
        .collect();
    if rules.is_empty() && !prefilter.admits(UNUSED_IGNORE) {
        return Vec::new();
    }
    let accepted = match input.tree {
        Some(_) => None,
        None => TextTree::of_accepted(input.text, input.split),
    };
    let Some(tree) = input.tree.or(accepted.as_ref()) else {
        return Vec::new();
    };
    let in_transaction = input.kind != Kind::Concurrent;
    let version = input.postgres_version.unwrap_or(POSTGRES_VERSION);
    let lint = || {
        catch_unwind(AssertUnwindSafe(|| {
            let mut linter = Linter::from(rules);
            linter.settings.assume_in_transaction = in_transaction;
            if let Ok(version) = version.to_string().parse() {
                linter.settings.pg_version = version;
            }
            linter.lint(&tree.parse, &tree.sql)
        }))
    };
    let Some(Ok(found)) = parser::with_stack(tree.depth, lint) else {
        return Vec::new();
    };
    let statements: Vec<_> = input.statements().collect();
    found
        .iter()
        .filter_map(fault_of)
        .filter(|fault| (input.is_on)(fault.code))
        .filter(|fault| !is_created_again(fault, &statements))
        .collect()
}

/// Returns the fault of a violation that the linter reports.
fn fault_of(violation: &Violation) -> Option<Fault> {
    let lint = explain(&violation.code.to_string())?;
    let offset = violation.text_range.start().into();
    Some(fault(offset, lint.name, first_sentence(&violation.message)))
}

/// Returns the first sentence of a message. The rest is in the table of rules.
fn first_sentence(message: &str) -> String {
    let end = message.find(". ").or_else(|| message.find("! "));
    let sentence = message[..end.unwrap_or(message.len())].trim_end_matches(['.', '!']);
    let mut letters = sentence.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            format!("{}{}", first.to_lowercase(), &sentence[first.len_utf8()..])
        }
        _ => sentence.to_owned(),
    }
}

/// Returns `true` if a later statement creates the dropped object again: a view or a function cannot always be changed in
/// place.
fn is_created_again(fault: &Fault, statements: &[LintStatement<'_>]) -> bool {
    if !fault.code.starts_with("ban-drop-") {
        return false;
    }
    let at = statements.partition_point(|statement| statement.offset <= fault.offset);
    let (until, later) = statements.split_at(at);
    let Some(statement) = until.last() else {
        return false;
    };
    let words = words(&statement.text[fault.offset - statement.offset..]);
    let mut words = words
        .iter()
        .map(String::as_str)
        .skip_while(|word| *word != "drop");
    words.next();
    let mut words = words
        .filter(|word| !["materialized", "if", "exists", "concurrently", "foreign"].contains(word));
    let (Some(kind), Some(name)) = (words.next(), words.next()) else {
        return false;
    };
    let rest: Vec<String> = later
        .iter()
        .flat_map(|statement| created(statement.text))
        .collect();
    rest.windows(2)
        .any(|pair| pair[0] == kind && pair[1] == name)
}

/// Returns the words of a statement that creates or adds something.
fn created(statement: &str) -> Vec<String> {
    let words = words(statement);
    let creates = match words.first().map(String::as_str) {
        Some("create") => true,
        Some("alter") => words.iter().any(|word| word == "add"),
        _ => false,
    };
    if creates {
        words
            .into_iter()
            .filter(|word| !["if", "not", "exists", "concurrently"].contains(&word.as_str()))
            .collect()
    } else {
        Vec::new()
    }
}

/// Returns the words and names of a statement. A qualified name is one word.
fn words(statement: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_dotted = false;
    for token in Tokens::new(statement, StringMode::Standard) {
        let text = &statement[token.range.clone()];
        match token.kind {
            TokenKind::Symbol(b'.') => {
                if let Some(last) = words.last_mut() {
                    last.push('.');
                }
                is_dotted = true;
                continue;
            }
            TokenKind::Word => match words.last_mut() {
                Some(last) if is_dotted => last.push_str(&text.to_ascii_lowercase()),
                _ => words.push(text.to_ascii_lowercase()),
            },
            TokenKind::Quoted => {
                let inner = text.trim_matches('"');
                match words.last_mut() {
                    Some(last) if is_dotted => last.push_str(inner),
                    _ => words.push(inner.to_owned()),
                }
            }
            _ => {}
        }
        is_dotted = false;
    }
    words
}
