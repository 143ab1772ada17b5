use patchgen::sql::{Piece, PieceKind, split};
use patchgen_sandbox::{Options, SUPERUSER, Server};
use patchgen_tests::connect;
use postgres::error::SqlState;
use std::path::{Path, PathBuf};
use std::process::Command;

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../patchgen/tests/corpus");

/// Prefix of each entry in the server's log.
const MARK: &str = "@entry@";

fn logging_server() -> Server {
    Options::new()
        .setting("log_statement", "all")
        .setting("log_line_prefix", MARK)
        .throwaway()
        .unwrap()
}

/// Returns the psql of the server's version, or the one on `PATH` if that version has none.
fn psql(server: &Server) -> Command {
    let own = server.binaries().dir().join("psql");
    let mut command = Command::new(if own.is_file() { own } else { "psql".into() });
    command
        .env("PGCLIENTENCODING", "UTF8")
        .args(["--no-psqlrc", "--quiet", "--output=/dev/null"])
        .args(["--username", SUPERUSER, "--dbname", "postgres"])
        .args(["--port", &server.port().to_string(), "--host"])
        .arg(server.socket_dir());
    command
}

/// Runs a file with psql and returns the statements that the server received.
fn logged(server: &Server, file: &Path) -> Vec<String> {
    let before = server.log().len();
    let output = psql(server).arg("--file").arg(file).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let log = server.log();
    log[before..]
        .split(MARK)
        .filter_map(|entry| entry.strip_prefix("LOG:  statement: "))
        // Further lines of an entry are indented by a tab.
        .map(|entry| entry.trim_end().replace("\n\t", "\n"))
        // psql sends empty statements too.
        .filter(|statement| !is_space(statement))
        .collect()
}

/// Returns the statements that the build finds, in messages as psql sends them: `\;` joins statements to one message.
fn ours(text: &str) -> Vec<String> {
    let whole = split(text);
    assert_eq!(whole.faults, []);
    let mut messages: Vec<String> = Vec::new();
    let mut is_joined = false;
    let part = |piece: &Piece| &text[piece.range.clone()];
    for piece in &whole.pieces {
        match piece.kind {
            PieceKind::Statement => match messages.last_mut() {
                Some(last) if is_joined => last.push_str(part(piece)),
                _ => messages.push(part(piece).to_owned()),
            },
            PieceKind::Space => {
                if let Some((before, behind)) = part(piece).rsplit_once("\\;") {
                    let last = messages.last_mut().unwrap();
                    last.push_str(&before.replace("\\;", ";"));
                    last.push(';');
                    is_joined = !behind.contains(';');
                    if is_joined {
                        last.push_str(behind);
                    }
                    continue;
                }
            }
            _ => {}
        }
        is_joined = false;
    }
    messages
}

/// Removes empty lines, because psql leaves out those outside quotes.
fn without_empty_lines(text: &str) -> String {
    let lines = text.split('\n').filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns whether the text consists of comments, space and semicolons.
fn is_space(mut text: &str) -> bool {
    loop {
        text = text.trim_start_matches(|c: char| c.is_whitespace() || c == ';');
        if let Some(comment) = text.strip_prefix("--") {
            text = comment.split_once('\n').map_or("", |(_, rest)| rest);
        } else if let Some(comment) = text.strip_prefix("/*") {
            let mut depth = 1;
            text = comment;
            while depth > 0 {
                let open = text.find("/*").unwrap_or(usize::MAX);
                let close = text.find("*/").unwrap();
                depth = if open < close { depth + 1 } else { depth - 1 };
                text = &text[open.min(close) + 2..];
            }
        } else {
            return text.is_empty();
        }
    }
}

fn assert_same(file: &Path, ours: &[String], logged: &[String]) {
    for (at, (our, their)) in ours.iter().zip(logged).enumerate() {
        let (our, their) = (without_empty_lines(our), without_empty_lines(their));
        let around = their.split_once(our.as_str());
        assert!(
            around.is_some_and(|(before, behind)| is_space(before) && is_space(behind)),
            "{} statement {at}\nours: {our}\npsql: {their}",
            file.display()
        );
    }
    assert_eq!(ours.len(), logged.len(), "{}", file.display());
}

#[test]
fn statements_are_those_that_psql_sends() {
    let server = logging_server();
    let major = server.binaries().major().unwrap();
    let folder = Path::new(CORPUS);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder.join("split"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    // A server logs only statements that it can parse. `BEGIN ATOMIC` needs version 14.
    files.retain(|file| major >= 14 || !file.ends_with("bodies.sql"));
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        assert_same(&file, &ours(&text), &logged(&server, &file));
    }
}

/// Statements without an error in the build have no syntax error on the server.
#[test]
fn valid_statements_are_valid() {
    let server = logging_server();
    let major = server.binaries().major().unwrap();
    if major >= 15 {
        let file = Path::new(CORPUS).join("valid.sql");
        let text = std::fs::read_to_string(&file).unwrap();
        assert_same(&file, &ours(&text), &logged(&server, &file));
        assert_eq!(server.log().matches("ERROR:  ").count(), 0);
    }
    if major >= 18 {
        let text = std::fs::read_to_string(Path::new(CORPUS).join("newer.sql")).unwrap();
        let mut client = connect(&server, "postgres");
        for statement in ours(&text) {
            // Tables and modules may be missing, but the server understands the statement.
            if let Err(error) = client.simple_query(&statement) {
                let code = error.code().unwrap();
                assert_ne!(*code, SqlState::SYNTAX_ERROR, "{statement}: {error}");
            }
        }
    }
}

#[test]
fn large_files_are_split_in_the_same_way() {
    let server = logging_server();
    let folder = tempfile::tempdir().unwrap();
    let long = format!("select length('{}');select 2;", "ä;".repeat(1_700_000));
    let many: String = (0..5_000)
        .map(|number| format!("select '{number};'; "))
        .collect();
    for text in [long, many.clone(), many.replace("; ", ";\n")] {
        let file = folder.path().join("large.sql");
        std::fs::write(&file, &text).unwrap();
        assert_same(&file, &ours(&text), &logged(&server, &file));
    }
}

/// Statements that psql 15 splits wrongly: the server accepts each one that the build finds.
#[test]
fn statements_that_psql_splits_wrongly_are_valid_on_the_server() {
    let server = logging_server();
    if server.binaries().major().unwrap() < 14 {
        return;
    }
    let text = "create function begin() returns int language sql as 'select 1';\n\
        create function \"end\"() returns int begin atomic select begin() as end; select 2; end;\n\
        select E'a'\n  '\\';' as two; select begin();\n\
        set standard_conforming_strings = off; select '\\';' as same_line;";
    let mut client = connect(&server, "postgres");
    let statements = ours(text);
    assert_eq!(statements.len(), 6);
    for statement in statements {
        client
            .simple_query(&statement)
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

/// Errors of the build have the same line and column as the server's.
#[test]
fn errors_have_the_position_that_the_server_reports() {
    let server = logging_server();
    // `MERGE` needs version 15.
    if server.binaries().major().unwrap() < 15 {
        return;
    }
    let mut client = connect(&server, "postgres");
    let corpus = std::fs::read_to_string(Path::new(CORPUS).join("wrong.sql")).unwrap();
    let mut checked = 0;
    for block in corpus.split("--! ").skip(1) {
        let (heading, text) = block.split_once('\n').unwrap();
        let (place, text) = match text.strip_prefix("--= ") {
            Some(rest) => rest.split_once('\n').unwrap(),
            None => (heading.split(' ').next().unwrap(), text),
        };
        let error = client.simple_query(text).expect_err(text);
        let error = error.as_db_error().unwrap();
        let Some(postgres::error::ErrorPosition::Original(position)) = error.position() else {
            panic!("{text}: no position in {error}");
        };
        let before: String = text.chars().take(*position as usize - 1).collect();
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        assert_eq!(format!("{line}:{column}"), place, "{text}: {error}");
        checked += 1;
    }
    assert!(checked > 80);
}
