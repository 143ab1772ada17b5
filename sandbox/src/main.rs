//! Runs a throwaway PostgreSQL until its standard input ends.
//!
//! Prints three lines: the URL, the process id of the server, and its data folder.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use patchgen_sandbox::{Error, SUPERUSER, Server};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            if let Some(help) = error.help() {
                let _ = writeln!(io::stderr(), "help: {help}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Error> {
    let server = Server::throwaway()?;
    let _ = writeln!(
        io::stdout(),
        "{}\n{}\n{}",
        server.url(SUPERUSER, SUPERUSER),
        server.pid().unwrap_or_default(),
        server.data_dir().display()
    );
    let _ = io::stdin().read_to_end(&mut Vec::new());
    Ok(())
}
