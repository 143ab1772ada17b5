//! Classes from the tree of the SQL parser.

use super::{Classified, block, database, setting};
use crate::sql::lexer::{StringMode, span};
use crate::sql::parser;
use crate::sql::words::{Options, Reader, boolean, option};
use patchgen_model::{Class, Span};
use squawk_syntax::ast::{self, AstNode, Stmt};

/// Classifies a statement. Returns `None` if the parser does not accept it.
pub(super) fn classify(statement: &str) -> Option<Classified> {
    let tree = parser::tree(statement)?;
    Some(classify_statement(&tree, statement))
}

fn classify_statement(tree: &Stmt, statement: &str) -> Classified {
    match tree {
        Stmt::Begin(_) => Class::Begin.into(),
        Stmt::Commit(ast::Commit::CommitTransaction(_)) => Class::Commit.into(),
        Stmt::Rollback(ast::Rollback::RollbackTransaction(_)) => Class::Rollback.into(),
        Stmt::Commit(ast::Commit::CommitPrepared(_))
        | Stmt::Rollback(ast::Rollback::RollbackPrepared(_)) => Class::Unrepeatable.into(),
        Stmt::PrepareTransaction(_) => Class::PrepareTransaction.into(),
        // Their names and values have many spellings, which the tree does not resolve.
        Stmt::Set(_) | Stmt::SetRole(_) | Stmt::SetSessionAuth(_) => {
            setting::set(after_first_word(statement)).into()
        }
        Stmt::Reset(_) | Stmt::ResetRole(_) | Stmt::ResetSessionAuth(_) => {
            setting::reset(after_first_word(statement)).into()
        }
        Stmt::SetTransaction(it) if it.session_characteristics().is_some() => {
            Class::SessionSetting.into()
        }
        Stmt::Discard(it) => match it.discard_target() {
            Some(ast::DiscardTarget::DiscardAll(_)) => Class::Repeatable.into(),
            _ => Classified::default(),
        },
        Stmt::Vacuum(_) | Stmt::AlterSystem(_) => Class::Repeatable.into(),
        Stmt::Cluster(it) if it.table_name_ref().is_none() && it.cluster_legacy().is_none() => {
            Class::Repeatable.into()
        }
        Stmt::Do(_) => block::classify(after_first_word(statement)),
        Stmt::Call(_) => Class::Procedural.into(),
        Stmt::Copy(it) => copy(it).into(),
        Stmt::CreateIndex(it) if it.concurrently_token().is_some() => create_index(it),
        Stmt::DropIndex(it) if it.concurrently_token().is_some() => named(
            Class::DropIndexConcurrently,
            it.if_exists().is_some(),
            it.index_refs().next(),
        ),
        Stmt::Reindex(it) => reindex(it),
        Stmt::AlterTable(it) => it
            .actions()
            .find_map(|action| detach(&action))
            .unwrap_or_default(),
        Stmt::CreateDatabase(it) => Classified {
            limit: it
                .database_option_list()
                .and_then(limit)
                .or_else(|| Some(end(statement))),
            ..placed(Class::CreateDatabase, false, it.database())
        },
        Stmt::DropDatabase(it) => placed(
            Class::DropDatabase,
            it.if_exists().is_some(),
            it.database_ref(),
        ),
        Stmt::AlterDatabase(it) => alter_database(it),
        Stmt::CreateTablespace(it) => placed(Class::CreateTablespace, false, it.tablespace()),
        Stmt::CreateRole(it) => create_role(it.role(), statement),
        Stmt::CreateUser(it) => create_role(it.role(), statement),
        Stmt::CreateGroup(it) => create_role(it.role(), statement),
        Stmt::DropRole(it) => drop_role(it.if_exists().is_some()),
        Stmt::DropUser(it) => drop_role(it.if_exists().is_some()),
        Stmt::DropGroup(it) => drop_role(it.if_exists().is_some()),
        Stmt::DropTablespace(it) => named(
            Class::DropTablespace,
            it.if_exists().is_some(),
            it.tablespace_ref(),
        ),
        Stmt::CreateSubscription(it) => {
            let options = options(it.with_params().and_then(|with| with.attribute_list()));
            if option(&options, "create_slot").unwrap_or(true)
                && option(&options, "connect").unwrap_or(true)
            {
                named(Class::Unrepeatable, false, it.subscription())
            } else {
                Classified::default()
            }
        }
        Stmt::DropSubscription(it) => named(
            Class::Unrepeatable,
            it.if_exists().is_some(),
            it.subscription_ref(),
        ),
        Stmt::AlterSubscription(it) => alter_subscription(it),
        _ => Classified::default(),
    }
}

fn after_first_word(statement: &str) -> Reader<'_> {
    let mut reader = Reader::new(statement, StringMode::Standard);
    reader.advance();
    reader
}

fn copy(statement: &ast::Copy) -> Class {
    let Some(ast::CopyDirection::CopyFrom(from)) = statement.copy_direction() else {
        return Class::Transactional;
    };
    match from.copy_source() {
        Some(ast::CopySource::CopyStdin(_) | ast::CopySource::CopyStdout(_)) => {
            Class::CopyFromStdin
        }
        _ => Class::Transactional,
    }
}

/// Classifies `CREATE INDEX CONCURRENTLY`. An index is in the schema of its table.
fn create_index(statement: &ast::CreateIndex) -> Classified {
    let table = statement
        .table_relation_name()
        .and_then(|relation| relation.table_name_ref());
    Classified {
        schema: qualified(table).0,
        ..named(
            Class::CreateIndexConcurrently,
            statement.if_not_exists().is_some(),
            statement.index(),
        )
    }
}

fn reindex(statement: &ast::Reindex) -> Classified {
    let by_option = statement
        .reindex_option_list()
        .into_iter()
        .flat_map(|list| list.reindex_options())
        .filter_map(|option| match option {
            ast::ReindexOption::ReindexOptionConcurrently(it) => Some(it),
            _ => None,
        })
        .last()
        .is_some_and(|option| {
            let text = option.syntax().text().to_string();
            let mut reader = Reader::new(&text, StringMode::Standard);
            reader.advance();
            reader.at_end() || boolean(&reader.value()) != Some(false)
        });
    let class_of = |concurrently: bool| {
        if by_option || concurrently {
            Class::ReindexConcurrently
        } else {
            Class::Repeatable
        }
    };
    let (concurrently, target) = match statement.reindex_target() {
        Some(ast::ReindexTarget::ReindexTargetSchema(it)) => {
            let schema = it.schema_ref().and_then(|schema| qualified(Some(schema)).1);
            return Classified {
                schema,
                ..class_of(it.concurrently_token().is_some()).into()
            };
        }
        Some(ast::ReindexTarget::ReindexTargetDatabase(it)) => {
            return class_of(it.concurrently_token().is_some()).into();
        }
        Some(ast::ReindexTarget::ReindexTargetSystem(it)) => {
            return class_of(it.concurrently_token().is_some()).into();
        }
        Some(ast::ReindexTarget::ReindexTargetTable(it)) => (
            it.concurrently_token().is_some(),
            it.table_name_ref().map(|name| name.syntax().clone()),
        ),
        Some(ast::ReindexTarget::ReindexTargetIndex(it)) => (
            it.concurrently_token().is_some(),
            it.index_ref().map(|name| name.syntax().clone()),
        ),
        None => (false, None),
    };
    if !(by_option || concurrently) {
        return Classified::default();
    }
    let (schema, object) = target.map(|name| read(&name)).unwrap_or_default();
    Classified {
        schema,
        object,
        ..Class::ReindexConcurrently.into()
    }
}

fn detach(action: &ast::AlterTableAction) -> Option<Classified> {
    let ast::AlterTableAction::DetachPartition(detach) = action else {
        return None;
    };
    match detach.detach_partition_option()? {
        ast::DetachPartitionOption::DetachConcurrently(option) => Some(Classified {
            keyword: option
                .concurrently_token()
                .map(|token| span(&token.text_range().into())),
            ..named(
                Class::DetachPartitionConcurrently,
                false,
                detach.table_name_ref(),
            )
        }),
        ast::DetachPartitionOption::DetachFinalize(_) => None,
    }
}

fn alter_database(statement: &ast::AlterDatabase) -> Classified {
    let class = |class| placed(class, false, statement.database_ref());
    match statement.action() {
        Some(ast::AlterDatabaseAction::SetTablespace(_)) => class(Class::AlterDatabaseTablespace),
        Some(ast::AlterDatabaseAction::DatabaseOptionList(options)) if moves(&options) => {
            class(Class::AlterDatabaseTablespace)
        }
        Some(ast::AlterDatabaseAction::DatabaseOptionList(options)) => match limit(options) {
            None => Classified::default(),
            limit => Classified {
                limit,
                ..class(Class::AlterDatabase)
            },
        },
        _ => Classified::default(),
    }
}

fn moves(options: &ast::DatabaseOptionList) -> bool {
    let text = options.syntax().text().to_string();
    database::moves(&mut Reader::new(&text, StringMode::Standard))
}

/// Returns the place of the connection limit in a list of options.
fn limit(options: ast::DatabaseOptionList) -> Option<Span> {
    options.database_options().find_map(|option| {
        let text = option.syntax().text().to_string();
        let limit = database::limit(&mut Reader::new(&text, StringMode::Standard))?;
        Some(limit.moved(place(&option).start))
    })
}

/// Returns the empty place behind the last token of a statement.
fn end(statement: &str) -> Span {
    let mut reader = Reader::new(statement, StringMode::Standard);
    while !reader.at_statement_end() {
        reader.advance();
    }
    reader.end()
}

fn create_role(role: Option<ast::Role>, statement: &str) -> Classified {
    let found = placed(Class::CreateRole, false, role);
    let rest = found
        .name
        .and_then(|name| statement.get(name.end as usize..));
    match rest {
        Some(rest) if Reader::new(rest, StringMode::Standard).at_statement_end() => Classified {
            class: Class::CreateBareRole,
            ..found
        },
        _ => found,
    }
}

fn drop_role(conditional: bool) -> Classified {
    Classified {
        conditional,
        ..Class::DropRole.into()
    }
}

/// Classifies `ALTER SUBSCRIPTION`, which cannot run in a transaction if it sends requests to the publisher.
fn alter_subscription(statement: &ast::AlterSubscription) -> Classified {
    let refreshing = |with: Option<ast::WithParams>, class| {
        let options = options(with.and_then(|with| with.attribute_list()));
        let refresh = option(&options, "refresh").unwrap_or(true);
        refresh.then_some(class)
    };
    let class = match statement.action() {
        Some(ast::AlterSubscriptionAction::RefreshPublication(_)) => Some(Class::Repeatable),
        Some(ast::AlterSubscriptionAction::SetPublication(it)) => {
            refreshing(it.with_params(), Class::Repeatable)
        }
        Some(ast::AlterSubscriptionAction::AddPublication(it)) => {
            refreshing(it.with_params(), Class::Unrepeatable)
        }
        Some(ast::AlterSubscriptionAction::DropSubscriptionPublication(it)) => {
            refreshing(it.with_params(), Class::Unrepeatable)
        }
        Some(ast::AlterSubscriptionAction::SetOptions(it)) => {
            let options = options(it.attribute_list());
            let needs_publisher = ["failover", "two_phase"]
                .iter()
                .any(|name| option(&options, name).is_some());
            needs_publisher.then_some(Class::Repeatable)
        }
        _ => None,
    };
    class.map_or_else(Classified::default, |class| {
        named(class, false, statement.subscription_ref())
    })
}

fn options(list: Option<ast::AttributeList>) -> Options {
    let text = list.map(|list| list.syntax().text().to_string());
    Reader::new(&text.unwrap_or_default(), StringMode::Standard).options()
}

fn named(class: Class, conditional: bool, name: Option<impl AstNode>) -> Classified {
    let (schema, object) = qualified(name);
    Classified {
        class,
        schema,
        object,
        conditional,
        ..Classified::default()
    }
}

/// Classifies a statement about an object that belongs to no schema, and has its place.
fn placed(class: Class, conditional: bool, name: Option<impl AstNode>) -> Classified {
    Classified {
        name: name.as_ref().map(|name| place(name)),
        ..named(class, conditional, name)
    }
}

fn qualified(name: Option<impl AstNode>) -> (Option<String>, Option<String>) {
    name.map(|name| read(name.syntax())).unwrap_or_default()
}

fn read(name: &squawk_syntax::SyntaxNode) -> (Option<String>, Option<String>) {
    Reader::new(&name.text().to_string(), StringMode::Standard).qualified()
}

fn place(node: &impl AstNode) -> Span {
    span(&node.syntax().text_range().into())
}
