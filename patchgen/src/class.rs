//! What a statement is, as far as running it goes: its [`Class`], and the name of the object where recovery needs one.

mod name;
mod reader;
mod setting;
mod token;
#[cfg(feature = "syntax")]
mod tree;

use crate::segment::Strings;
use patchgen_model::Class;
use reader::Reader;

pub(crate) use setting::strings_after;

/// What is known of a statement.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Classified {
    /// What it is.
    pub class: Class,
    /// The schema of the object, where the text names one. Of an index that is made, it is the table's.
    pub schema: Option<String>,
    /// The object that is made, dropped, detached or reindexed: unquoted, folded and cut to 63 bytes as PostgreSQL does.
    pub object: Option<String>,
    /// `IF [NOT] EXISTS` is given.
    pub conditional: bool,
}

/// Classifies one statement.
///
/// With the feature `syntax` the parser's tree decides, and the words of the statement where the parser does not know it;
/// without, the words alone. Both come to the same for whatever the parser accepts.
///
/// ```
/// use patchgen::class::classify;
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
    #[cfg(feature = "syntax")]
    if token::is_candidate(statement)
        && let Some(found) = tree::classify(statement)
    {
        return found;
    }
    token::classify(statement)
}

/// Whether data lines follow: `COPY … FROM stdin`, for which the server also takes `stdout`.
pub(crate) fn is_copy_from_stdin(statement: &str) -> bool {
    let mut reader = Reader::new(statement, Strings::Standard);
    reader.accept("copy") && reader.skip_past("from") && reader.accept_any(&["stdin", "stdout"])
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
