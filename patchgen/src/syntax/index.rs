//! `INDEX name (column)` within `CREATE TABLE`, MySQL's spelling, which PostgreSQL takes for a column of an unknown type.

use super::ParseError;
use squawk_syntax::SourceFile;
use squawk_syntax::ast::{self, AstNode, Stmt, TableArg, Type};

/// The first such index: its arguments are columns of the table.
pub(super) fn inline(file: &SourceFile) -> Option<ParseError> {
    file.stmts().find_map(|statement| match statement {
        Stmt::CreateTable(table) => inline_of(&table),
        _ => None,
    })
}

fn inline_of(table: &ast::CreateTable) -> Option<ParseError> {
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
        Some(ParseError {
            range: name.syntax().text_range().into(),
            message: "an index cannot be declared inside `CREATE TABLE`".to_owned(),
        })
    })
}

fn text(node: &squawk_syntax::SyntaxNode) -> String {
    node.text().to_string().trim().to_ascii_lowercase()
}
