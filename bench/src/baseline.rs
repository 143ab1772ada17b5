//! A large dump as the baseline, compared with `psql -f`: the time of both, and our peak memory compared with the size of
//! the text.

use crate::{embedded, median};
use anyhow::{Result, ensure};
use patchgen_sandbox::{SUPERUSER, Server};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

const TRIES: usize = 5;

pub fn compare(megabytes: usize) -> Result<()> {
    let server = Server::throwaway()?;
    let folder = tempfile::tempdir()?;
    let dump = folder.path().join("large.00000000.0000.postgres.dump.sql");
    make_dump(&server, megabytes, &dump)?;
    let size = embedded::encode(folder.path())? / 1024;

    let (mut ours, mut theirs, mut peak) = (Vec::new(), Vec::new(), 0);
    for _ in 0..TRIES {
        let began = Instant::now();
        let conninfo = server.conninfo("postgres", SUPERUSER);
        let output = embedded::command(folder.path(), &conninfo)?.output()?;
        ours.push(began.elapsed());
        peak = peak.max(embedded::peak(&output)?);
        for database in ["large", "patches"] {
            server.psql("postgres", &format!("DROP DATABASE {database}"))?;
        }
        server.psql("postgres", "CHECKPOINT")?;

        let began = Instant::now();
        server.psql("postgres", "CREATE DATABASE large")?;
        let psql = program(&server, "psql")
            .args([
                "-X",
                "-q",
                "-o",
                "/dev/null",
                "-v",
                "ON_ERROR_STOP=1",
                "-d",
                "large",
                "-f",
            ])
            .arg(&dump)
            .status()?;
        theirs.push(began.elapsed());
        ensure!(psql.success(), "psql failed");
        server.psql("postgres", "DROP DATABASE large")?;
        server.psql("postgres", "CHECKPOINT")?;
    }
    let (ours, theirs) = (median(ours), median(theirs));
    println!("baseline of {} MB", size / 1024);
    println!(
        "  patchgen {ours:6.2} s (x{:.2} of psql)   peak memory: the text and {} MB",
        ours / theirs,
        peak.saturating_sub(size) / 1024
    );
    println!("  psql -f  {theirs:6.2} s");
    Ok(())
}

fn make_dump(server: &Server, megabytes: usize, dump: &Path) -> Result<()> {
    server.psql("postgres", "CREATE DATABASE source")?;
    // A row has about 100 bytes.
    let rows = megabytes * 10_000;
    server.psql(
        "source",
        &format!(
            "CREATE TABLE a (id bigint PRIMARY KEY, hash text, text text, at timestamptz, number numeric); \
             CREATE TABLE b (LIKE a INCLUDING ALL); \
             INSERT INTO a SELECT n, md5(n::text), E'tab\\t and \\\\ ' || n, '2024-01-01'::timestamptz + n * '1 s'::interval, n / 7.0 \
             FROM generate_series(1, {0}) n; INSERT INTO b SELECT * FROM a",
            rows / 2
        ),
    )?;
    let done = program(server, "pg_dump")
        .args(["-d", "source", "-f"])
        .arg(dump)
        .status()?;
    ensure!(done.success(), "pg_dump failed");
    server.psql("postgres", "DROP DATABASE source")?;
    Ok(())
}

fn program(server: &Server, name: &str) -> Command {
    let mut command = Command::new(server.binaries().dir().join(name));
    command
        .args(["--username", SUPERUSER, "--host", "127.0.0.1", "--port"])
        .arg(server.port().to_string());
    command
}
