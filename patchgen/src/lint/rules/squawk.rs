//! The rules of `squawk-linter`.

mod need;

use super::{Input, Sentence, fault};
use crate::lint::{LINTS, explain};
use crate::segment::lexer::{TokenKind, Tokens};
use crate::segment::{Fault, Strings};
use crate::syntax::{self, Whole};
use need::Needs;
use patchgen_model::Kind;
use squawk_linter::{Linter, Rule, Violation};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a server is taken for if nobody says.
const POSTGRES_VERSION: u32 = 15;
/// The linter has no name to turn this one on by: it is never off.
const UNUSED_IGNORE: &str = "unused-ignore";

pub(super) fn check(input: &Input<'_>) -> Vec<Fault> {
    let needs = Needs::of(input);
    let rules: Vec<Rule> = LINTS
        .iter()
        .filter(|lint| (input.is_on)(lint.name) && needs.are_met(lint.name))
        .filter_map(|lint| lint.name.parse().ok())
        .collect();
    if rules.is_empty() && !needs.are_met(UNUSED_IGNORE) {
        return Vec::new();
    }
    let faultless = match input.whole {
        Some(_) => None,
        None => Whole::of_faultless(input.text, input.segmented),
    };
    let Some(whole) = input.whole.or(faultless.as_ref()) else {
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
            linter.lint(&whole.parse, &whole.sql)
        }))
    };
    let Some(Ok(found)) = syntax::with_stack(whole.depth, lint) else {
        return Vec::new();
    };
    let statements: Vec<_> = input.statements().collect();
    found
        .iter()
        .filter_map(told)
        .filter(|fault| (input.is_on)(fault.code))
        .filter(|fault| !is_made_anew(fault, &statements))
        .collect()
}

fn told(violation: &Violation) -> Option<Fault> {
    let lint = explain(&violation.code.to_string())?;
    let offset = violation.text_range.start().into();
    Some(fault(offset, lint.name, first_sentence(&violation.message)))
}

/// The rest of a message is told by [`explain`].
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

/// Whether what is dropped is made again behind: a view or a function cannot always be changed in place.
fn is_made_anew(fault: &Fault, statements: &[Sentence<'_>]) -> bool {
    if !fault.code.starts_with("ban-drop-") {
        return false;
    }
    let at = statements.partition_point(|statement| statement.offset <= fault.offset);
    let (dropping, behind) = statements.split_at(at);
    let Some(statement) = dropping.last() else {
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
    let rest: Vec<String> = behind
        .iter()
        .flat_map(|statement| makes(statement.text))
        .collect();
    rest.windows(2)
        .any(|pair| pair[0] == kind && pair[1] == name)
}

/// The words of a statement that makes something.
fn makes(statement: &str) -> Vec<String> {
    let words = words(statement);
    let makes = match words.first().map(String::as_str) {
        Some("create") => true,
        Some("alter") => words.iter().any(|word| word == "add"),
        _ => false,
    };
    if makes {
        words
            .into_iter()
            .filter(|word| !["if", "not", "exists", "concurrently"].contains(&word.as_str()))
            .collect()
    } else {
        Vec::new()
    }
}

/// Words and names, qualified ones in one.
fn words(statement: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_dotted = false;
    for token in Tokens::new(statement, Strings::Standard) {
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
