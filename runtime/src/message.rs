//! Patches as the messages that carry them: many statements in one, split only where PostgreSQL needs it.
//!
//! Every piece remembers the bytes of the patch that it came from, so that an error's position, or just the number of
//! statements that went well, leads back to file, line and column.

use crate::Error;
use crate::blame;
use crate::error::ErrorKind;
use crate::position::{byte_of_character, locate};
use crate::script::Variables;
use crate::session::{Refusal, Session};
use patchgen_model::{Class, Item, Patch, Statement};
use std::ops::Range;
use tokio_postgres::SimpleQueryRow;
use tokio_postgres::error::ErrorPosition;

/// Why a script that is no transaction is not merely rolled back.
pub(crate) const STOPPED: &str = "the script stopped here; what it did before is kept until the next run, which drops \
                                  the unfinished database and begins again";

/// Messages are not made longer than this, except by one long statement.
const LONG: usize = 1 << 20;

/// Something to send in one go.
#[derive(Debug)]
pub(crate) enum Part<'a> {
    /// Statements for one simple query.
    Message(Message),
    /// `COPY … FROM stdin` and its data.
    Copy {
        patch: usize,
        offset: usize,
        data_offset: usize,
        statement: String,
        data: &'a str,
    },
}

/// Where a run of bytes of a message comes from.
#[derive(Clone, Copy, Debug)]
struct Origin {
    at: usize,
    patch: usize,
    offset: usize,
}

#[derive(Default, Debug)]
pub(crate) struct Message {
    text: String,
    origins: Vec<Origin>,
    /// For each statement the patch and byte that it begins at; nothing for the runtime's own.
    statements: Vec<Option<(usize, usize)>>,
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

    /// Adds the statements of a patch, the variables of a baseline put in.
    pub(crate) fn patch(
        &mut self,
        number: usize,
        patch: &Patch<'a>,
        variables: &mut Variables<'_>,
    ) -> Result<(), Error> {
        for item in patch.items() {
            match item {
                Item::Meta(span) => variables.meta(patch, span)?,
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
        self.open.add(number, patch, statement, variables);
        // The server splits a whole message before it runs any of it, and keeps all of it in memory.
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

impl Message {
    fn add(
        &mut self,
        number: usize,
        patch: &Patch<'_>,
        statement: &Statement<'_>,
        variables: &Variables<'_>,
    ) {
        self.statements
            .push(Some((number, statement.span.start as usize)));
        self.push(number, patch, statement, variables);
        // On a line of its own, should the statement end in a comment.
        self.text.push_str("\n;\n");
    }

    fn push(
        &mut self,
        number: usize,
        patch: &Patch<'_>,
        statement: &Statement<'_>,
        variables: &Variables<'_>,
    ) {
        let text = patch.text();
        let mut from = statement.span.start as usize;
        if statement.class == Class::SessionSetting && sets_encoding(statement.span.of(text)) {
            // The text was turned into UTF-8 when it was built, whatever it declares.
            self.verbatim(number, from, "SET client_encoding = 'UTF8'");
            return;
        }
        for variable in &statement.variables {
            let Some(value) = variables.value(variable, text) else {
                continue;
            };
            let (start, end) = (variable.span.start as usize, variable.span.end as usize);
            self.verbatim(number, from, &text[from..start]);
            self.origins.push(Origin {
                at: self.text.len(),
                patch: number,
                offset: start,
            });
            self.text.push_str(&value);
            from = end;
        }
        self.verbatim(number, from, &text[from..statement.span.end as usize]);
    }

    /// Puts something else in the place of a part of the text.
    fn replace(&mut self, range: Range<usize>, with: &str) {
        self.text.replace_range(range, with);
    }

    fn verbatim(&mut self, patch: usize, offset: usize, text: &str) {
        self.origins.push(Origin {
            at: self.text.len(),
            patch,
            offset,
        });
        self.text.push_str(text);
    }

    /// The patch and the byte in it that an error points at; nothing when a statement of the runtime's own failed.
    fn blame(&self, refusal: &Refusal) -> Option<(usize, usize)> {
        let server = refusal.error.as_db_error()?;
        let statement = self.statements.get(refusal.completed).copied().flatten();
        if let Some(ErrorPosition::Original(character)) = server.position() {
            return self.source(byte_of_character(&self.text, *character as usize));
        }
        let (patch, offset) = statement?;
        let begins = |origin: &&Origin| (origin.patch, origin.offset) == (patch, offset);
        let within = self.origins.iter().find(begins).and_then(|origin| {
            let byte = blame::within_body(server, &self.text[origin.at..])?;
            self.source(origin.at + byte)
        });
        within.or(statement)
    }

    /// The patch and the byte in it that a byte of the message comes from.
    fn source(&self, byte: usize) -> Option<(usize, usize)> {
        let origin = self.origins.iter().rev().find(|origin| origin.at <= byte)?;
        Some((origin.patch, origin.offset + (byte - origin.at)))
    }
}

/// Whether a statement declares the encoding of what follows.
fn sets_encoding(statement: &str) -> bool {
    let mut words = statement
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty());
    let is = |word: Option<&str>, wanted: &[&str]| {
        word.is_some_and(|word| {
            wanted
                .iter()
                .any(|wanted| word.eq_ignore_ascii_case(wanted))
        })
    };
    if !is(words.next(), &["set"]) {
        return false;
    }
    let mut name = words.next();
    if is(name, &["session", "local"]) {
        name = words.next();
    }
    is(name, &["client_encoding", "names"])
}

/// Why a part failed, and whom to blame.
pub(crate) struct PartFailure {
    pub(crate) refusal: Refusal,
    /// Patch and byte.
    pub(crate) blame: Option<(usize, usize)>,
    /// Whether it was a statement of the runtime's own.
    pub(crate) own: bool,
}

impl<'a> Part<'a> {
    /// One statement on its own.
    pub(crate) fn new(
        number: usize,
        patch: &Patch<'a>,
        statement: &Statement<'a>,
        variables: &Variables<'_>,
    ) -> Self {
        let mut message = Message::default();
        match statement.data {
            None => {
                message.add(number, patch, statement, variables);
                Self::Message(message)
            }
            Some(data) => {
                message.push(number, patch, statement, variables);
                let offset = statement.span.start as usize;
                let (data_offset, data) = (data.span.start as usize, data.span.of(patch.text()));
                Self::Copy {
                    patch: number,
                    offset,
                    data_offset,
                    statement: message.text,
                    data,
                }
            }
        }
    }

    /// The statements of a message.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Message(message) => Some(&message.text),
            Self::Copy { .. } => None,
        }
    }

    /// Puts something else in the place of a part of a message.
    pub(crate) fn replace(&mut self, range: Range<usize>, with: &str) {
        if let Self::Message(message) = self {
            message.replace(range, with);
        }
    }

    /// Sends the part; gives the last row that came back.
    pub(crate) async fn send(
        &self,
        session: &Session,
    ) -> Result<Option<SimpleQueryRow>, PartFailure> {
        match self {
            Self::Message(message) => session.run(&message.text).await.map_err(|refusal| {
                let own = matches!(message.statements.get(refusal.completed), Some(None));
                PartFailure {
                    blame: message.blame(&refusal),
                    refusal,
                    own,
                }
            }),
            Self::Copy {
                patch,
                offset,
                data_offset,
                statement,
                data,
            } => {
                let sent = session.copy(statement, data).await.map(|()| None);
                sent.map_err(|refusal| {
                    let server = refusal.error.as_db_error();
                    let in_data = server.and_then(|server| blame::within_copy(server, data));
                    let place = in_data.map_or(*offset, |byte| data_offset + byte);
                    PartFailure {
                        refusal,
                        blame: Some((*patch, place)),
                        own: false,
                    }
                })
            }
        }
    }
}

/// The error of a patch whose statement the server refused.
pub(crate) fn patch_error(
    patch: &Patch<'_>,
    refusal: Refusal,
    offset: Option<usize>,
    help: &str,
) -> Error {
    let server = match refusal.error.as_db_error() {
        Some(server) if !refusal.is_lost() => server,
        // No verdict on the patch: nobody has seen how far it came.
        server => {
            let why = server.map_or_else(String::new, |server| format!(": {}", server.message()));
            return Error::new(
                ErrorKind::Connection,
                format!("{}: the connection was lost{why}", patch.file()),
            )
            .with_help("run again: what was interrupted is settled first")
            .with_patch(patch)
            .with_source(refusal.error);
        }
    };
    let mut message = server.message().to_owned();
    if offset.is_none() {
        message = format!("{}: {message}", patch.file());
    }
    let mut lines = vec![help.to_owned()];
    lines.extend(server.detail().map(|detail| format!("detail: {detail}")));
    lines.extend(server.hint().map(|hint| format!("hint: {hint}")));
    lines.extend(server.where_().map(|context| format!("where: {context}")));
    let mut error = Error::new(ErrorKind::Patch, message)
        .with_help(lines.join("\n"))
        .with_patch(patch)
        .with_sql_state(server.code().code());
    if let Some(offset) = offset {
        let (location, excerpt) = locate(patch.file(), patch.text(), offset);
        error = error.with_location(location, Some(excerpt));
    }
    error.with_source(refusal.error)
}
