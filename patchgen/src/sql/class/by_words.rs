//! Classes from the words of a statement, without a parser.

use super::{Classified, block, database, setting};
use crate::sql::copy;
use crate::sql::words::{Reader, option};
use patchgen_model::Class;

/// Returns `false` if the first words show that the class is `Transactional`, so that no tree is needed.
#[cfg(feature = "syntax")]
pub(super) fn is_candidate(statement: &str, mut reader: Reader<'_>) -> bool {
    let first = reader.word().unwrap_or_default();
    reader.advance();
    let second = reader.word().unwrap_or_default();
    let concurrently = || statement.to_ascii_lowercase().contains("concurrently");
    match (first.as_str(), second.as_str()) {
        (
            "create" | "drop",
            "database" | "tablespace" | "subscription" | "role" | "user" | "group",
        )
        | ("alter", "system" | "database" | "subscription") => true,
        ("create", "index" | "unique") | ("drop", "index") | ("alter", "table") => concurrently(),
        (
            "abort" | "begin" | "call" | "cluster" | "commit" | "copy" | "discard" | "do" | "end"
            | "prepare" | "reindex" | "reset" | "rollback" | "set" | "start" | "vacuum",
            _,
        ) => true,
        _ => false,
    }
}

/// Classifies a statement by its words.
pub(super) fn classify(statement: &str, mut reader: Reader<'_>) -> Classified {
    let Some(first) = reader.word() else {
        return Classified::default();
    };
    reader.advance();
    match first.as_str() {
        "create" => create(reader),
        "drop" => drop(reader),
        "alter" => alter(reader),
        "reindex" => reindex(reader),
        "do" => block::classify(reader),
        "copy" if copy::is_from_stdin(statement) => Class::CopyFromStdin.into(),
        _ => simple(&first, reader).into(),
    }
}

/// Returns the class of a statement without an object that recovery needs.
fn simple(first: &str, mut reader: Reader<'_>) -> Class {
    match first {
        "begin" => Class::Begin,
        "start" if reader.is_at("transaction") => Class::Begin,
        "commit" | "rollback" if reader.is_at("prepared") => Class::Unrepeatable,
        "commit" | "end" => Class::Commit,
        "abort" => Class::Rollback,
        "rollback" => {
            reader.accept_any(&["work", "transaction"]);
            if reader.is_at("to") {
                Class::Transactional
            } else {
                Class::Rollback
            }
        }
        "prepare" if reader.is_at("transaction") => {
            reader.advance();
            // `PREPARE transaction AS …` prepares a statement of that name.
            if reader.is_at("as") || reader.is_at_symbol(b'(') {
                Class::Transactional
            } else {
                Class::PrepareTransaction
            }
        }
        "set" => setting::set(reader),
        "reset" => setting::reset(reader),
        "discard" if reader.is_at("all") => Class::Repeatable,
        "vacuum" => Class::Repeatable,
        "cluster" => {
            reader.accept("verbose");
            reader.options();
            if reader.at_end() {
                Class::Repeatable
            } else {
                Class::Transactional
            }
        }
        "call" => Class::Procedural,
        _ => Class::Transactional,
    }
}

fn create(mut reader: Reader<'_>) -> Classified {
    if reader.accept("database") {
        let found = placed(Class::CreateDatabase, false, &mut reader);
        let limit = database::limit(&mut reader);
        return Classified {
            limit: limit.or(Some(reader.end())),
            ..found
        };
    }
    if reader.accept("tablespace") {
        return placed(Class::CreateTablespace, false, &mut reader);
    }
    if accept_role(&mut reader) {
        let found = placed(Class::CreateRole, false, &mut reader);
        return match reader.at_statement_end() {
            true => Classified {
                class: Class::CreateBareRole,
                ..found
            },
            false => found,
        };
    }
    if reader.accept("subscription") {
        return create_subscription(reader);
    }
    reader.accept("unique");
    if !(reader.accept("index") && reader.accept("concurrently")) {
        return Classified::default();
    }
    let conditional = reader.accept_condition();
    let object = if reader.is_at("on") {
        None
    } else {
        reader.name()
    };
    // An index is in the schema of its table.
    let schema = if reader.accept("on") {
        reader.accept("only");
        reader.qualified().0
    } else {
        None
    };
    Classified {
        class: Class::CreateIndexConcurrently,
        schema,
        object,
        conditional,
        ..Classified::default()
    }
}

/// Skips `ROLE`, `USER` or `GROUP`, but not the `USER` of `USER MAPPING`. Returns `true` if it was there.
fn accept_role(reader: &mut Reader<'_>) -> bool {
    let mut after = reader.clone();
    let is_mapping = after.accept("user")
        && after.accept("mapping")
        && (after.is_at("for") || after.is_at("if"));
    !is_mapping && reader.accept_any(&["role", "user", "group"])
}

/// Classifies `CREATE SUBSCRIPTION`, which cannot run in a transaction only if it creates a slot on the publisher.
fn create_subscription(mut reader: Reader<'_>) -> Classified {
    let object = reader.name();
    let options = if reader.skip_past("with") {
        reader.options()
    } else {
        Vec::new()
    };
    let slot = option(&options, "create_slot").unwrap_or(true)
        && option(&options, "connect").unwrap_or(true);
    if slot {
        Classified {
            class: Class::Unrepeatable,
            object,
            ..Classified::default()
        }
    } else {
        Classified::default()
    }
}

fn drop(mut reader: Reader<'_>) -> Classified {
    if reader.accept("database") {
        let conditional = reader.accept_condition();
        return placed(Class::DropDatabase, conditional, &mut reader);
    }
    if accept_role(&mut reader) {
        return Classified {
            conditional: reader.accept_condition(),
            ..Class::DropRole.into()
        };
    }
    let class = if reader.accept("tablespace") {
        Class::DropTablespace
    } else if reader.accept("subscription") {
        Class::Unrepeatable
    } else if reader.accept("index") && reader.accept("concurrently") {
        Class::DropIndexConcurrently
    } else {
        return Classified::default();
    };
    let conditional = reader.accept_condition();
    named(class, conditional, reader)
}

fn named(class: Class, conditional: bool, mut reader: Reader<'_>) -> Classified {
    let (schema, object) = reader.qualified();
    Classified {
        class,
        schema,
        object,
        conditional,
        ..Classified::default()
    }
}

/// Classifies a statement about an object that belongs to no schema, and has its place.
fn placed(class: Class, conditional: bool, reader: &mut Reader<'_>) -> Classified {
    let (object, name) = reader.placed_name();
    Classified {
        class,
        object,
        conditional,
        name,
        ..Classified::default()
    }
}

fn alter(mut reader: Reader<'_>) -> Classified {
    if reader.accept("system") {
        return Class::Repeatable.into();
    }
    if reader.accept("database") {
        return alter_database(reader);
    } else if reader.accept("subscription") {
        return alter_subscription(reader);
    } else if reader.accept("table") {
        return detach(reader);
    }
    Classified::default()
}

fn alter_database(mut reader: Reader<'_>) -> Classified {
    let found = placed(Class::AlterDatabase, false, &mut reader);
    if reader.accept("set") {
        let moves =
            reader.accept("tablespace") && !reader.is_at("to") && !reader.is_at_symbol(b'=');
        return match moves {
            true => Classified {
                class: Class::AlterDatabaseTablespace,
                ..found
            },
            false => Classified::default(),
        };
    }
    if reader.accept_any(&["owner", "rename", "reset", "refresh"]) {
        return Classified::default();
    }
    if database::moves(&mut reader.clone()) {
        return Classified {
            class: Class::AlterDatabaseTablespace,
            ..found
        };
    }
    match database::limit(&mut reader) {
        None => Classified::default(),
        limit => Classified { limit, ..found },
    }
}

fn detach(mut reader: Reader<'_>) -> Classified {
    reader.accept_condition();
    reader.accept("only");
    reader.qualified();
    reader.accept_symbol(b'*');
    if !(reader.accept("detach") && reader.accept("partition")) {
        return Classified::default();
    }
    let (schema, object) = reader.qualified();
    let keyword = reader.place();
    if !reader.accept("concurrently") {
        return Classified::default();
    }
    Classified {
        class: Class::DetachPartitionConcurrently,
        schema,
        object,
        keyword,
        ..Classified::default()
    }
}

/// Classifies `ALTER SUBSCRIPTION`, which cannot run in a transaction if it sends requests to the publisher.
fn alter_subscription(mut reader: Reader<'_>) -> Classified {
    let object = reader.name();
    let class = if reader.accept("refresh") {
        Class::Repeatable
    } else if reader.accept("set") {
        if reader.accept("publication") {
            refreshing(reader, Class::Repeatable)
        } else {
            let options = reader.options();
            let has = |name| option(&options, name).is_some();
            if has("failover") || has("two_phase") {
                Class::Repeatable
            } else {
                Class::Transactional
            }
        }
    } else if reader.accept_any(&["add", "drop"]) && reader.accept("publication") {
        refreshing(reader, Class::Unrepeatable)
    } else {
        Class::Transactional
    };
    if class == Class::Transactional {
        return Classified::default();
    }
    Classified {
        object,
        ..class.into()
    }
}

fn refreshing(mut reader: Reader<'_>, class: Class) -> Class {
    let options = if reader.skip_past("with") {
        reader.options()
    } else {
        Vec::new()
    };
    if option(&options, "refresh").unwrap_or(true) {
        class
    } else {
        Class::Transactional
    }
}

fn reindex(mut reader: Reader<'_>) -> Classified {
    let options = reader.options();
    let Some(target) = reader.word() else {
        return Classified::default();
    };
    reader.advance();
    let concurrently =
        reader.accept("concurrently") || option(&options, "concurrently").unwrap_or(false);
    let class = match target.as_str() {
        _ if concurrently => Class::ReindexConcurrently,
        "schema" | "database" | "system" => Class::Repeatable,
        _ => return Classified::default(),
    };
    match target.as_str() {
        "schema" => Classified {
            schema: reader.name(),
            ..class.into()
        },
        "database" | "system" => class.into(),
        _ => named(class, false, reader),
    }
}
