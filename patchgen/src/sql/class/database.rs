//! Connection limit of a database.

use crate::sql::words::Reader;
use patchgen_model::Span;

/// Returns the place of the connection limit in the options of `CREATE` or `ALTER DATABASE`. Reads all of them if there is none.
pub(super) fn limit(reader: &mut Reader<'_>) -> Option<Span> {
    reader.accept("with");
    while !reader.at_statement_end() {
        if accept_words(reader) || accept_identifier(reader) {
            reader.accept_symbol(b'=');
            return reader.placed_value();
        }
        match reader.placed_name() {
            (None, None) => reader.advance(),
            // A variable can contain any number of options.
            (None, Some(_)) => {}
            (Some(_), _) => {
                reader.accept_symbol(b'=');
                if !accept_words(&mut reader.clone()) {
                    reader.placed_value();
                }
            }
        }
    }
    None
}

/// Returns `true` if the options of `ALTER DATABASE` move the database: `TABLESPACE`, which the server accepts only alone.
pub(super) fn moves(reader: &mut Reader<'_>) -> bool {
    reader.accept("with");
    reader.name().as_deref() == Some("tablespace")
}

/// Skips `CONNECTION LIMIT`, which can be nothing but the name of the option, because `LIMIT` is reserved.
fn accept_words(reader: &mut Reader<'_>) -> bool {
    let mut after = reader.clone();
    let found = after.accept("connection") && after.accept("limit");
    if found {
        *reader = after;
    }
    found
}

/// Skips `connection_limit`, which the server accepts as well.
fn accept_identifier(reader: &mut Reader<'_>) -> bool {
    let mut after = reader.clone();
    let found = after.name().as_deref() == Some("connection_limit");
    if found {
        *reader = after;
    }
    found
}
