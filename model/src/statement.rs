/// Range of bytes within the text of a patch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset behind the last byte.
    pub end: u32,
}

impl Span {
    /// Returns the text that the span covers.
    ///
    /// # Panics
    /// If the span does not lie on character boundaries within `text`; spans of a decoded set always do.
    #[must_use]
    pub fn of(self, text: &str) -> &str {
        &text[self.start as usize..self.end as usize]
    }

    /// Returns the span moved by some bytes towards the end of the text, such as from a part of a text to the whole.
    ///
    /// ```
    /// use patchgen_model::Span;
    ///
    /// let within = Span { start: 0, end: 3 };
    /// assert_eq!(within.moved(7), Span { start: 7, end: 10 });
    /// ```
    #[must_use]
    pub const fn moved(self, bytes: u32) -> Self {
        Self {
            start: self.start.saturating_add(bytes),
            end: self.end.saturating_add(bytes),
        }
    }
}

macro_rules! classes {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// Class of a statement: what must be known of it to run it, and to recover from its interruption.
        ///
        /// The statements that cannot run inside a transaction were found by running them on PostgreSQL 15 (SQLSTATE 25001).
        /// Code that treats several classes alike should ask a predicate, such as
        /// [`is_session_setting`](Self::is_session_setting), because a later version may divide a class.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
        #[non_exhaustive]
        pub enum Class {
            $($(#[$doc])* $name = $code,)*
        }

        impl Class {
            pub(crate) const fn from_code(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

classes! {
    /// Any statement that has no class of its own. It runs inside a transaction.
    #[default]
    Transactional = 0,
    /// `COPY … FROM stdin`, followed by its data block.
    CopyFromStdin = 1,
    /// `BEGIN` or `START TRANSACTION`.
    Begin = 2,
    /// `COMMIT` or `END`.
    Commit = 3,
    /// `ROLLBACK` or `ABORT`, not `ROLLBACK TO SAVEPOINT`.
    Rollback = 4,
    /// `RESET ROLE`, `SET SESSION AUTHORIZATION` or `RESET SESSION AUTHORIZATION`, which leave the patch's role.
    RoleEscape = 5,
    /// `SET ROLE`, which the runtime undoes after the patch.
    SetRole = 6,
    /// `SET` or `RESET` of a session parameter, which the runtime undoes after the patch.
    SessionSetting = 7,
    /// Change of `standard_conforming_strings`: the statements behind it must be sent in a message of their own.
    LexicalSetting = 8,
    /// `CREATE INDEX CONCURRENTLY`.
    CreateIndexConcurrently = 9,
    /// `DROP INDEX CONCURRENTLY`.
    DropIndexConcurrently = 10,
    /// `REINDEX … CONCURRENTLY`.
    ReindexConcurrently = 11,
    /// `ALTER TABLE … DETACH PARTITION … CONCURRENTLY`.
    DetachPartitionConcurrently = 12,
    /// Statement that cannot run in a transaction and is harmless to run again: `VACUUM`, a bare `CLUSTER`,
    /// `ALTER SYSTEM`, `REINDEX SCHEMA|DATABASE|SYSTEM`, `DISCARD ALL`.
    Repeatable = 13,
    /// `CREATE DATABASE`.
    CreateDatabase = 14,
    /// `DROP DATABASE`.
    DropDatabase = 15,
    /// `ALTER DATABASE … SET TABLESPACE`.
    AlterDatabaseTablespace = 16,
    /// `CREATE TABLESPACE`.
    CreateTablespace = 17,
    /// `DROP TABLESPACE`.
    DropTablespace = 18,
    /// Statement that cannot run in a transaction, and whose outcome is unknown after an interruption: `CREATE` or
    /// `DROP SUBSCRIPTION`, `COMMIT PREPARED`, `ROLLBACK PREPARED`.
    Unrepeatable = 19,
    /// `DO` or `CALL` that may commit inside when it runs outside a transaction. A `DO` whose body cannot commit is
    /// [`Transactional`](Self::Transactional).
    Procedural = 20,
    /// `PREPARE TRANSACTION`, which takes the transaction away from its session.
    PrepareTransaction = 21,
    /// `SET client_encoding` or `SET NAMES`, which declare the encoding of what follows; a session setting.
    ClientEncoding = 22,
    /// `ALTER DATABASE … CONNECTION LIMIT`.
    AlterDatabase = 23,
    /// `CREATE ROLE`, `CREATE USER` or `CREATE GROUP` with options.
    CreateRole = 24,
    /// `CREATE ROLE name` and nothing else, as `pg_dumpall` writes it, also for roles that always exist.
    CreateBareRole = 25,
    /// `DROP ROLE`, `DROP USER` or `DROP GROUP`.
    DropRole = 26,
}

impl Class {
    /// `true` if PostgreSQL accepts the statement inside a transaction block.
    ///
    /// ```
    /// use patchgen_model::Class;
    ///
    /// assert!(Class::Transactional.runs_in_transaction());
    /// assert!(!Class::CreateIndexConcurrently.runs_in_transaction());
    /// ```
    #[must_use]
    pub const fn runs_in_transaction(self) -> bool {
        !matches!(
            self,
            Self::CreateIndexConcurrently
                | Self::DropIndexConcurrently
                | Self::ReindexConcurrently
                | Self::DetachPartitionConcurrently
                | Self::Repeatable
                | Self::CreateDatabase
                | Self::DropDatabase
                | Self::AlterDatabaseTablespace
                | Self::CreateTablespace
                | Self::DropTablespace
                | Self::Unrepeatable
        )
    }

    /// `true` if the effect of the statement ends with the session.
    ///
    /// ```
    /// use patchgen_model::Class;
    ///
    /// assert!(Class::SetRole.is_session_setting());
    /// assert!(!Class::CreateRole.is_session_setting());
    /// ```
    #[must_use]
    pub const fn is_session_setting(self) -> bool {
        matches!(
            self,
            Self::SessionSetting | Self::SetRole | Self::LexicalSetting | Self::ClientEncoding
        )
    }

    /// `true` if the statement begins or ends a transaction.
    #[must_use]
    pub const fn is_transaction_control(self) -> bool {
        matches!(
            self,
            Self::Begin | Self::Commit | Self::Rollback | Self::PrepareTransaction
        )
    }
}

/// Form in which the value of a psql variable is put into a statement.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Quoting {
    /// As it is: `:name`.
    Plain,
    /// As a string literal: `:'name'`.
    Literal,
    /// As an identifier: `:"name"`.
    Identifier,
}

/// Reference to a psql variable in a statement of a baseline. As in psql, it stays as it is if no such variable is set.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Variable {
    /// The reference as written, colon and quotes included.
    pub span: Span,
    /// Form in which the value is put in.
    pub quoting: Quoting,
}

impl Variable {
    /// Returns the name of the variable, taken from the text of the patch.
    #[must_use]
    pub fn name(self, text: &str) -> &str {
        self.span
            .of(text)
            .trim_start_matches(':')
            .trim_matches(['\'', '"'])
    }
}

/// Data block of a `COPY … FROM stdin`, without the final `\.` line.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CopyData {
    /// The bytes to send.
    pub span: Span,
}

/// Statement of a patch: its place in the text, and what the build has found out about it.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub struct Statement<'a> {
    /// First to last character, without the final semicolon.
    pub span: Span,
    /// Class of the statement.
    pub class: Class,
    /// The schema of the object that it creates or drops, where the class needs one for recovery and the text names one.
    pub schema: Option<&'a str>,
    /// The name of that object, unquoted and folded as PostgreSQL does.
    pub object: Option<&'a str>,
    /// `true` if `IF [NOT] EXISTS` is given.
    pub conditional: bool,
    /// Place of the object's name, quotes included, in `CREATE`, `DROP` or `ALTER DATABASE`, `CREATE ROLE` and
    /// `CREATE TABLESPACE`, so that a runtime can read a name that a psql variable gives.
    pub name: Option<Span>,
    /// Place of the number of a `CONNECTION LIMIT`, its sign included; an empty span where one may be added.
    pub limit: Option<Span>,
    /// Place of the word `CONCURRENTLY` in `ALTER TABLE … DETACH PARTITION … CONCURRENTLY`.
    pub keyword: Option<Span>,
    /// Text of a `DO` statement's body, inside its quotes.
    pub body: Option<Span>,
    /// References to psql variables, in order; only in baselines.
    pub variables: Vec<Variable>,
    /// Data for `COPY … FROM stdin`.
    pub data: Option<CopyData>,
}

/// Part of a patch.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Item<'a> {
    /// An SQL statement.
    Statement(Statement<'a>),
    /// A psql meta-command, from its backslash to the end of its arguments.
    Meta(Span),
}
