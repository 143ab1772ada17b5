//! `INDEX name (column)` within `CREATE TABLE`: MySQL's syntax, which PostgreSQL reads as a column of an unknown type.

use squawk_syntax::SourceFile;
use squawk_syntax::ast::{self, AstNode, Stmt, TableArg, Type};
use std::ops::Range;

/// Error message for such an index.
pub(super) const MESSAGE: &str = "an index cannot be declared inside `CREATE TABLE`";

/// Returns the range of the first such index. Its arguments are columns of the table.
pub(super) fn find(file: &SourceFile) -> Option<Range<usize>> {
    file.stmts().find_map(|statement| match statement {
        Stmt::CreateTable(table) => find_in(&table),
        _ => None,
    })
}

fn find_in(table: &ast::CreateTable) -> Option<Range<usize>> {
    let columns: Vec<_> = table
        .table_arg_list()?
        .args()
        .filter_map(|arg| match arg {
            TableArg::Column(column) => Some(column),
            _ => None,
        })
        .collect();
    let is_named_index = |column: &&ast::Column| {
        let name = column.name().map(|name| text(name.syntax()));
        name.is_some_and(|name| ["index", "key"].contains(&name.as_str()))
    };
    columns.iter().filter(is_named_index).find_map(|column| {
        let Some(Type::PathType(of)) = column.ty() else {
            return None;
        };
        let arguments: Vec<_> = of.arg_list()?.args().collect();
        let is_column = |name: &str| {
            let mut names = columns.iter().filter_map(ast::Column::name);
            names.any(|column| text(column.syntax()) == name)
        };
        let is_index = !arguments.is_empty()
            && arguments
                .iter()
                .all(|argument| is_column(&text(argument.syntax())));
        let name = column.name().filter(|_| is_index)?;
        Some(name.syntax().text_range().into())
    })
}

fn text(node: &squawk_syntax::SyntaxNode) -> String {
    node.text().to_string().trim().to_ascii_lowercase()
}
