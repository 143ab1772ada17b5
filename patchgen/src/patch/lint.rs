//! Rules that report dangerous statements. Each rule of Patchgen itself has a file here; `squawk` runs those of
//! `squawk-linter`. The names and explanations of all rules are in `rule`.

mod input;
mod squawk;

mod copy_not_ended;
mod mixed_change;
mod needs_transaction;
mod new_enum_value;
mod password_literal;
mod session_setting;
mod unrepeatable;

use crate::sql::Fault;

pub(crate) use input::{LintInput, Stage};

/// Runs all rules and returns their findings in the order of the text.
pub(crate) fn check(input: &LintInput<'_>) -> Vec<Fault> {
    type Rule = fn(&LintInput<'_>) -> Vec<Fault>;
    const OWN: [(&str, Rule); 7] = [
        (copy_not_ended::NAME, copy_not_ended::check),
        (mixed_change::NAME, mixed_change::check),
        (needs_transaction::NAME, needs_transaction::check),
        (new_enum_value::NAME, new_enum_value::check),
        (password_literal::NAME, password_literal::check),
        (session_setting::NAME, session_setting::check),
        (unrepeatable::NAME, unrepeatable::check),
    ];
    let mut found = match input.stage {
        Stage::Later => squawk::check(input),
        // In a database that is not used yet, no session has to wait and no data is lost.
        Stage::Baseline | Stage::Bootstrap => Vec::new(),
    };
    for (name, rule) in OWN {
        if (input.is_on)(name) {
            found.extend(rule(input));
        }
    }
    found.sort_by_key(|fault| (fault.offset, fault.code));
    found.dedup_by_key(|fault| (fault.offset, fault.code));
    found
}

#[cfg(test)]
mod tests;
