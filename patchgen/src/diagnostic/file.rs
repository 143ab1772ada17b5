//! Files that are read, and what is reported about those that cannot be.

use super::Diagnostic;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

/// Reads a regular file. Nothing else is opened, because a FIFO or a device may never end.
pub(crate) fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    match not_regular(&fs::metadata(path)?) {
        Some(message) => Err(io::Error::other(message)),
        None => fs::read(path),
    }
}

/// Returns the message for a path that is not that of a regular file.
pub(crate) fn not_regular(metadata: &Metadata) -> Option<String> {
    let kind = metadata.file_type();
    let found = match kind {
        _ if kind.is_file() => return None,
        _ if kind.is_dir() => "folder",
        _ => special(kind),
    };
    Some(format!("is a {found}, not a regular file"))
}

#[cfg(unix)]
fn special(kind: fs::FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    match kind {
        _ if kind.is_fifo() => "FIFO",
        _ if kind.is_socket() => "socket",
        _ => "device",
    }
}

#[cfg(not(unix))]
fn special(_: fs::FileType) -> &'static str {
    "device"
}

/// Returns the finding about a file or a folder that cannot be read.
pub(crate) fn unreadable(file: &str, error: &io::Error) -> Diagnostic {
    let message = match error.kind() {
        io::ErrorKind::Other => error.to_string(),
        _ => format!("cannot be read: {error}"),
    };
    Diagnostic::error("unreadable", message).in_file(file)
}
