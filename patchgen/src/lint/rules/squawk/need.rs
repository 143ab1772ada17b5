//! What a rule has to meet before it can find anything. Each goes through the whole tree, which takes long in a build
//! script, because that is built without optimisation; and most patches have nothing for most rules.

use super::{Input, Sentence, UNUSED_IGNORE};
use crate::segment::lexer::{TokenKind, Tokens};
use crate::segment::{Strings, Token};
use std::collections::HashSet;

/// Rules, by the beginning of their names; the first word of a statement; which words it must have one of, if any. A rule
/// that is not here always runs.
const NEEDS: [(&str, &str, &[&str]); 25] = [
    (
        "adding-field-with-default",
        "alter",
        &["default", "generated"],
    ),
    (
        "adding-foreign-key-constraint",
        "alter",
        &["foreign", "references"],
    ),
    ("adding-not-nullable-field", "alter", &["null"]),
    ("adding-required-field", "alter", &["null"]),
    ("adding-serial-primary-key-field", "alter", &["primary"]),
    ("ban-alter-domain-with-add-constraint", "alter", &["domain"]),
    ("ban-alter-identity", "alter", &["identity", "generated"]),
    ("ban-char-field", "alter", CHARACTER),
    ("ban-char-field", "create", CHARACTER),
    ("ban-drop-", "alter", &["drop", "constraint"]),
    ("ban-drop-", "drop", &[]),
    ("ban-set-schema", "alter", &["schema"]),
    ("ban-truncate-cascade", "truncate", &[]),
    ("changing-column-type", "alter", &["type"]),
    ("constraint-missing-not-valid", "alter", CONSTRAINT),
    ("disallowed-unique-constraint", "alter", &["unique"]),
    ("prefer-repack", "cluster", &[]),
    ("prefer-repack", "vacuum", &[]),
    ("prefer-timestamp-tz", "alter", &["timestamp"]),
    ("prefer-timestamp-tz", "create", &["timestamp"]),
    ("renaming-", "alter", &["rename"]),
    ("require-concurrent-index-creation", "create", &["index"]),
    ("require-concurrent-index-deletion", "drop", &["index"]),
    ("require-concurrent-partition-detach", "alter", &["detach"]),
    ("require-concurrent-reindex", "reindex", &[]),
];
const CHARACTER: &[&str] = &["char", "character", "bpchar", "nchar"];
const CONSTRAINT: &[&str] = &[
    "check",
    "constraint",
    "exclude",
    "foreign",
    "not",
    "primary",
    "references",
    "unique",
    "validate",
];
const DUPLICATES: &str = "ban-duplicate-column-assignments";
/// What names columns in some way.
const NAMING: &[&str] = &["insert", "into", "merge", "table", "update", "view"];
/// What names them without a parenthesis, comma or `SET` before each.
const SELECTING: &[&str] = &["select", "view"];
/// What stands where a table's column might be named, and needs quotes to be its name.
const TABLE_CONSTRAINT: &[&str] = &["check", "constraint", "foreign", "like", "unique"];
const TOO_LONG: &str = "identifier-too-long";
/// The server's `NAMEDATALEN` less the zero at the end.
const LONGEST: usize = 63;

/// What the statements of a patch have for the rules.
pub(super) struct Needs {
    /// A comment speaks to the linter, or a string is no standard one.
    is_unusual: bool,
    statements: Vec<Seen>,
}

/// What there is to see in a statement without its tree.
#[derive(Default)]
struct Seen {
    first: String,
    /// Those that some rule asks for.
    words: Vec<&'static str>,
    may_name_twice: bool,
    has_long_name: bool,
    /// `U&"…"` may be any name.
    has_escaped_name: bool,
}

impl Needs {
    pub(super) fn of(input: &Input<'_>) -> Self {
        let mut pieces = input.segmented.pieces.iter();
        Self {
            is_unusual: input.text.contains("squawk")
                || pieces.any(|piece| piece.strings == Strings::Escape),
            statements: input.statements().map(Seen::of).collect(),
        }
    }

    /// Whether a rule may find something.
    pub(super) fn are_met(&self, rule: &str) -> bool {
        let mut statements = self.statements.iter();
        if self.is_unusual || self.statements.iter().any(|it| it.has_escaped_name) {
            return true;
        }
        match rule {
            UNUSED_IGNORE => false,
            DUPLICATES => statements.any(|it| it.may_name_twice),
            TOO_LONG => statements.any(|it| it.has_long_name),
            _ => {
                let mut needs = NEEDS
                    .iter()
                    .filter(|(rules, ..)| rule.starts_with(rules))
                    .peekable();
                needs.peek().is_none()
                    || needs.any(|need| self.statements.iter().any(|it| it.meets(need)))
            }
        }
    }
}

impl Seen {
    fn of(statement: Sentence<'_>) -> Self {
        let mut seen = Self::default();
        let mut wanted: Vec<&'static str> = Vec::new();
        let mut names = HashSet::new();
        let mut depth = 0_usize;
        let mut may_name = true;
        for token in Tokens::new(statement.text, Strings::Standard) {
            let name = name(statement.text, &token);
            match token.kind {
                TokenKind::Symbol(b'(') => depth += 1,
                TokenKind::Symbol(b')') => depth = depth.saturating_sub(1),
                _ => {}
            }
            let Some(name) = name else {
                may_name = matches!(token.kind, TokenKind::Symbol(b'(' | b','));
                continue;
            };
            seen.has_long_name |= name.len() > LONGEST;
            seen.has_escaped_name |= token.kind == TokenKind::UnicodeQuoted;
            if seen.first.is_empty() {
                seen.first = name.to_ascii_lowercase();
                wanted = wanted_behind(&seen.first);
            }
            if let Some(at) = wanted
                .iter()
                .position(|word| word.eq_ignore_ascii_case(name))
            {
                seen.words.push(wanted.swap_remove(at));
            }
            // A table's columns are named between its own parentheses, and used in those within.
            let is_table = seen.first == "create" && !has(&seen, &["insert", "merge", "update"]);
            let is_constraint =
                is_table && token.kind == TokenKind::Word && is_one(name, TABLE_CONSTRAINT);
            if may_name && (depth == 1 || !is_table) && !is_constraint {
                seen.may_name_twice |= !names.insert(name.to_ascii_lowercase());
            }
            may_name = name.eq_ignore_ascii_case("set");
        }
        seen.may_name_twice |= has(&seen, SELECTING);
        seen.may_name_twice &= has(&seen, NAMING);
        seen
    }

    fn meets(&self, (_, first, words): &(&str, &str, &[&str])) -> bool {
        self.first == *first
            && (words.is_empty() || words.iter().any(|word| self.words.contains(word)))
    }
}

/// The words that matter behind a first one.
fn wanted_behind(first: &str) -> Vec<&'static str> {
    let needs = NEEDS.iter().filter(|(_, word, _)| *word == first);
    let mut wanted: Vec<_> = needs
        .flat_map(|(.., words)| *words)
        .copied()
        .chain(NAMING.iter().chain(SELECTING).copied())
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}

fn has(seen: &Seen, words: &[&str]) -> bool {
    words
        .iter()
        .any(|word| seen.first == *word || seen.words.contains(word))
}

fn is_one(name: &str, words: &[&str]) -> bool {
    words.iter().any(|word| word.eq_ignore_ascii_case(name))
}

/// What a token names, if it may be a name.
fn name<'a>(statement: &'a str, token: &Token) -> Option<&'a str> {
    let text = &statement[token.range.clone()];
    match token.kind {
        TokenKind::Word => Some(text),
        TokenKind::Quoted => text.strip_prefix('"').map(unclosed),
        TokenKind::UnicodeQuoted => text.get(3..).map(unclosed),
        _ => None,
    }
}

fn unclosed(name: &str) -> &str {
    name.strip_suffix('"').unwrap_or(name)
}
