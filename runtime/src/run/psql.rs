//! Scripts run by the program psql, for baselines that need more of psql than the runtime knows.

use crate::message::error::STOPPED;
use crate::message::position::locate;
use crate::message::{marked_limit, statements};
use crate::server::connector::Connector;
use crate::{Error, ErrorKind};
use patchgen_model::{Class, Patch, line_start};
use std::io::{ErrorKind as IoErrorKind, Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// Pipes the script through psql, which starts in a database.
pub(crate) async fn run(
    connector: &Connector<'_>,
    database: &str,
    patch: &Patch<'_>,
) -> Result<(), Error> {
    let mut command = Command::new("psql");
    connector.configure(&mut command, database, patch.user())?;
    let mut child = command
        .args(["--no-psqlrc", "--quiet", "--no-password"])
        .args(["--set", "ON_ERROR_STOP=1", "--file", "-"])
        // Other messages repeat the text of the statement, in which a variable may have put a password.
        .args(["--set", "VERBOSITY=terse", "--set", "SHOW_CONTEXT=never"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| cannot_run(patch, error))?;
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let text = marked_text(patch);
    // Both at once, so that neither a long script nor long messages can block the other.
    let writer = thread::spawn(move || {
        // If psql stops early, its own messages say why.
        stdin.map(|mut stdin| stdin.write_all(text.as_bytes()))
    });
    let reader = thread::spawn(move || {
        let mut messages = Vec::new();
        if let Some(mut stderr) = stderr {
            let _ = stderr.read_to_end(&mut messages);
        }
        without_statements(&String::from_utf8_lossy(&messages))
    });
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) => tokio::time::sleep(Duration::from_millis(10)).await,
            Err(error) => return Err(cannot_run(patch, error)),
        }
    };
    let _ = writer.join();
    let messages = reader.join().unwrap_or_default();
    if status.success() {
        tracing::debug!(messages, "psql has ended");
        return Ok(());
    }
    Err(failed(patch, &messages))
}

fn cannot_run(patch: &Patch<'_>, error: std::io::Error) -> Error {
    let (message, help) = if error.kind() == IoErrorKind::NotFound {
        (
            format!("`{}` asks for psql, which is not installed", patch.file()),
            "install it (Debian and Ubuntu: `apt-get install postgresql-client`), or leave `script=psql` out",
        )
    } else {
        (
            format!("`{}`: psql cannot be run", patch.file()),
            "see the cause",
        )
    };
    Error::new(ErrorKind::Config, message)
        .with_help(help)
        .with_patch(patch)
        .with_source(error)
}

/// The error of a script that psql stopped, at the line that psql names.
fn failed(patch: &Patch<'_>, messages: &str) -> Error {
    let (line, message) = first_error(messages);
    let help = format!("{STOPPED}\npsql said: {}", last_lines(messages.trim(), 20));
    let mut error = Error::new(ErrorKind::Patch, message)
        .with_help(help)
        .with_patch(patch);
    if let Some(line) = line {
        let (location, excerpt) = locate(patch, offset_of(patch.text(), line));
        error = error.with_location(location, Some(excerpt));
    }
    error
}

/// The messages without the text of statements, which psql shows if the script changes `VERBOSITY` or `ECHO`.
fn without_statements(messages: &str) -> String {
    let mut kept = String::with_capacity(messages.len());
    let mut is_kept = true;
    for line in messages.lines() {
        let begins = line.starts_with("psql:");
        // A message ends where the next begins: what follows the text of a statement may be more of it.
        is_kept = (is_kept || begins) && !shows_statement(line);
        if is_kept {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// `true` if a line is the first of those that show the text of a statement.
fn shows_statement(line: &str) -> bool {
    let line = line.trim_start_matches("psql:<stdin>:");
    let line = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':' || c == ' ');
    let is_excerpt = line
        .strip_prefix("LINE ")
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let labels = ["STATEMENT:", "QUERY:", "CONTEXT:", "DETAIL:"];
    is_excerpt || line.trim() == "^" || labels.iter().any(|label| line.starts_with(label))
}

/// The first error, and the line at which psql met it: the last one of a statement.
fn first_error(messages: &str) -> (Option<usize>, String) {
    for line in messages.lines() {
        let Some(rest) = line.strip_prefix("psql:<stdin>:") else {
            continue;
        };
        let Some((number, message)) = rest.split_once(": ") else {
            continue;
        };
        let message = message.trim_start();
        let server = message
            .strip_prefix("ERROR:")
            .or_else(|| message.strip_prefix("FATAL:"));
        let own = message
            .strip_prefix("error:")
            .or_else(|| message.strip_prefix("fatal:"));
        if let Some(message) = server.or(own) {
            let message = without_position(message.trim());
            return (number.parse().ok(), message.to_owned());
        }
    }
    let last = messages.lines().rfind(|line| !line.trim().is_empty());
    (
        None,
        last.unwrap_or("psql failed and said nothing").to_owned(),
    )
}

/// A terse message without its end ` at character 8`: a position in the statement as psql sent it.
fn without_position(message: &str) -> &str {
    match message.rsplit_once(" at character ") {
        Some((before, number)) if number.parse::<u32>().is_ok() => before,
        _ => message,
    }
}

/// The byte of the first word of a line.
fn offset_of(text: &str, line: usize) -> usize {
    let start = line_start(text, line).unwrap_or(text.len());
    let rest = &text[start..];
    start + (rest.len() - rest.trim_start_matches([' ', '\t']).len())
}

/// The text of a script in which the databases that it creates get the mark of an unfinished database.
///
/// The rest of the text and its lines stay as they are; so does a limit that is a psql variable.
fn marked_text(patch: &Patch<'_>) -> String {
    let text = patch.text();
    let mut marked = String::with_capacity(text.len());
    let mut from = 0;
    for statement in statements(patch) {
        let Some(limit) = statement
            .limit
            .filter(|_| statement.class == Class::CreateDatabase)
        else {
            continue;
        };
        if let Some(mark) = marked_limit(limit.of(text)) {
            marked.push_str(&text[from..limit.start as usize]);
            marked.push_str(&mark);
            from = limit.end as usize;
        }
    }
    marked + &text[from..]
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_and_its_line_are_found() {
        for (messages, line, message) in [
            (
                "psql:<stdin>:2: NOTICE:  x\npsql:<stdin>:7: ERROR:  relation \"a\" does not exist\nLINE 1: x\n",
                Some(7),
                "relation \"a\" does not exist",
            ),
            (
                "psql:<stdin>:7: ERROR:  relation \"a\" does not exist at character 15\n",
                Some(7),
                "relation \"a\" does not exist",
            ),
            (
                "psql:<stdin>:3: error: unterminated quoted string\n",
                Some(3),
                "unterminated quoted string",
            ),
            (
                "psql: error: connection failed\n",
                None,
                "psql: error: connection failed",
            ),
            ("", None, "psql failed and said nothing"),
        ] {
            assert_eq!(first_error(messages), (line, message.to_owned()));
        }
        assert_eq!(offset_of("a\n  b\nc", 2), 4);
    }

    #[test]
    fn the_text_of_statements_is_left_out() {
        let messages = "psql:<stdin>:2: NOTICE:  one\nand its second line\n\
                        psql:<stdin>:7: ERROR:  42601: wrong\nLINE 1: SELECT 'secret'\n                ^\nsecret\n\
                        LOCATION:  x\npsql:<stdin>:7: STATEMENT:  SELECT\n'secret'\npsql:<stdin>:8: ERROR:  next\n";
        assert_eq!(
            without_statements(messages),
            "psql:<stdin>:2: NOTICE:  one\nand its second line\npsql:<stdin>:7: ERROR:  42601: wrong\n\
             psql:<stdin>:8: ERROR:  next\n"
        );
    }
}
