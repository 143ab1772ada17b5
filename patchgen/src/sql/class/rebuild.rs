//! `CLUSTER` and `REINDEX` of one table or index.

use crate::sql::lexer::StringMode;
use crate::sql::words::{Reader, option};

/// Returns `true` for a `CLUSTER` or `REINDEX` of one table or index, without `CONCURRENTLY`. If the table or the index is
/// partitioned, the server refuses the statement in a transaction, and the text does not show that.
pub(crate) fn may_need_no_transaction(statement: &str, string_mode: StringMode) -> bool {
    let mut reader = Reader::new(statement, string_mode);
    if reader.accept("cluster") {
        return true;
    }
    if !reader.accept("reindex") {
        return false;
    }
    let options = reader.options();
    option(&options, "concurrently").is_none()
        && reader.accept_any(&["table", "index"])
        && !reader.is_at("concurrently")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partitioned_table_cannot_be_rebuilt_in_a_transaction() {
        for (statement, expected) in [
            ("cluster t using i", true),
            ("cluster (verbose) t", true),
            ("cluster verbose i on t", true),
            ("reindex table t", true),
            ("REINDEX (verbose, tablespace x) INDEX s.i", true),
            ("/* x */ reindex table \"concurrently\"", true),
            ("reindex table concurrently t", false),
            ("reindex (concurrently) table t", false),
            ("reindex (concurrently false) table t", false),
            ("reindex schema s", false),
            ("reindex", false),
            ("create table cluster (reindex int)", false),
            ("", false),
        ] {
            let found = may_need_no_transaction(statement, StringMode::Standard);
            assert_eq!(found, expected, "{statement}");
        }
    }
}
