use crate::arguments::{Arguments, Check};
use crate::{Failure, files, paint};
use patchgen::lint::{self, LINTS, Lint};
use patchgen::{Build, Diagnostics};
use patchgen_runtime::cli::{FAILED, Format, Outcome};
use std::io::Write as _;

/// Checks patches and reports all errors and warnings.
pub(crate) fn run(check: &Check, arguments: &Arguments) -> Result<Outcome, Failure> {
    if let Some(rule) = &check.explain {
        return explain(rule, arguments.options.format);
    }
    let mut build = files::build(&check.files, &arguments.launchpad).locked(check.locked);
    build = check.allow.iter().fold(build, Build::allow);
    build = check.warn.iter().fold(build, Build::warn);
    build = check.deny.iter().fold(build, Build::deny);
    if let Some(major) = check.postgres_version {
        build = build.postgres_version(major);
    }
    if let Some(path) = &check.lock_file {
        build = build.lock_file(path);
    }
    let (count, findings) = match build.run() {
        Ok(output) => (Some(output.patch_set().len()), output.warnings().clone()),
        Err(findings) => (None, findings),
    };
    let code = if count.is_some() { 0 } else { FAILED };
    let text = match arguments.options.format {
        Format::Json => crate::json(&findings),
        Format::Human => {
            print(&findings);
            count.map_or_else(String::new, |count| summary(count, &findings))
        }
    };
    Ok(Outcome { text, code })
}

/// Explains a rule, or all rules.
fn explain(rule: &str, format: Format) -> Result<Outcome, Failure> {
    let lints: Vec<&Lint> = match rule {
        "all" => LINTS.iter().collect(),
        _ => lint::explain(rule).into_iter().collect(),
    };
    if lints.is_empty() {
        return Err(Failure {
            text: format!(
                "error: `{rule}` is no rule\nhelp: `patchgen check --explain all` lists the rules"
            ),
            code: FAILED,
        });
    }
    let text = match format {
        Format::Human => {
            let paragraphs: Vec<String> = lints.into_iter().map(paragraph).collect();
            paragraphs.join("\n\n")
        }
        Format::Json => crate::json(&lints.into_iter().map(object).collect::<Vec<_>>()),
    };
    Ok(Outcome { text, code: 0 })
}

/// Returns the explanation of a rule for people.
fn paragraph(lint: &Lint) -> String {
    let state = if lint.is_on { "warns" } else { "off" };
    format!(
        "{} ({state} by default)\n  why: {}\n  instead: {}",
        lint.name, lint.why, lint.instead
    )
}

/// Returns the explanation of a rule for programs.
fn object(lint: &Lint) -> serde_json::Value {
    serde_json::json!({
        "name": lint.name,
        "on": lint.is_on,
        "why": lint.why,
        "instead": lint.instead,
    })
}

/// Prints findings to standard error.
fn print(findings: &Diagnostics) {
    if !findings.is_empty() {
        let text = paint::messages(&findings.to_string());
        let _ = writeln!(anstream::stderr(), "{text}\n");
    }
}

/// Returns the line that ends a check without errors.
fn summary(patches: usize, findings: &Diagnostics) -> String {
    let number = |count: usize, one: &str, more: &str| {
        format!("{count} {}", if count == 1 { one } else { more })
    };
    let patches = number(patches, "patch", "patches");
    match findings.len() {
        0 => format!("{patches} checked: all well"),
        warnings => format!(
            "{patches} checked: {}",
            number(warnings, "warning", "warnings")
        ),
    }
}
