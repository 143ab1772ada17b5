//! As much of a statement as a baseline's runner must know: which database or role it is about, and its connection limit.

use std::ops::Range;

/// What a statement of a script makes or changes, as far as that matters to who runs it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Subject {
    CreateDatabase(String),
    DropDatabase(String),
    AlterDatabase(String),
    CreateRole(String),
    DropRole,
    CreateTablespace(String),
    Other,
}

/// Where a connection limit stands in a statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Limit {
    /// The number, with its sign.
    pub(super) range: Range<usize>,
    pub(super) value: i32,
}

struct Word<'t> {
    range: Range<usize>,
    /// The name, if it is one: in quotes as it is, otherwise in lower case.
    name: Option<String>,
    text: &'t str,
}

impl Word<'_> {
    fn is(&self, keyword: &str) -> bool {
        self.text.eq_ignore_ascii_case(keyword)
    }
}

/// What a statement is about.
pub(super) fn subject(sql: &str) -> Subject {
    // No statement of interest has more words before the name.
    let words: Vec<Word<'_>> = words(sql).take(6).collect();
    let is = |at: usize, keyword: &str| words.get(at).is_some_and(|word| word.is(keyword));
    let name = |at: usize| {
        let exists = if is(at, "if") { at + 2 } else { at };
        words.get(exists).and_then(|word| word.name.clone())
    };
    let is_role = is(1, "role") || is(1, "user") && !is(2, "mapping") || is(1, "group");
    let subject = if is(0, "create") && is(1, "database") {
        name(2).map(Subject::CreateDatabase)
    } else if is(0, "drop") && is(1, "database") {
        name(2).map(Subject::DropDatabase)
    } else if is(0, "alter") && is(1, "database") {
        name(2).map(Subject::AlterDatabase)
    } else if is(0, "create") && is_role {
        name(2).map(Subject::CreateRole)
    } else if is(0, "create") && is(1, "tablespace") {
        name(2).map(Subject::CreateTablespace)
    } else if is(0, "drop") && is_role {
        Some(Subject::DropRole)
    } else {
        None
    };
    subject.unwrap_or(Subject::Other)
}

/// Whether a statement makes a role and says nothing of it, as `pg_dumpall` writes it also for roles that are always there.
pub(super) fn is_bare_role(sql: &str) -> bool {
    matches!(subject(sql), Subject::CreateRole(_))
        && words(sql).filter(|word| word.text != ";").count() == 3
}

/// The connection limit that a statement sets.
pub(super) fn limit(sql: &str) -> Option<Limit> {
    let words: Vec<Word<'_>> = words(sql).collect();
    let at = words
        .windows(2)
        .position(|pair| pair[0].is("connection") && pair[1].is("limit"))?;
    let mut number = words[at + 2..].iter().filter(|word| word.text != "=");
    let first = number.next()?;
    let last = if first.text == "-" {
        number.next()?
    } else {
        first
    };
    let range = first.range.start..last.range.end;
    let value = sql[range.clone()].replace(' ', "").parse().ok()?;
    Some(Limit { range, value })
}

/// Names, quoted names, strings, numbers and signs; comments are left out.
fn words(sql: &str) -> impl Iterator<Item = Word<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        at += space(&sql[at..]);
        let rest = &sql[at..];
        let first = rest.chars().next()?;
        let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        let len = match first {
            '"' | '\'' => quoted(rest, first),
            _ if is_name(first) => rest.find(|c| !is_name(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let text = &rest[..len];
        let name = match first {
            '"' => Some(text.trim_matches('"').replace("\"\"", "\"")),
            _ if is_name(first) => Some(text.to_lowercase()),
            _ => None,
        };
        let range = at..at + len;
        at += len;
        Some(Word { range, name, text })
    })
}

/// The length of white space and comments.
fn space(text: &str) -> usize {
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if rest.starts_with("--") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if rest.starts_with("/*") {
            rest = rest.find("*/").map_or("", |end| &rest[end + 2..]);
        } else {
            return text.len() - rest.len();
        }
    }
}

/// The length of what begins with a quote; two quotes stand for one.
fn quoted(text: &str, quote: char) -> usize {
    let mut end = 1;
    loop {
        match text[end..].find(quote) {
            None => return text.len(),
            Some(found) if text[end + found + 1..].starts_with(quote) => end += found + 2,
            Some(found) => return end + found + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_told_apart() {
        let own = str::to_owned;
        for (sql, expected) in [
            (
                "CREATE DATABASE Rich WITH TEMPLATE = template0",
                Subject::CreateDatabase(own("rich")),
            ),
            (
                "create /* x */ database \"a \"\"b\"",
                Subject::CreateDatabase(own("a \"b")),
            ),
            ("DROP DATABASE IF EXISTS x", Subject::DropDatabase(own("x"))),
            (
                "ALTER DATABASE x CONNECTION LIMIT = 5",
                Subject::AlterDatabase(own("x")),
            ),
            (
                "CREATE USER \"it's\" LOGIN",
                Subject::CreateRole(own("it's")),
            ),
            ("CREATE USER MAPPING FOR x SERVER y", Subject::Other),
            ("DROP ROLE IF EXISTS a", Subject::DropRole),
            (
                "CREATE TABLESPACE t LOCATION 'x'",
                Subject::CreateTablespace(own("t")),
            ),
            ("SELECT 'CREATE DATABASE x'", Subject::Other),
            ("", Subject::Other),
        ] {
            assert_eq!(subject(sql), expected, "{sql}");
        }
        assert!(is_bare_role("CREATE ROLE postgres\n;\n"));
        assert!(!is_bare_role("CREATE ROLE app LOGIN"));
    }

    #[test]
    fn connection_limits_are_found() {
        for (sql, expected) in [
            ("CREATE DATABASE x CONNECTION LIMIT 5", Some(("5", 5))),
            (
                "ALTER DATABASE x WITH CONNECTION  LIMIT = -1 ;",
                Some(("-1", -1)),
            ),
            ("ALTER DATABASE x SET a = 'connection limit 5'", None),
            ("ALTER DATABASE \"connection limit 5\" OWNER TO x", None),
        ] {
            let found = limit(sql).map(|limit| (&sql[limit.range], limit.value));
            assert_eq!(found, expected, "{sql}");
        }
    }
}
