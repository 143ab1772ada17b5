//! Prefilter of the rules: only rules that can have a finding in a patch run on it.
//!
//! Each rule visits the whole tree. That is slow in a build script, which is built without optimisation, and most rules have
//! no finding in most patches.

use crate::patch::lint::input::{LintInput, LintStatement};
use crate::sql::lexer::{StringMode, Token, TokenKind, Tokens};
use std::collections::HashSet;

/// Rule that the linter has no name for, so that it is never off.
pub(super) const UNUSED_IGNORE: &str = "unused-ignore";

/// Statements that a rule can have findings in: prefix of the rule's name, first word of the statement, and words of which
/// the statement must contain one, if there are any. A rule that is not listed always runs.
const TARGETS: [(&str, &str, &[&str]); 25] = [
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
/// Words of statements that name columns.
const NAMING: &[&str] = &["insert", "into", "merge", "table", "update", "view"];
/// Words of statements that name columns without a parenthesis, comma or `SET` before each.
const SELECTING: &[&str] = &["select", "view"];
/// Words at the beginning of table constraints. The name of a column needs quotes to be one of them.
const TABLE_CONSTRAINT: &[&str] = &["check", "constraint", "foreign", "like", "unique"];
const TOO_LONG: &str = "identifier-too-long";
/// Longest identifier in bytes: `NAMEDATALEN` without the final NUL.
const MAX_LEN: usize = 63;

/// Features of a patch by which rules are admitted.
pub(super) struct Prefilter {
    /// `true` if a comment is a directive for the linter, or if a string is not a standard one. Then all rules run.
    is_unusual: bool,
    statements: Vec<Features>,
}

/// Features of a statement that its words show.
#[derive(Default)]
struct Features {
    /// First word in lower case.
    first: String,
    /// Words that some rule refers to.
    words: Vec<&'static str>,
    may_name_twice: bool,
    has_long_name: bool,
    /// `true` if a name is written `U&"…"`, which may be any name.
    has_escaped_name: bool,
}

impl Prefilter {
    pub(super) fn of(input: &LintInput<'_>) -> Self {
        let mut pieces = input.split.pieces.iter();
        Self {
            is_unusual: input.text.contains("squawk")
                || pieces.any(|piece| piece.string_mode == StringMode::Escape),
            statements: input.statements().map(Features::of).collect(),
        }
    }

    /// Returns `true` if a rule may have a finding.
    pub(super) fn admits(&self, rule: &str) -> bool {
        let mut statements = self.statements.iter();
        if self.is_unusual || self.statements.iter().any(|it| it.has_escaped_name) {
            return true;
        }
        match rule {
            UNUSED_IGNORE => false,
            DUPLICATES => statements.any(|it| it.may_name_twice),
            TOO_LONG => statements.any(|it| it.has_long_name),
            _ => {
                let mut targets = TARGETS
                    .iter()
                    .filter(|(rules, ..)| rule.starts_with(rules))
                    .peekable();
                targets.peek().is_none()
                    || targets.any(|target| self.statements.iter().any(|it| it.matches(target)))
            }
        }
    }
}

impl Features {
    fn of(statement: LintStatement<'_>) -> Self {
        let mut features = Self::default();
        let mut wanted: Vec<&'static str> = Vec::new();
        let mut names = HashSet::new();
        let mut depth = 0_usize;
        let mut may_name = true;
        for token in Tokens::new(statement.text, StringMode::Standard) {
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
            features.has_long_name |= name.len() > MAX_LEN;
            features.has_escaped_name |= token.kind == TokenKind::UnicodeQuoted;
            if features.first.is_empty() {
                features.first = name.to_ascii_lowercase();
                wanted = wanted_after(&features.first);
            }
            if let Some(at) = wanted
                .iter()
                .position(|word| word.eq_ignore_ascii_case(name))
            {
                features.words.push(wanted.swap_remove(at));
            }
            // The columns of a table are named in its own parentheses, and used in those within.
            let is_table =
                features.first == "create" && !has(&features, &["insert", "merge", "update"]);
            let is_constraint =
                is_table && token.kind == TokenKind::Word && is_one(name, TABLE_CONSTRAINT);
            if may_name && (depth == 1 || !is_table) && !is_constraint {
                features.may_name_twice |= !names.insert(name.to_ascii_lowercase());
            }
            may_name = name.eq_ignore_ascii_case("set");
        }
        features.may_name_twice |= has(&features, SELECTING);
        features.may_name_twice &= has(&features, NAMING);
        features
    }

    fn matches(&self, (_, first, words): &(&str, &str, &[&str])) -> bool {
        self.first == *first
            && (words.is_empty() || words.iter().any(|word| self.words.contains(word)))
    }
}

/// Returns the words that rules refer to in statements with a first word.
fn wanted_after(first: &str) -> Vec<&'static str> {
    let targets = TARGETS.iter().filter(|(_, word, _)| *word == first);
    let mut wanted: Vec<_> = targets
        .flat_map(|(.., words)| *words)
        .copied()
        .chain(NAMING.iter().chain(SELECTING).copied())
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}

fn has(features: &Features, words: &[&str]) -> bool {
    words
        .iter()
        .any(|word| features.first == *word || features.words.contains(word))
}

fn is_one(name: &str, words: &[&str]) -> bool {
    words.iter().any(|word| word.eq_ignore_ascii_case(name))
}

/// Returns the name in a token, if it may be one.
fn name<'a>(statement: &'a str, token: &Token) -> Option<&'a str> {
    let text = &statement[token.range.clone()];
    match token.kind {
        TokenKind::Word => Some(text),
        TokenKind::Quoted => text.strip_prefix('"').map(without_quote),
        TokenKind::UnicodeQuoted => text.get(3..).map(without_quote),
        _ => None,
    }
}

fn without_quote(name: &str) -> &str {
    name.strip_suffix('"').unwrap_or(name)
}
