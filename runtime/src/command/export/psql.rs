//! Text that psql understands.

use crate::server::quote::{identifier, literal};
use patchgen_model::{Class, CopyData, Item, Patch, ScriptMode, Span, Statement};
use std::fmt::Write as _;

/// A script that is being written, and the connection that psql has at its end.
pub(super) struct Script {
    pub(super) text: String,
    at: Option<String>,
}

/// The connection that psql is to have: the words that differ from those that it was started with, a database and a role.
pub(super) struct Connection<'p> {
    /// Empty if all databases are on one server, so that psql keeps its own words.
    pub(super) address: &'p [(&'p str, &'p str)],
    pub(super) database: &'p str,
    pub(super) user: &'p str,
}

/// The surroundings in which the statements of a patch are sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Around<'n> {
    /// In a transaction that is open.
    Transaction,
    /// Each on its own.
    Nothing,
    /// Each on its own, and the statement `mark` follows the one that creates the database.
    Creation { database: &'n str, mark: &'n str },
}

impl Script {
    pub(super) fn new() -> Self {
        Self {
            text: String::new(),
            at: None,
        }
    }

    pub(super) fn comment(&mut self, text: &str) {
        for line in text.lines() {
            let _ = writeln!(self.text, "{}", format!("-- {line}").trim_end());
        }
    }

    pub(super) fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// A line that psql prints.
    pub(super) fn echo(&mut self, text: &str) {
        let _ = writeln!(
            self.text,
            "\\echo '{}'",
            text.replace('\\', "\\\\").replace('\'', "''")
        );
    }

    /// A statement of the runtime's own.
    pub(super) fn own(&mut self, statement: &str) {
        self.line(&format!("{statement};"));
    }

    /// A query of the runtime's own that fails or returns one row, which is not shown.
    pub(super) fn guard(&mut self, query: &str) {
        self.line(&format!("{query} \\gset patchgen_"));
    }

    /// A statement of the runtime's own that is run if a query has no row.
    pub(super) fn unless(&mut self, query: &str, statement: &str) {
        let statement = literal(statement);
        self.line(&format!(
            "SELECT {statement} WHERE NOT EXISTS ({query}) \\gexec"
        ));
    }

    /// Goes on with a connection: the present one, if it is the same.
    pub(super) fn connect(&mut self, connection: &Connection<'_>) {
        let line = connection.line();
        if self.at.as_deref() != Some(&line) {
            self.line(&line);
            self.at = Some(line);
        }
    }

    /// The patch as it is written, without the transaction control that the transaction around it replaces.
    pub(super) fn patch(&mut self, patch: &Patch<'_>, around: Around<'_>) {
        let text = patch.text();
        if patch.script() == ScriptMode::Psql {
            self.verbatim(text);
            self.at = None;
            return;
        }
        let mut from = 0;
        let mut variables = Vec::new();
        let mut is_open = false;
        for item in patch.items() {
            let span = item.span();
            self.verbatim_part(text, from, span.start);
            from = span.end;
            is_open = false;
            match item {
                Item::Meta(span) => self.meta(span.of(text), &mut variables),
                Item::Statement(statement)
                    if around == Around::Transaction
                        && statement.class.is_transaction_control() => {}
                Item::Statement(statement) => {
                    self.text.push_str(statement.span.of(text));
                    is_open = true;
                    if let Some(CopyData { span }) = statement.data {
                        from = self.data(text, statement.span, span);
                        is_open = false;
                    }
                    if let Around::Creation { database, mark } = around
                        && creates(&statement, database)
                    {
                        self.verbatim("\n;\n");
                        self.own(mark);
                        is_open = false;
                    }
                }
            }
        }
        self.verbatim_part(text, from, u32::try_from(text.len()).unwrap_or(u32::MAX));
        if is_open && !text[from as usize..].trim_start().starts_with(';') {
            // The last statement may lack its semicolon, and a second one does no harm.
            self.verbatim("\n;");
        }
        self.end_line();
        for name in variables {
            self.line(&format!("\\unset {name}"));
        }
    }

    /// The data of a COPY, whose end psql must see; returns the byte at which the text goes on.
    fn data(&mut self, text: &str, statement: Span, data: Span) -> u32 {
        self.verbatim_part(text, statement.end, data.end);
        if !text[data.end as usize..].starts_with("\\.") {
            self.end_line();
            self.line("\\.");
        }
        data.end
    }

    fn meta(&mut self, command: &str, variables: &mut Vec<String>) {
        let mut words = command.split_whitespace();
        match words.next().unwrap_or_default() {
            // Older programs do not know the pair, and its key is of no use here; the script says its encoding itself.
            "\\restrict" | "\\unrestrict" | "\\encoding" => return,
            "\\set" | "\\getenv" => variables.extend(words.next().map(str::to_owned)),
            "\\connect" | "\\c" => self.at = None,
            _ => {}
        }
        self.verbatim(command);
    }

    fn verbatim_part(&mut self, text: &str, from: u32, to: u32) {
        self.verbatim(&text[from as usize..(to as usize).min(text.len())]);
    }

    fn verbatim(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn end_line(&mut self) {
        if !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }
}

fn creates(statement: &Statement<'_>, database: &str) -> bool {
    statement.class == Class::CreateDatabase && statement.object.is_none_or(|name| name == database)
}

impl Connection<'_> {
    /// The command; names that psql would not read literally go into a conninfo.
    fn line(&self) -> String {
        let is_plain = |name: &str| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        if self.address.is_empty() && is_plain(self.database) && is_plain(self.user) {
            return format!("\\connect {} {}", self.database, self.user);
        }
        let own = [("dbname", self.database), ("user", self.user)];
        let words = self.address.iter().copied().chain(own);
        let conninfo: Vec<String> = words
            .map(|(word, value)| {
                let value = value.replace('\\', "\\\\").replace('\'', "\\'");
                format!("{word}='{value}'")
            })
            .collect();
        let reuse = if self.address.is_empty() { "on" } else { "off" };
        format!(
            "\\connect -reuse-previous={reuse} {}",
            identifier(&conninfo.join(" "))
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_written_as_psql_reads_it() {
        let line = |address: &[(&str, &str)], database: &str, user: &str| {
            Connection {
                address,
                database,
                user,
            }
            .line()
        };
        assert_eq!(line(&[], "app", "postgres"), "\\connect app postgres");
        assert_eq!(
            line(&[], "it's \"odd\"", "Å"),
            r#"\connect -reuse-previous=on "dbname='it\'s ""odd""' user='Å'""#
        );
        assert_eq!(
            line(&[("host", "a"), ("port", "5433")], "app", "postgres"),
            r#"\connect -reuse-previous=off "host='a' port='5433' dbname='app' user='postgres'""#
        );
    }
}
