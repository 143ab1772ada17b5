//! libpq's connection words, from every source that libpq reads.
//!
//! The driver's own parser reads neither the PostgreSQL environment nor service and password files, and rejects a third of
//! libpq's words; this one accepts all of them. It opens no connection: `server` turns the words into a
//! [`tokio_postgres::Config`].

use std::collections::BTreeMap;
use std::fmt;

mod endpoint;
mod environment;
mod error;
mod keywords;
mod passfile;
mod service;
mod url;
mod word;

pub use error::ConninfoError;
use word::Word;

/// The words of a connection, such as `host`, `port` or `sslmode`, as libpq defines them.
///
/// [`parse`](Self::parse) reads one text; [`resolve`](Self::resolve) fills in what it leaves open from the
/// service file and the environment. `Debug` shows no password.
///
/// ```
/// use patchgen_runtime::Conninfo;
///
/// let conninfo = Conninfo::parse("postgres://app:secret@db.example.org/hund?sslmode=disable")?;
/// assert_eq!(conninfo.user(), Some("app"));
/// assert_eq!(conninfo.place(), "db.example.org:5432");
/// assert!(!format!("{conninfo:?}").contains("secret"));
///
/// let same = Conninfo::parse("user=app password=secret host=db.example.org dbname=hund sslmode=disable")?;
/// assert_eq!(conninfo, same);
/// # Ok::<(), patchgen_runtime::ConninfoError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Conninfo {
    words: BTreeMap<Word, String>,
}

impl Conninfo {
    /// Reads a text of the form `word=value word='a value'` or a URL `postgres://user:password@host:port/dbname?word=value`.
    ///
    /// # Errors
    /// If the text is malformed or has a word that libpq does not know. No message repeats a value.
    pub fn parse(text: &str) -> Result<Self, ConninfoError> {
        let text = text.trim();
        match url::strip_scheme(text) {
            Some(rest) => url::parse(rest),
            None => keywords::parse(text),
        }
    }

    /// Reads `explicit`, or else `DATABASE_URL`, and fills in what it leaves open as libpq does: first from the service
    /// file, then from the `PG…` variables.
    ///
    /// `env` looks up an environment variable: `&|name| std::env::var(name).ok()`.
    ///
    /// # Errors
    /// If one of these texts is malformed, or no service file defines the service that is named.
    pub fn resolve(
        explicit: Option<&str>,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConninfoError> {
        environment::resolve(explicit, env)
    }

    /// The value of a word; `None` if it is not given, or given as empty.
    #[must_use]
    pub fn get(&self, word: &str) -> Option<&str> {
        let value = self.words.get(&Word::find(word)?)?;
        (!value.is_empty()).then_some(value)
    }

    /// The role to log in as.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.get("user")
    }

    /// The database to connect to, if one is named; libpq's default for it is the user's name.
    #[must_use]
    pub fn dbname(&self) -> Option<&str> {
        self.get("dbname")
    }

    /// The password, if one is given. It is that of [`user`](Self::user); another role may have another one.
    #[must_use]
    pub fn password(&self) -> Option<&str> {
        self.get("password")
    }

    /// libpq's environment variables, each with the value of its word. `PGSERVICE` has none: the service is resolved already.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, Option<&str>)> {
        Word::with_variables().map(|(word, variable)| {
            let value = self.get(word.name()).filter(|_| word != Word::SERVICE);
            (variable, value)
        })
    }

    /// Sets a word, unless it is given already; a word that is given as empty stays empty.
    fn fill(&mut self, word: Word, value: impl Into<String>) {
        self.words.entry(word).or_insert_with(|| value.into());
    }
}

impl fmt::Debug for Conninfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (word, value) in &self.words {
            let value = if word.is_secret() { "(hidden)" } else { value };
            map.entry(&word.name(), &value);
        }
        map.finish()
    }
}
