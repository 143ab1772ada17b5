//! Many programs that start at once on an empty server, compared with a single one.

use crate::{embedded, median};
use anyhow::Result;
use patchgen_sandbox::{Durability, Options, SUPERUSER, Server};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const TRIES: usize = 7;
const PATCHES: usize = 100;
const STARTERS: usize = 16;

pub fn compare() -> Result<()> {
    println!(
        "\n{STARTERS} programs at once on an empty server, {PATCHES} patches, to the end of the last"
    );
    let folder = tempfile::tempdir()?;
    for number in 0..PATCHES {
        let name = match number {
            0 => "shop.00000000.0000.postgres.baseline.sql".to_owned(),
            _ => format!("shop.20240101.{number:04}.postgres.change.sql"),
        };
        fs::write(folder.path().join(name), sql(number))?;
    }
    embedded::encode(folder.path())?;
    for (durability, what) in [
        (Durability::On, "as installed"),
        (Durability::Off, "without fsync"),
    ] {
        let server = Options::new().durability(durability).throwaway()?;
        let (mut alone, mut together) = (Vec::new(), Vec::new());
        for _ in 0..TRIES {
            alone.push(start(&server, folder.path(), 1)?);
            together.push(start(&server, folder.path(), STARTERS)?);
        }
        let (alone, together) = (median(alone), median(together));
        println!(
            "  a server {what:<14} one {alone:6.3} s   {STARTERS} {together:6.3} s (x{:.2})",
            together / alone
        );
    }
    Ok(())
}

/// Starts `count` programs and returns the time until all have ended. Leaves the server empty.
fn start(server: &Server, folder: &Path, count: usize) -> Result<Duration> {
    server.psql("postgres", "CHECKPOINT")?;
    let conninfo = server.conninfo("postgres", SUPERUSER);
    let began = Instant::now();
    let running: Vec<Child> = (0..count)
        .map(|_| {
            let mut command = embedded::command(folder, &conninfo)?;
            Ok(command
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()?)
        })
        .collect::<Result<_>>()?;
    for child in running {
        embedded::peak(&child.wait_with_output()?)?;
    }
    let took = began.elapsed();
    for database in ["shop", "patches"] {
        server.psql("postgres", &format!("DROP DATABASE {database}"))?;
    }
    server.psql("postgres", "DROP ROLE patches")?;
    Ok(took)
}

/// Returns a small patch.
fn sql(number: usize) -> String {
    let mut sql =
        format!("CREATE TABLE item_{number} (id bigint PRIMARY KEY, name text NOT NULL);\n");
    for row in 0..3 {
        let _ = writeln!(
            sql,
            "INSERT INTO item_{number} VALUES ({row}, 'item {row}');"
        );
    }
    sql
}
