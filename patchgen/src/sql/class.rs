//! Class of a statement, which decides how it can run, and the name of its object where recovery needs one.

#[cfg(feature = "syntax")]
mod by_tree;
mod by_words;
mod setting;

use patchgen_model::Class;

/// Class of a statement and name of its object.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Classified {
    /// Class of the statement.
    pub class: Class,
    /// Schema of the object, if the text names one. For an index that is created, it is the schema of its table.
    pub schema: Option<String>,
    /// Object that is created, dropped, detached or reindexed: unquoted, folded and cut to 63 bytes, as PostgreSQL does.
    pub object: Option<String>,
    /// `true` if `IF [NOT] EXISTS` is given.
    pub conditional: bool,
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
    #[cfg(feature = "syntax")]
    if by_words::is_candidate(statement)
        && let Some(found) = by_tree::classify(statement)
    {
        return found;
    }
    by_words::classify(statement)
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
