use std::fs::Metadata;
use std::time::{SystemTime, UNIX_EPOCH};

/// Metadata that shows, without reading a file, that it has not changed. Times are in nanoseconds since 1970.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Stamp {
    pub(super) len: u64,
    pub(super) modified: u64,
    /// Time when the file or its metadata changed, which a program cannot set back; 0 if the system does not record it.
    pub(super) changed: u64,
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            len: metadata.len(),
            modified: metadata.modified().map_or(0, nanoseconds),
            changed: changed(metadata),
        }
    }
}

/// Returns a time in nanoseconds since 1970.
pub(super) fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(unix)]
fn changed(metadata: &Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let nanoseconds = metadata.ctime().wrapping_mul(1_000_000_000);
    nanoseconds
        .wrapping_add(metadata.ctime_nsec())
        .cast_unsigned()
}

#[cfg(not(unix))]
fn changed(_: &Metadata) -> u64 {
    0
}
