//! The runtime brings no parser and no macro machinery into the user's program.

use std::path::Path;
use std::process::Command;

fn tree(extra: &[&str]) -> Vec<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let output = Command::new(cargo)
        .args(["tree", "--offline", "--package", "patchgen-runtime"])
        // Procedural macros run in the compiler and are not part of the program.
        .args([
            "--edges",
            "normal,no-proc-macro",
            "--prefix",
            "none",
            "--manifest-path",
        ])
        .arg(manifest)
        .args(extra)
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| Some(line.split_whitespace().next()?.to_owned()))
        .collect()
}

#[test]
fn no_parser_reaches_the_program() {
    let packages = tree(&[]);
    assert_eq!(packages[0], "patchgen-runtime");
    let strangers: Vec<&String> = packages
        .iter()
        .filter(|name| {
            ["syn", "quote", "proc-macro2", "glob", "patchgen"].contains(&name.as_str())
                || name.starts_with("squawk")
        })
        .collect();
    assert!(strangers.is_empty(), "{strangers:?}");
}

/// The driver digests passwords for SCRAM; the runtime itself digests nothing, since checksums are made at build.
#[test]
fn the_runtime_digests_nothing_itself() {
    let direct = tree(&["--depth", "1"]);
    assert!(
        !direct.iter().any(|name| name == "sha2" || name == "digest"),
        "{direct:?}"
    );
}
