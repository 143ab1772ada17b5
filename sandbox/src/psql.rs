use std::fs::File;
use std::io::{Seek, Write};
use std::process::{Command, Stdio};

use crate::error::{Error, excerpt};
use crate::options::{Auth, SUPERUSER};
use crate::server::Server;

impl Server {
    /// Runs a psql script as the superuser. Returns its output: columns separated by `|`, no headers, no final newline.
    ///
    /// # Errors
    /// A statement failed, or there is no psql program.
    pub fn psql(&self, database: &str, script: &str) -> Result<String, Error> {
        run(self, database, script)
    }
}

fn run(server: &Server, database: &str, script: &str) -> Result<String, Error> {
    // Prefers the versioned program: the one on PATH is often a wrapper that takes longer than the query.
    let versioned = server.binaries().dir().join("psql");
    let program = if versioned.is_file() {
        versioned
    } else {
        "psql".into()
    };
    let mut command = Command::new(&program);
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"PG") {
            command.env_remove(name);
        }
    }
    if let Auth::Scram { password } = &server.options().auth {
        command.env("PGPASSWORD", password);
    }
    let output = command
        .env("PGCLIENTENCODING", "UTF8")
        .args(["--no-psqlrc", "--no-align", "--tuples-only", "--quiet"])
        .args(["--set", "ON_ERROR_STOP=1", "--username", SUPERUSER])
        .args(["--port", &server.port().to_string(), "--dbname", database])
        .arg("--host")
        .arg(server.socket_dir())
        .stdin(
            script_file(script)
                .map_err(|e| Error::new("cannot write a temporary file").with_source(e))?,
        )
        .output()
        .map_err(|e| Error::io("cannot run", &program, e))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(Error::new(format!(
            "psql failed: {}",
            stderr.lines().next().unwrap_or("it said nothing")
        ))
        .with_help(excerpt(&stderr)));
    }
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.truncate(text.trim_end_matches('\n').len());
    Ok(text)
}

/// Writes the script to a temporary file. With a pipe, a long script and a long output could block each other.
fn script_file(script: &str) -> std::io::Result<Stdio> {
    let mut file: File = tempfile::tempfile()?;
    file.write_all(script.as_bytes())?;
    file.rewind()?;
    Ok(file.into())
}
