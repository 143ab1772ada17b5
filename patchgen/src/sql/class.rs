//! Class of a statement, which decides how it can run, and the name of its object where recovery needs one.

#[cfg(feature = "syntax")]
mod by_tree;
mod by_words;

mod block;
mod database;
mod escape;
mod rebuild;
mod setting;

pub(crate) use escape::{Escape, role_escapes};
pub(crate) use rebuild::may_need_no_transaction;

use super::lexer::StringMode;
use super::words::Reader;
use patchgen_model::{Class, Span, Variable};

/// Class of a statement, and facts about it that the class needs. Spans are relative to the statement.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Classified {
    /// Class of the statement.
    pub class: Class,
    /// Schema of the object, if the text names one. For an index that is created, it is the schema of its table.
    pub schema: Option<String>,
    /// Object that is created, altered, dropped, detached or reindexed: unquoted, folded and cut to 63 bytes, as PostgreSQL
    /// does. `None` if a psql variable gives it.
    pub object: Option<String>,
    /// `true` if `IF [NOT] EXISTS` is given.
    pub conditional: bool,
    /// Place of the name in `CREATE`, `DROP` and `ALTER DATABASE`, `CREATE ROLE` and `CREATE TABLESPACE`, as written.
    pub name: Option<Span>,
    /// Place of the number of a database's connection limit. In a `CREATE DATABASE` without one, it is the empty place behind
    /// the last token.
    pub limit: Option<Span>,
    /// Place of the word `CONCURRENTLY` in `ALTER TABLE … DETACH PARTITION … CONCURRENTLY`.
    pub keyword: Option<Span>,
    /// Place of the body of a `DO`, inside its quotes.
    pub body: Option<Span>,
}

/// Classifies one statement.
///
/// With the feature `syntax` the parser's tree decides, and the words of the statement decide if the parser does not accept
/// it. Without that feature the words alone decide. Both have the same result for every statement that the parser accepts.
///
/// ```
/// use patchgen::sql::classify;
/// use patchgen_model::Class;
///
/// let found = classify("CREATE INDEX CONCURRENTLY IF NOT EXISTS Breed_Name ON kennel.breed (name)");
/// assert_eq!(found.class, Class::CreateIndexConcurrently);
/// assert_eq!(found.schema.as_deref(), Some("kennel"));
/// assert_eq!(found.object.as_deref(), Some("breed_name"));
/// assert!(found.conditional);
/// ```
#[must_use]
pub fn classify(statement: &str) -> Classified {
    classify_with(statement, StringMode::Standard, &[])
}

/// Classifies one statement that may have references to psql variables; they are in order, and relative to the statement.
///
/// The parser knows neither variables nor strings in which a backslash escapes, so that the words decide about these.
pub(crate) fn classify_with(
    statement: &str,
    string_mode: StringMode,
    variables: &[Variable],
) -> Classified {
    let reader = Reader::with_variables(statement, string_mode, variables);
    #[cfg(feature = "syntax")]
    if string_mode == StringMode::Standard
        && variables.is_empty()
        && by_words::is_candidate(statement, reader.clone())
        && let Some(found) = by_tree::classify(statement)
    {
        return found;
    }
    by_words::classify(statement, reader)
}

impl From<Class> for Classified {
    fn from(class: Class) -> Self {
        Self {
            class,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests;
