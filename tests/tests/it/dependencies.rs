//! Dependencies of the runtime: no parser and no macro libraries.

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
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
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
    let unwanted: Vec<&String> = packages
        .iter()
        .filter(|name| {
            ["syn", "quote", "proc-macro2", "glob", "patchgen"].contains(&name.as_str())
                || name.starts_with("squawk")
        })
        .collect();
    assert!(unwanted.is_empty(), "{unwanted:?}");
}

/// The driver computes digests of passwords for SCRAM. The runtime computes none, because the build computes checksums.
#[test]
fn the_runtime_itself_computes_no_digests() {
    let direct = tree(&["--depth", "1"]);
    assert!(
        !direct.iter().any(|name| name == "sha2" || name == "digest"),
        "{direct:?}"
    );
}
