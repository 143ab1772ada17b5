//! Extent of psql meta-commands.

/// End of a meta-command.
#[derive(Debug)]
pub(super) struct End {
    /// Offset of the end of the last argument.
    pub(super) arguments: usize,
    /// Offset at which SQL or the next command continues.
    pub(super) command: usize,
}

/// Returns the end of the command whose backslash is at `start`.
///
/// Arguments end with the line, at the backslash of another command, or at `\\`, after which SQL continues.
pub(super) fn end(text: &str, start: usize) -> End {
    let bytes = text.as_bytes();
    let mut at = start + 1 + name(&text[start..]).len();
    if takes_whole_line(&text[start..]) {
        at = text[at..].find('\n').map_or(text.len(), |found| at + found);
    } else {
        // Searching for the end of the line first would be quadratic: a line may hold any number of commands.
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'\n' | b'\\' => break,
                b'\'' | b'"' | b'`' => at = quoted_end(bytes, at),
                _ => at += 1,
            }
        }
    }
    End {
        arguments: start + text[start..at].trim_end().len(),
        command: if bytes[at..].starts_with(b"\\\\") {
            at + 2
        } else {
            at
        },
    }
}

/// Returns `true` if psql sends the query buffer on this command, so that the command ends a statement.
pub(super) fn sends_query(command: &str) -> bool {
    let name = name(command);
    name.starts_with('g') || matches!(name, "crosstabview" | "watch" | "parse" | "bind")
}

/// Returns `true` if the command begins a new session.
pub(super) fn is_connect(command: &str) -> bool {
    matches!(name(command), "c" | "connect")
}

/// Returns the name of a command, without the backslash.
fn name(command: &str) -> &str {
    let name = &command[1..];
    let symbol = name
        .bytes()
        .position(|byte| byte.is_ascii_whitespace() || byte == b'\\');
    let end = match name.as_bytes().first() {
        Some(b'!') => 1,
        _ => symbol.unwrap_or(name.len()),
    };
    &name[..end]
}

fn takes_whole_line(command: &str) -> bool {
    let name = name(command);
    let arguments = command[1 + name.len()..].trim_start_matches([' ', '\t']);
    matches!(
        name,
        "!" | "copy" | "ef" | "ev" | "h" | "help" | "sf" | "sf+" | "sv" | "sv+"
    ) || (matches!(name, "g" | "gx" | "o" | "out" | "w" | "write") && arguments.starts_with('|'))
}

/// Returns the offset of the end of a quoted part of an argument. A quote that the line does not close ends with the line.
fn quoted_end(bytes: &[u8], open: usize) -> usize {
    let quote = bytes[open];
    let mut at = open + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\n' => return at,
            b'\\' if quote == b'\'' && bytes.get(at + 1).is_some_and(|next| *next != b'\n') => {
                at += 2
            }
            _ if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}
