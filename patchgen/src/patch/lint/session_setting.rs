use super::input::{LintInput, LintStatement, Stage};
use crate::sql::lexer::{TokenKind, Tokens};
use crate::sql::{Fault, StringMode};
use patchgen_model::{Class, Kind};

pub(super) const NAME: &str = "session-setting";

/// Reports the first `SET` of a patch that outlasts its transaction. A dump begins with a dozen of them.
pub(super) fn check(input: &LintInput<'_>) -> Vec<Fault> {
    // A concurrent patch has no transaction, and a baseline has a session of its own.
    if input.kind == Kind::Concurrent || input.stage == Stage::Baseline {
        return Vec::new();
    }
    let mut settings = input
        .statements()
        .filter_map(|statement| Some((statement, parameter(&statement)?)));
    let Some((first, parameter)) = settings.next() else {
        return Vec::new();
    };
    let others = match settings.count() {
        0 => String::new(),
        others => format!(", and {others} more"),
    };
    let message = format!("`{parameter}` is set beyond the end of the transaction{others}");
    vec![first.fault(NAME, message)]
}

fn parameter(statement: &LintStatement<'_>) -> Option<String> {
    let mut tokens = Tokens::new(statement.text, StringMode::Standard)
        .map(|token| (token.kind, &statement.text[token.range]));
    let is = |text: &str, word: &str| text.eq_ignore_ascii_case(word);
    let (_, first) = tokens.next()?;
    let is_setting = matches!(
        statement.class,
        Class::SessionSetting | Class::ClientEncoding
    );
    if is_setting && is(first, "set") {
        let (_, second) = tokens.next()?;
        // A change of the encoding has its class even if it ends with the transaction.
        if statement.class == Class::ClientEncoding && is(second, "local") {
            return None;
        }
        let name = if is(second, "session") {
            tokens.next()?.1
        } else {
            second
        };
        return Some(name.to_ascii_lowercase());
    }
    // `SELECT set_config('search_path', '', false)`, as a dump has it.
    if !is(first, "select") {
        return None;
    }
    tokens.find(|(_, text)| is(text, "set_config"))?;
    let (_, name) = tokens.find(|(kind, _)| *kind == TokenKind::Text)?;
    let is_local = !tokens.any(|(kind, text)| kind == TokenKind::Word && is(text, "false"));
    (!is_local).then(|| name.trim_matches('\'').to_ascii_lowercase())
}
