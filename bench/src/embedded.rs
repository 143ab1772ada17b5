//! A program that carries patches: this program, started again.

use anyhow::{Context, Result, ensure};
use patchgen_runtime::{Config, PatchSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// First argument of this program when it is started again.
pub const WORD: &str = "apply-embedded";

/// Checks and encodes the patches of a folder as a build does. Returns the length of their text in bytes.
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

/// Returns the command of a program that applies the encoded patches of a folder.
pub fn command(folder: &Path, conninfo: &str) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(WORD).arg(folder).arg(conninfo);
    Ok(command)
}

/// Applies the encoded patches of a folder, and prints the peak memory of this process in KiB.
pub fn apply(folder: &Path, conninfo: &str) -> Result<()> {
    let text = fs::read_to_string(folder.join("text"))?;
    let index = fs::read(folder.join("index"))?;
    let set = PatchSet::decode(&text, &index)?;
    patchgen_runtime::apply(&set, &Config::new().conninfo(conninfo))?;
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|peak| peak.trim().strip_suffix(" kB"));
    println!("{}", peak.context("there is no VmHWM")?);
    Ok(())
}

/// Returns the peak memory in KiB that the program printed.
pub fn peak(output: &Output) -> Result<usize> {
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(std::str::from_utf8(&output.stdout)?.trim().parse()?)
}
