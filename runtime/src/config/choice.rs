//! The settings of a configuration that are a choice between a few values.

/// The reaction to a difference between the ledger and the program's patches.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Policy {
    /// Stop with an error before anything is changed.
    Error,
    /// Warn and go on.
    Warn,
    /// Go on without a message.
    Ignore,
}

/// The location of the ledger.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum StateLocation {
    /// In a database of its own, used by a role of its own.
    Apart {
        /// The state database.
        database: String,
        /// The role that owns and uses it.
        role: String,
    },
    /// In each target database; a patch and its record are one transaction.
    InTarget,
}

/// The way in which a session takes the role of a patch's user.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RoleMode {
    /// Log in as the patch's user.
    Login,
    /// Log in as the connection's user and `SET LOCAL ROLE` to the patch's user.
    SetRole,
}

/// The part of the pending patches that one call applies.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Selection {
    /// All of them.
    All,
    /// The first adjacent ones of one type: std, or direct and concurrent.
    Group,
    /// The first one.
    One,
}

/// The patches that share a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Grouping {
    /// Every patch has a transaction of its own, except in the bootstrap of a database that was just created.
    Each,
    /// Consecutive std patches of one database and one user share a transaction: all of them, or none.
    Consecutive,
}
