//! psql's variables and meta-commands, as far as a baseline may use them: `\set`, `\getenv`, `\connect`.

use super::position::locate;
use crate::server::quote::{identifier, literal, unquoted};
use crate::{Config, Error, ErrorKind};
use patchgen_model::{Patch, Quoting, Span, Statement, Variable};
use std::collections::BTreeMap;

/// psql's variables while a script runs.
pub(crate) struct Variables<'c> {
    config: &'c Config,
    values: BTreeMap<String, String>,
}

/// The part of a meta-command that is left to the runner of the script.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Effect {
    /// The command is done.
    Done,
    /// The script goes on in another session.
    Connect {
        /// The database, if another one.
        database: Option<String>,
        /// The role, if another one.
        user: Option<String>,
    },
}

impl<'c> Variables<'c> {
    pub(crate) fn new(config: &'c Config, database: &str, user: &str) -> Self {
        let values = [("DBNAME", database), ("USER", user), ("ENCODING", "UTF8")];
        Self {
            config,
            values: values
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        }
    }

    /// Sets the variables that name the session in which the script goes on.
    pub(crate) fn connected(&mut self, database: &str, user: &str) {
        for (name, value) in [("DBNAME", database), ("USER", user)] {
            self.values.insert(name.to_owned(), value.to_owned());
        }
    }

    /// The text that replaces a reference; `None` if no such variable is set, so that the reference stays as it is.
    pub(crate) fn value(&self, variable: &Variable, text: &str) -> Option<String> {
        self.quoted(variable.name(text), variable.quoting)
    }

    /// The text of a part of a statement, variables replaced.
    pub(crate) fn interpolate(&self, statement: &Statement<'_>, text: &str, part: Span) -> String {
        let mut result = String::new();
        let mut from = part.start;
        let within = |variable: &&Variable| {
            variable.span.start >= part.start && variable.span.end <= part.end
        };
        for variable in statement.variables.iter().filter(within) {
            if let Some(value) = self.value(variable, text) {
                result.push_str(&text[from as usize..variable.span.start as usize]);
                result.push_str(&value);
                from = variable.span.end;
            }
        }
        result + &text[from as usize..part.end as usize]
    }

    /// The object that a statement creates, drops or changes; its name may be a variable's value.
    pub(crate) fn object(&self, statement: &Statement<'_>, text: &str) -> Option<String> {
        statement.object.map(str::to_owned).or_else(|| {
            let name = self.interpolate(statement, text, statement.name?);
            Some(unquoted(&name))
        })
    }

    fn quoted(&self, name: &str, quoting: Quoting) -> Option<String> {
        let value = self.values.get(name)?;
        Some(match quoting {
            Quoting::Plain => value.clone(),
            Quoting::Literal => literal(value),
            Quoting::Identifier => identifier(value),
        })
    }

    /// Runs a meta-command inside a transaction, where it may change nothing but variables.
    pub(crate) fn run_in_transaction(
        &mut self,
        patch: &Patch<'_>,
        span: Span,
    ) -> Result<(), Error> {
        match self.run(patch, span)? {
            Effect::Done => Ok(()),
            Effect::Connect { .. } => Err(fault(
                patch,
                span,
                "\\connect cannot run inside a transaction",
            )),
        }
    }

    /// Runs a meta-command.
    pub(crate) fn run(&mut self, patch: &Patch<'_>, span: Span) -> Result<Effect, Error> {
        let words = self.words(span.of(patch.text()));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words[..] {
            ["\\set", name, ref values @ ..] => {
                self.values.insert(name.to_owned(), values.concat());
            }
            ["\\unset", name, ..] => {
                self.values.remove(name);
            }
            ["\\getenv", name, variable, ..] => {
                // As in psql: a variable that the environment lacks leaves the old value.
                let value = self.config.environment(variable);
                let value = value.map_err(|error| fault(patch, span, &error.to_string()))?;
                if let Some(value) = value {
                    self.values.insert(name.to_owned(), value);
                }
            }
            ["\\connect" | "\\c", ref words @ ..] => return connect(words).ok_or_else(|| {
                fault(
                    patch,
                    span,
                    "\\connect takes a database and a role, or a conninfo with `dbname` and `user`",
                )
            }),
            // The text is UTF-8 by now, and the pair guards against what is refused anyway.
            ["\\encoding" | "\\restrict" | "\\unrestrict", ..] => {}
            _ => {
                return Err(fault(
                    patch,
                    span,
                    "this meta-command lacks an argument or is not known",
                ));
            }
        }
        Ok(Effect::Done)
    }

    /// Returns the command and its arguments as psql reads them: without quotes, variables replaced.
    fn words(&self, text: &str) -> Vec<String> {
        let mut words = Vec::new();
        let mut rest = text.trim_start();
        // The command itself ends at white space.
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        words.push(rest[..end].to_owned());
        rest = rest[end..].trim_start();
        while !rest.is_empty() {
            let mut word = String::new();
            while let Some(next) = rest.chars().next() {
                rest = match next {
                    _ if next.is_whitespace() => break,
                    '\'' => single_quoted(&rest[1..], &mut word),
                    '"' => {
                        let end = rest[1..].find('"').map_or(rest.len(), |end| end + 2);
                        word.push_str(&rest[..end]);
                        &rest[end..]
                    }
                    ':' => self.reference(rest, &mut word),
                    _ => {
                        word.push(next);
                        &rest[next.len_utf8()..]
                    }
                };
            }
            words.push(word);
            rest = rest.trim_start();
        }
        words
    }

    /// Appends the value of the variable that `rest` begins with, or its colon if there is none; returns the text after it.
    fn reference<'t>(&self, rest: &'t str, word: &mut String) -> &'t str {
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let body = &rest[1..];
        let (quoting, skip) = match body.chars().next() {
            Some('\'') => (Quoting::Literal, 1),
            Some('"') => (Quoting::Identifier, 1),
            _ => (Quoting::Plain, 0),
        };
        let name: &str = body[skip..]
            .split(|c| !is_name(c))
            .next()
            .unwrap_or_default();
        let end = 1 + skip + name.len();
        let closed = skip == 0 || rest[end..].starts_with(['\'', '"']);
        match self.quoted(name, quoting) {
            Some(value) if !name.is_empty() && closed => {
                word.push_str(&value);
                &rest[end + skip..]
            }
            _ => {
                word.push(':');
                body
            }
        }
    }
}

/// Reads up to the closing quote, with backslash escapes as in C and two quotes for one; returns the text after it.
fn single_quoted<'t>(mut rest: &'t str, word: &mut String) -> &'t str {
    while let Some(next) = rest.chars().next() {
        rest = &rest[next.len_utf8()..];
        match next {
            '\'' if rest.starts_with('\'') => {
                word.push('\'');
                rest = &rest[1..];
            }
            '\'' => return rest,
            '\\' => {
                let Some(escaped) = rest.chars().next() else {
                    break;
                };
                rest = &rest[escaped.len_utf8()..];
                word.push(match escaped {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    other => other,
                });
            }
            other => word.push(other),
        }
    }
    rest
}

/// Reads the arguments of `\connect`: names, `-` for the present value, or a conninfo as pg_dump writes it.
fn connect(words: &[&str]) -> Option<Effect> {
    let words: Vec<&str> = words
        .iter()
        .copied()
        .filter(|word| !word.starts_with("-reuse-previous="))
        .collect();
    let name = |word: Option<&&str>| {
        let word = word.copied().filter(|word| *word != "-")?;
        Some(unquote(word))
    };
    if let Some(conninfo) = words
        .first()
        .map(|word| unquote(word))
        .filter(|word| word.contains('='))
    {
        let conninfo = crate::conninfo::Conninfo::parse(&conninfo).ok()?;
        let own = |value: Option<&str>| value.map(str::to_owned);
        return Some(Effect::Connect {
            database: own(conninfo.dbname()),
            user: own(conninfo.user()),
        });
    }
    (words.len() <= 2).then(|| Effect::Connect {
        database: name(words.first()),
        user: name(words.get(1)),
    })
}

/// psql keeps the case of a name without quotes.
fn unquote(word: &str) -> String {
    if word.starts_with('"') {
        unquoted(word)
    } else {
        word.to_owned()
    }
}

fn fault(patch: &Patch<'_>, span: Span, message: &str) -> Error {
    let (location, excerpt) = locate(patch, span.start as usize);
    Error::new(ErrorKind::Patch, message)
        .with_help("correct the baseline; nothing of what follows the line was run")
        .with_patch(patch)
        .with_location(location, Some(excerpt))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let config = Config::new();
        let mut variables = Variables::new(&config, "app", "postgres");
        variables.values.insert("x".to_owned(), "it's".to_owned());
        variables.words(text)
    }

    #[test]
    fn arguments_read_as_in_psql() {
        let cases: &[(&str, &[&str])] = &[
            (r"\set a b", &["\\set", "a", "b"]),
            (r"\set a 'b c''d\n'", &["\\set", "a", "b c'd\n"]),
            (r"\set a :x", &["\\set", "a", "it's"]),
            (r"\set a :'x'", &["\\set", "a", "'it''s'"]),
            (r"\set a :nothing x:y", &["\\set", "a", ":nothing", "x:y"]),
            (
                r#"\connect -reuse-previous=on "dbname='odd name'""#,
                &["\\connect", "-reuse-previous=on", "\"dbname='odd name'\""],
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(words(text), *expected, "{text}");
        }
    }

    #[test]
    fn connect_understands_names_and_conninfo() {
        let request = |database: Option<&str>, user: Option<&str>| {
            Some(Effect::Connect {
                database: database.map(str::to_owned),
                user: user.map(str::to_owned),
            })
        };
        assert_eq!(connect(&["app"]), request(Some("app"), None));
        assert_eq!(connect(&["-", "bob"]), request(None, Some("bob")));
        assert_eq!(connect(&["\"odd name\""]), request(Some("odd name"), None));
        assert_eq!(
            connect(&["-reuse-previous=on", "\"dbname='odd name'\""]),
            request(Some("odd name"), None)
        );
        assert_eq!(connect(&["a", "b", "c"]), None);
    }
}
