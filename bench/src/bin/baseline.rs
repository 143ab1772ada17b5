//! A large dump as the baseline, beside `psql -f`: time of both, and the memory of ours beside the size of the text.
//!
//! `cargo run --release --bin baseline [MEGABYTES]`; without a number 200.

use anyhow::{Context, Result, ensure};
use patchgen_runtime::{Config, PatchSet};
use patchgen_sandbox::{SUPERUSER, Server};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const TRIES: usize = 5;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [word, folder, conninfo] if word == "apply" => apply(Path::new(folder), conninfo),
        [] => compare(200),
        [megabytes] => compare(megabytes.parse().context("not a number of megabytes")?),
        _ => anyhow::bail!("usage: baseline [MEGABYTES]"),
    }
}

/// What a program does that has the dump embedded; its memory is that of this process.
fn apply(folder: &Path, conninfo: &str) -> Result<()> {
    let text = fs::read_to_string(folder.join("text"))?;
    let index = fs::read(folder.join("index"))?;
    let set = PatchSet::decode(&text, &index)?;
    patchgen_runtime::apply(&set, &Config::new().conninfo(conninfo))?;
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|peak| peak.trim().strip_suffix(" kB"));
    println!("{}", peak.context("no peak is told")?);
    Ok(())
}

fn compare(megabytes: usize) -> Result<()> {
    let server = Server::throwaway()?;
    let folder = tempfile::tempdir()?;
    let dump = folder.path().join("large.00000000.0000.postgres.dump.sql");
    make_dump(&server, megabytes, &dump)?;
    let output = patchgen::Build::new()
        .without_lock_file()
        .base(folder.path())
        .patches("*.sql")
        .run()
        .map_err(|faults| anyhow::anyhow!("{faults}"))?;
    let encoded = output.encoded();
    let size = encoded.text.len() / 1024;
    fs::write(folder.path().join("text"), &encoded.text)?;
    fs::write(folder.path().join("index"), &encoded.index)?;
    drop(output);

    let (mut ours, mut theirs, mut peak) = (Vec::new(), Vec::new(), 0);
    for _ in 0..TRIES {
        let began = Instant::now();
        let said = Command::new(std::env::current_exe()?)
            .arg("apply")
            .arg(folder.path())
            .arg(server.conninfo("postgres", SUPERUSER))
            .output()?;
        ours.push(began.elapsed());
        ensure!(
            said.status.success(),
            "{}",
            String::from_utf8_lossy(&said.stderr)
        );
        peak = peak.max(String::from_utf8(said.stdout)?.trim().parse::<usize>()?);
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
    // About 100 bytes a row.
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

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64()
}
