//! The program that carries patches: this one, started again.

use anyhow::{Context, Result, ensure};
use patchgen_runtime::{Config, PatchSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// The word with which this program is started again.
pub const WORD: &str = "apply-embedded";

/// Checks and encodes the patches of a folder as a build would; gives the length of their text.
pub fn encode(folder: &Path) -> Result<usize> {
    let output = patchgen::Build::new()
        .without_lock_file()
        .base(folder)
        .patches("*.sql")
        .run()
        .map_err(|faults| anyhow::anyhow!("{faults}"))?;
    let encoded = output.encoded();
    fs::write(folder.join("text"), &encoded.text)?;
    fs::write(folder.join("index"), &encoded.index)?;
    Ok(encoded.text.len())
}

/// Starts a program that applies what was encoded in a folder.
pub fn command(folder: &Path, conninfo: &str) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(WORD).arg(folder).arg(conninfo);
    Ok(command)
}

/// What such a program does; its memory is that of this process, and told at the end, in KiB.
pub fn apply(folder: &Path, conninfo: &str) -> Result<()> {
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

/// The peak of its memory that such a program tells, in KiB.
pub fn peak(said: &Output) -> Result<usize> {
    ensure!(
        said.status.success(),
        "{}",
        String::from_utf8_lossy(&said.stderr)
    );
    Ok(std::str::from_utf8(&said.stdout)?.trim().parse()?)
}
