use crate::wire::Items;
use crate::{Checksum, Item, Kind, PatchId, ScriptMode, Version};
use std::time::Duration;

/// Grammar that the name of a patch file follows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum Grammar {
    /// `database.major.minor.user.description.sql`
    #[default]
    Dotted,
    /// `patch-major-minor-point-kind.sql`
    Launchpad,
}

/// Patch of a [`PatchSet`](crate::PatchSet); valid by construction.
#[derive(Clone, Copy, Debug)]
pub struct Patch<'a> {
    pub(crate) database: &'a str,
    pub(crate) version: Version,
    pub(crate) grammar: Grammar,
    pub(crate) file: &'a str,
    pub(crate) user: &'a str,
    pub(crate) description: &'a str,
    pub(crate) kind: Kind,
    pub(crate) script: ScriptMode,
    pub(crate) checksum: Checksum,
    pub(crate) lock_timeout: Option<Duration>,
    pub(crate) statement_timeout: Option<Duration>,
    pub(crate) text: &'a str,
    pub(crate) items: Items<'a>,
}

impl<'a> Patch<'a> {
    /// Returns the identity of the patch, in the spelling of its own grammar.
    #[must_use]
    pub const fn id(&self) -> PatchId<'a> {
        PatchId::new(self.database, self.version).spelled(self.grammar)
    }

    /// Returns the logical database that the patch belongs to.
    #[must_use]
    pub const fn database(&self) -> &'a str {
        self.database
    }

    /// Returns the version within the database.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Returns the grammar of its name.
    #[must_use]
    pub const fn grammar(&self) -> Grammar {
        self.grammar
    }

    /// Returns the file that it came from, relative to where the build or the command ran, with `/` between folders.
    #[must_use]
    pub const fn file(&self) -> &'a str {
        self.file
    }

    /// Returns the role that runs it.
    #[must_use]
    pub const fn user(&self) -> &'a str {
        self.user
    }

    /// Returns the description in its name; empty in the launchpad grammar.
    #[must_use]
    pub const fn description(&self) -> &'a str {
        self.description
    }

    /// Returns the way in which it runs.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the way in which it runs if it is a baseline.
    #[must_use]
    pub const fn script(&self) -> ScriptMode {
        self.script
    }

    /// Returns the digest of [`text`](Self::text).
    #[must_use]
    pub const fn checksum(&self) -> Checksum {
        self.checksum
    }

    /// Returns its own `lock_timeout`, if it asks for one; zero turns the timeout off.
    #[must_use]
    pub const fn lock_timeout(&self) -> Option<Duration> {
        self.lock_timeout
    }

    /// Returns its own `statement_timeout`, if it asks for one; zero turns the timeout off.
    #[must_use]
    pub const fn statement_timeout(&self) -> Option<Duration> {
        self.statement_timeout
    }

    /// Returns the normalised text: without byte order mark, lines ended by LF.
    #[must_use]
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// Returns the statements and meta-commands of the text, in order.
    #[must_use]
    pub const fn items(&self) -> Items<'a> {
        self.items
    }

    /// `true` if it runs only while its database is being created: major version 0 of the dotted grammar.
    #[must_use]
    pub const fn is_bootstrap(&self) -> bool {
        matches!(self.grammar, Grammar::Dotted) && self.version.major == 0
    }

    /// `true` if it is the script that a database begins with: `00000000.0000`.
    #[must_use]
    pub const fn is_baseline(&self) -> bool {
        self.is_bootstrap() && self.version.minor == 0
    }
}

impl<'a> Item<'a> {
    /// Returns the range of the text that the item covers, a statement's data block not included.
    #[must_use]
    pub const fn span(&self) -> crate::Span {
        match self {
            Self::Statement(statement) => statement.span,
            Self::Meta(span) => *span,
        }
    }
}
