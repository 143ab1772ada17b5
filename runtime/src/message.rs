//! Messages: patches as they are sent, many statements in one message, split only where PostgreSQL needs it.
//!
//! Every part records the bytes of the patch that it was copied from, so that an error's position, or just the number of
//! completed statements, leads back to file, line and column.

pub(crate) mod blame;
pub(crate) mod envelope;
pub(crate) mod error;
pub(crate) mod position;
pub(crate) mod variables;

use crate::Error;
use crate::server::database::mark;
use crate::server::session::{Refusal, Session};
use blame::{Blame, within_copy, within_statement};
use error::PartFailure;
use patchgen_model::{Class, Item, Patch, Span, Statement, byte_of_character};
use tokio_postgres::SimpleQueryRow;
use tokio_postgres::error::ErrorPosition;
use variables::Variables;

/// Length in bytes above which a message is sent; one statement may be longer.
const LONG: usize = 1 << 20;

/// A part of a patch that is sent at once.
#[derive(Debug)]
pub(crate) enum Part<'a> {
    /// Statements for one simple query.
    Message(Message),
    /// `COPY … FROM stdin` and its data.
    Copy {
        statement: String,
        begins: Blame,
        data: &'a str,
        /// Byte of the patch at which the data begins.
        data_offset: usize,
    },
}

/// A run of bytes of a message, and the place that it comes from.
#[derive(Clone, Copy, Debug)]
struct Origin {
    at: usize,
    source: Blame,
}

/// A statement of a patch within a message.
#[derive(Clone, Copy, Debug)]
struct SourceStatement {
    begins: Blame,
    /// Body of a `DO` statement, in the patch.
    body: Option<Span>,
}

/// A statement that is to be written into a message.
struct Written<'s, 'a> {
    /// Number of the patch within the message.
    number: usize,
    patch: &'s Patch<'a>,
    statement: &'s Statement<'a>,
    variables: &'s Variables<'s>,
    /// The text that takes the place of the connection limit.
    limit: Option<String>,
}

/// Statements for one simple query.
#[derive(Default, Debug)]
pub(crate) struct Message {
    text: String,
    origins: Vec<Origin>,
    /// One entry for each statement; `None` for the runtime's own.
    statements: Vec<Option<SourceStatement>>,
}

/// Builds the parts of one transaction.
#[derive(Default)]
pub(crate) struct Parts<'a> {
    done: Vec<Part<'a>>,
    open: Message,
}

impl<'a> Parts<'a> {
    /// Adds a statement of the runtime's own.
    pub(crate) fn own(&mut self, statement: &str) {
        self.open.statements.push(None);
        self.open.text.push_str(statement);
        self.open.text.push_str(";\n");
    }

    /// Adds statements of the runtime's own.
    pub(crate) fn own_all(&mut self, statements: impl IntoIterator<Item = impl AsRef<str>>) {
        for statement in statements {
            self.own(statement.as_ref());
        }
    }

    /// Adds the statements of a patch, with the variables of a baseline replaced.
    pub(crate) fn patch(
        &mut self,
        number: usize,
        patch: &Patch<'a>,
        variables: &mut Variables<'_>,
    ) -> Result<(), Error> {
        for item in patch.items() {
            match item {
                Item::Meta(span) => variables.run_in_transaction(patch, span)?,
                // The transaction is the runtime's own.
                Item::Statement(statement) if statement.class.is_transaction_control() => {}
                Item::Statement(statement) => self.statement(number, patch, &statement, variables),
            }
        }
        Ok(())
    }

    /// Adds one statement of a patch.
    pub(crate) fn statement(
        &mut self,
        number: usize,
        patch: &Patch<'a>,
        statement: &Statement<'a>,
        variables: &Variables<'_>,
    ) {
        if statement.data.is_some() {
            self.flush();
            self.done
                .push(Part::new(number, patch, statement, variables));
            return;
        }
        self.open.add(Written {
            number,
            patch,
            statement,
            variables,
            limit: None,
        });
        // The server parses a whole message before it runs any of it, and keeps all of it in memory.
        if statement.class == Class::LexicalSetting || self.open.text.len() > LONG {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if !self.open.statements.is_empty() {
            self.done
                .push(Part::Message(std::mem::take(&mut self.open)));
        }
    }

    pub(crate) fn finish(mut self) -> Vec<Part<'a>> {
        self.flush();
        self.done
    }
}

impl Written<'_, '_> {
    /// The place in the patch at which the statement begins.
    fn begins(&self) -> Blame {
        Blame {
            patch: self.number,
            offset: self.statement.span.start as usize,
        }
    }
}

impl Message {
    fn add(&mut self, written: Written<'_, '_>) {
        self.statements.push(Some(SourceStatement {
            begins: written.begins(),
            body: written.statement.body,
        }));
        self.push(written);
        // On a line of its own, since the statement may end in a comment.
        self.text.push_str("\n;\n");
    }

    /// Appends the text of a statement: variables replaced, and the connection limit if another one is given.
    fn push(&mut self, written: Written<'_, '_>) {
        let Written {
            number,
            patch,
            statement,
            variables,
            limit,
        } = written;
        let text = patch.text();
        let mut from = statement.span.start;
        if statement.class == Class::ClientEncoding {
            // The build has converted the text to UTF-8, whatever encoding it declares.
            self.verbatim(number, from as usize, "SET client_encoding = 'UTF8'");
            return;
        }
        let limit = statement.limit.zip(limit);
        let is_replaced = |span: Span| {
            limit
                .as_ref()
                .is_some_and(|(limit, _)| limit.start <= span.start && span.end <= limit.end)
        };
        let mut replacements: Vec<(Span, String)> = statement
            .variables
            .iter()
            .filter(|variable| !is_replaced(variable.span))
            .filter_map(|variable| Some((variable.span, variables.value(variable, text)?)))
            .chain(limit.clone())
            .collect();
        replacements.sort_by_key(|(span, _)| span.start);
        for (span, value) in replacements {
            self.verbatim(
                number,
                from as usize,
                &text[from as usize..span.start as usize],
            );
            self.verbatim(number, span.start as usize, &value);
            from = span.end;
        }
        self.verbatim(
            number,
            from as usize,
            &text[from as usize..statement.span.end as usize],
        );
    }

    fn verbatim(&mut self, patch: usize, offset: usize, text: &str) {
        self.origins.push(Origin {
            at: self.text.len(),
            source: Blame { patch, offset },
        });
        self.text.push_str(text);
    }

    /// The place in a patch that an error is about; `None` if a statement of the runtime's own failed.
    fn blame(&self, refusal: &Refusal) -> Option<Blame> {
        let server = refusal.error.as_db_error()?;
        let statement = self.statements.get(refusal.completed).copied().flatten();
        if let Some(ErrorPosition::Original(character)) = server.position() {
            return self.source(byte_of_character(&self.text, *character as usize));
        }
        let statement = statement?;
        let within = self.message_byte(statement.begins).and_then(|at| {
            let body = statement.body.and_then(|body| {
                let begins = Blame {
                    offset: body.start as usize,
                    ..statement.begins
                };
                Some(self.message_byte(begins)? - at)
            });
            let byte = within_statement(server, &self.text[at..], body)?;
            self.source(at + byte)
        });
        within.or(Some(statement.begins))
    }

    /// The place that a byte of the message comes from.
    fn source(&self, byte: usize) -> Option<Blame> {
        let origin = self.origins.iter().rev().find(|origin| origin.at <= byte)?;
        Some(Blame {
            patch: origin.source.patch,
            offset: origin.source.offset + (byte - origin.at),
        })
    }

    /// The byte of the message at which a place of a patch stands; the reverse of [`source`](Self::source).
    fn message_byte(&self, place: Blame) -> Option<usize> {
        let is_before = |origin: &&Origin| {
            origin.source.patch == place.patch && origin.source.offset <= place.offset
        };
        let origin = self.origins.iter().rev().find(is_before)?;
        Some(origin.at + (place.offset - origin.source.offset))
    }
}

impl<'a> Part<'a> {
    /// One statement on its own.
    pub(crate) fn new(
        number: usize,
        patch: &Patch<'a>,
        statement: &Statement<'a>,
        variables: &Variables<'_>,
    ) -> Self {
        Self::with_limit(number, patch, statement, variables, None)
    }

    /// A statement that creates or alters a database, with the mark of an unfinished database added to its limit.
    pub(crate) fn marked(
        patch: &Patch<'a>,
        statement: &Statement<'a>,
        variables: &Variables<'_>,
    ) -> Self {
        let limit =
            |span: Span| marked_limit(&variables.interpolate(statement, patch.text(), span));
        let limit = statement.limit.and_then(limit);
        Self::with_limit(0, patch, statement, variables, limit)
    }

    fn with_limit(
        number: usize,
        patch: &Patch<'a>,
        statement: &Statement<'a>,
        variables: &Variables<'_>,
        limit: Option<String>,
    ) -> Self {
        let mut message = Message::default();
        let written = Written {
            number,
            patch,
            statement,
            variables,
            limit,
        };
        let Some(data) = statement.data else {
            message.add(written);
            return Self::Message(message);
        };
        let begins = written.begins();
        message.push(written);
        Self::Copy {
            statement: message.text,
            begins,
            data: data.span.of(patch.text()),
            data_offset: data.span.start as usize,
        }
    }

    /// Sends the part; returns the last row of the answer.
    pub(crate) async fn send(
        &self,
        session: &Session,
    ) -> Result<Option<SimpleQueryRow>, PartFailure> {
        match self {
            Self::Message(message) => session.try_open(&message.text).await.map_err(|refusal| {
                let own = matches!(message.statements.get(refusal.completed), Some(None));
                PartFailure {
                    blame: message.blame(&refusal),
                    refusal,
                    own,
                }
            }),
            Self::Copy {
                statement,
                begins,
                data,
                data_offset,
            } => {
                let sent = session.copy(statement, data).await.map(|()| None);
                sent.map_err(|refusal| {
                    let server = refusal.error.as_db_error();
                    let in_data = server.and_then(|server| within_copy(server, data));
                    let offset = in_data.map_or(begins.offset, |byte| data_offset + byte);
                    PartFailure {
                        refusal,
                        blame: Some(Blame { offset, ..*begins }),
                        own: false,
                    }
                })
            }
        }
    }
}

/// The statements of a patch, in order.
pub(crate) fn statements<'a>(patch: &Patch<'a>) -> Vec<Statement<'a>> {
    let statement = |item| match item {
        Item::Statement(statement) => Some(statement),
        Item::Meta(_) => None,
    };
    patch.items().filter_map(statement).collect()
}

/// Returns the text that replaces a connection limit and marks the database as unfinished; an empty text means that no
/// limit is given. `None` if the limit is no number.
pub(crate) fn marked_limit(limit: &str) -> Option<String> {
    if limit.is_empty() {
        return Some(format!(" CONNECTION LIMIT {}", mark(-1)));
    }
    let digits: String = limit.split_whitespace().collect();
    let limit = match digits.parse() {
        Ok(limit) => limit,
        Err(_) if digits.eq_ignore_ascii_case("default") => -1,
        Err(_) => return None,
    };
    Some(mark(limit).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_become_marks() {
        assert_eq!(marked_limit("5").as_deref(), Some("1470000009"));
        assert_eq!(marked_limit("- 1").as_deref(), Some("1470000003"));
        assert_eq!(marked_limit("Default").as_deref(), Some("1470000003"));
        assert_eq!(
            marked_limit("").as_deref(),
            Some(" CONNECTION LIMIT 1470000003")
        );
        assert_eq!(marked_limit("x"), None);
    }
}
