//! Costs of the build: edits, cold starts, release builds, size, clean builds.

use crate::median;
use crate::project::{Project, Tool};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const TRIES: usize = 5;

/// Measures builds after an edit of one file and without a change, the build script with an empty cache, and a release
/// build.
pub fn rebuilds(tools: &[Tool]) -> Result<()> {
    for count in [1_000, 10_000] {
        println!("\n{count} patches of 1 to 2 kB");
        let mut first = [0.0; 2];
        for &tool in tools {
            let project = Project::new(tool, count)?;
            project.cargo(&["build", "--quiet"])?;
            let edits = (0..TRIES).map(|number| {
                project.edit(count / 2 + number)?;
                project.cargo(&["build", "--quiet"])
            });
            let edit = median(edits.collect::<Result<_>>()?);
            project.cargo(&["build", "--quiet", "--release"])?;
            let releases = (0..3).map(|_| {
                project.touch("src/main.rs")?;
                project.cargo(&["build", "--quiet", "--release"])
            });
            let release = median(releases.collect::<Result<_>>()?);
            if tool == tools[0] {
                first = [edit, release];
            }
            println!(
                "  {:<18} one edit {edit:6.2} s (x{:.2})   release build of the crate {release:6.2} s (x{:.2})",
                tool.name(),
                edit / first[0],
                release / first[1]
            );
            if tool == Tool::Patchgen {
                let idle = median(
                    (0..TRIES)
                        .map(|_| project.cargo(&["build", "--quiet"]))
                        .collect::<Result<_>>()?,
                );
                let (cold, memory) = cold(&project)?;
                println!(
                    "  {:<18} nothing changed {idle:.2} s; script with nothing cached {cold:.2} s, {memory} MiB",
                    ""
                );
            }
        }
    }
    Ok(())
}

/// Runs the build script with an empty output folder. Returns seconds and peak memory in MiB.
fn cold(project: &Project) -> Result<(f64, u64)> {
    let script = newest_script(project)?;
    let out = project.folder.join("cold");
    let mut times = Vec::new();
    let mut memory = 0;
    for _ in 0..3 {
        if out.exists() {
            fs::remove_dir_all(&out)?;
        }
        fs::create_dir_all(&out)?;
        let began = Instant::now();
        let mut child = Command::new(&script)
            .current_dir(&project.folder)
            .env("OUT_DIR", &out)
            .env("CARGO_MANIFEST_DIR", &project.folder)
            .stdout(std::process::Stdio::null())
            .spawn()?;
        let status = format!("/proc/{}/status", child.id());
        while child.try_wait()?.is_none() {
            memory = memory.max(peak(&status).unwrap_or(0));
            std::thread::sleep(Duration::from_millis(2));
        }
        times.push(began.elapsed());
    }
    Ok((median(times), memory / 1024))
}

/// Returns `VmHWM` in KiB.
fn peak(status: &str) -> Option<u64> {
    let status = fs::read_to_string(status).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn newest_script(project: &Project) -> Result<PathBuf> {
    let name = project
        .folder
        .file_name()
        .context("the folder has a name")?
        .to_string_lossy()
        .replace('_', "-");
    let mut found = Vec::new();
    for entry in fs::read_dir(project.target.join("debug/build"))? {
        let entry = entry?;
        let script = entry.path().join("build-script-build");
        if entry
            .file_name()
            .to_string_lossy()
            .starts_with(&format!("bench-{name}-"))
            && script.exists()
        {
            found.push((fs::metadata(&script)?.modified()?, script));
        }
    }
    Ok(found
        .into_iter()
        .max()
        .context("the build script was built")?
        .1)
}

/// Compares the bytes that embedded patches add to a stripped program with the length of their text.
pub fn size() -> Result<()> {
    let mut sizes = Vec::new();
    for count in [1, 10_000] {
        let project = Project::new(Tool::Patchgen, count)?;
        project.cargo(&["build", "--quiet", "--release"])?;
        let stripped = project.folder.join("stripped");
        let status = Command::new("strip")
            .arg("-o")
            .arg(&stripped)
            .arg(project.program("release")?)
            .status()?;
        anyhow::ensure!(status.success(), "strip failed");
        let text: u64 = fs::read_dir(project.folder.join("migrations"))?
            .map(|entry| Ok(entry?.metadata()?.len()))
            .sum::<std::io::Result<u64>>()?;
        sizes.push((fs::metadata(&stripped)?.len(), text));
    }
    let (added, text) = (sizes[1].0 - sizes[0].0, sizes[1].1 - sizes[0].1);
    println!(
        "\n10,000 patches add {added} bytes to the stripped program: x{:.3} of their text",
        added as f64 / text as f64
    );
    Ok(())
}

/// Measures clean builds: of the build dependency, of it without its parser, and of a whole project.
pub fn clean(tools: &[Tool]) -> Result<()> {
    println!("\nclean builds");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("the bench has a parent")?;
    let target = root.join("bench/target/scratch/clean");
    let build = |arguments: &[&str], folder: &Path| -> Result<f64> {
        if target.exists() {
            fs::remove_dir_all(&target)?;
        }
        let began = Instant::now();
        let output = Command::new("cargo")
            .args(arguments)
            .current_dir(folder)
            .env("CARGO_TARGET_DIR", &target)
            // Cargo compiles crates of a path incrementally, but never those of a registry.
            .env("CARGO_INCREMENTAL", "0")
            .output()?;
        anyhow::ensure!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(began.elapsed().as_secs_f64())
    };
    println!(
        "  patchgen                      {:6.1} s",
        build(&["build", "-q", "-p", "patchgen"], root)?
    );
    let bare = ["build", "-q", "-p", "patchgen", "--no-default-features"];
    println!(
        "  patchgen without its parser   {:6.1} s",
        build(&bare, root)?
    );
    for &tool in tools {
        let project = Project::new(tool, 10)?;
        project.cargo(&["fetch", "-q"])?;
        println!(
            "  a whole tree with {:<18} {:6.1} s",
            tool.name(),
            build(&["build", "-q"], &project.folder)?
        );
    }
    Ok(())
}
