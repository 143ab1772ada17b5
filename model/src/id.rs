use std::fmt;

/// The version of a patch: what orders it within its database.
///
/// `point` is 0 for names of the dotted grammar, which have no such part. The digits of `Display` are padded as in the
/// dotted grammar where the version could have come from it; `{:#}` gives the launchpad spelling.
///
/// ```
/// use patchgen_model::Version;
///
/// assert_eq!(Version { major: 20240131, minor: 1, point: 0 }.to_string(), "20240131.0001");
/// assert_eq!(format!("{:#}", Version { major: 2211, minor: 5, point: 0 }), "2211-5-0");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Version {
    /// Eight digits, normally a date, or the launchpad grammar's first number.
    pub major: u32,
    /// Four digits, a sequence or a time of day, or the launchpad grammar's second number.
    pub minor: u32,
    /// The launchpad grammar's third number; 0 in the dotted grammar.
    pub point: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            write!(f, "{}-{}-{}", self.major, self.minor, self.point)
        } else {
            write!(f, "{:08}.{:04}", self.major, self.minor)
        }
    }
}

/// What names a patch for ever: its logical database and its version. Folder, user and description may change.
///
/// ```
/// use patchgen_model::{PatchId, Version};
///
/// let id = PatchId { database: "app", version: Version { major: 20240131, minor: 1, point: 0 } };
/// assert_eq!(id.to_string(), "app 20240131.0001");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PatchId<'a> {
    /// The logical database, as the file name or the program gives it.
    pub database: &'a str,
    /// The version within that database.
    pub version: Version,
}

impl fmt::Display for PatchId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.database)?;
        fmt::Display::fmt(&self.version, f)
    }
}
