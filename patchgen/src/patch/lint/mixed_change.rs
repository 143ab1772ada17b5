use super::input::{LintInput, LintStatement};
use crate::sql::Fault;
use patchgen_model::Kind;
use squawk_syntax::ast::{self, AlterTableAction, AstNode, Stmt};

pub(super) const NAME: &str = "mixed-change";

/// Reports a change of many rows after an `ALTER TABLE` in the same transaction.
pub(super) fn check(input: &LintInput<'_>) -> Vec<Fault> {
    // Most patches change no rows, and their statements need not be parsed again.
    let changes = ["update", "delete"];
    if input.kind == Kind::Concurrent || !input.statements().any(|it| begins_with(&it, &changes)) {
        return Vec::new();
    }
    let tree = input.trees();
    let mut created = Vec::new();
    let mut locked = None;
    for statement in input.statements() {
        if !begins_with(&statement, &["create", "alter", "update", "delete"]) {
            continue;
        }
        match tree(&statement) {
            Some(Stmt::CreateTable(table)) => created.extend(table.table_name().map(name)),
            Some(Stmt::AlterTable(table)) if locked.is_none() && locks(&table) => {
                let relation = table.table_relation_name();
                let table = relation.and_then(|relation| relation.table_name_ref());
                locked = table.map(name).filter(|table| !created.contains(table));
            }
            Some(change) => {
                if let Some(table) = &locked
                    && let Some(verb) = many_rows(&change, &created)
                {
                    let message = format!("{verb} many rows while `{table}` is locked");
                    return vec![statement.fault(NAME, message)];
                }
            }
            None => {}
        }
    }
    Vec::new()
}

fn begins_with(statement: &LintStatement<'_>, words: &[&str]) -> bool {
    let first = statement.text.split_whitespace().next().unwrap_or_default();
    words.iter().any(|word| word.eq_ignore_ascii_case(first))
}

/// Returns `true` if the lock of the statement blocks readers or writers.
fn locks(table: &ast::AlterTable) -> bool {
    table.actions().any(|action| {
        !matches!(
            action,
            AlterTableAction::ValidateConstraint(_)
                | AlterTableAction::SetOptions(_)
                | AlterTableAction::ResetOptions(_)
                | AlterTableAction::ClusterOn(_)
                | AlterTableAction::SetWithoutCluster(_)
                | AlterTableAction::AttachPartition(_)
        )
    })
}

/// Returns the verb for a statement that changes rows without limiting their number. A new table has few rows.
fn many_rows(statement: &Stmt, created: &[String]) -> Option<&'static str> {
    let (verb, table, condition) = match statement {
        Stmt::Update(update) => {
            let relation = update.relation_name()?;
            let table = relation.relation_name_ref().map(name);
            ("updates", table, update.where_clause_or_current_of())
        }
        Stmt::Delete(delete) => {
            let relation = delete.relation_name()?;
            let table = relation.relation_name_ref().map(name);
            ("deletes", table, delete.where_clause_or_current_of())
        }
        _ => return None,
    };
    let is_new = table.is_some_and(|table| created.contains(&table));
    let is_limited = condition.is_some_and(|condition| names_rows(&condition));
    (!is_new && !is_limited).then_some(verb)
}

/// Returns `true` if a condition has a constant, so that it probably selects few rows.
fn names_rows(condition: &impl AstNode) -> bool {
    condition.syntax().descendants().any(|node| {
        ast::Literal::cast(node.clone()).is_some_and(|literal| {
            let text = literal.syntax().text().to_string().to_ascii_lowercase();
            !["null", "true", "false"].contains(&text.as_str())
        })
    })
}

fn name(node: impl AstNode) -> String {
    node.syntax().text().to_string().trim().to_ascii_lowercase()
}
