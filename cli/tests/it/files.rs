use crate::{json, patchgen, run};
use patchgen_tests::scratch_patches;
#[cfg(unix)]
use std::ffi::OsStr;
use std::fs;
#[cfg(unix)]
use std::process::Command;

#[test]
fn check_reports_all_errors_with_their_positions() {
    let folder = scratch_patches(&[
        (
            "patches/kennel.20240131.0001.postgres.good.sql",
            "SELECT 1;\n",
        ),
        ("patches/kennel.2024.0002.postgres.short.sql", "SELECT 1;\n"),
        (
            "patches/kennel.20240131.0003.postgres.text.sql",
            "SELECT 1;\n\nSELECT 'open;\n",
        ),
    ]);
    let outcome = patchgen(folder.path(), &["check", "--format", "json"]);
    outcome.assert_code(1);
    let findings = json(&outcome);
    let place = |position: usize| {
        let finding = &findings[position];
        assert_eq!(finding["severity"], "error");
        (
            finding["file"].as_str().unwrap(),
            finding["line"].as_u64(),
            finding["column"].as_u64(),
        )
    };
    assert_eq!(
        place(0),
        ("patches/kennel.2024.0002.postgres.short.sql", None, None)
    );
    assert_eq!(
        place(1),
        (
            "patches/kennel.20240131.0003.postgres.text.sql",
            Some(3),
            Some(8)
        )
    );
    assert_eq!(findings.as_array().unwrap().len(), 2);

    let outcome = patchgen(folder.path(), &["check"]);
    outcome.assert_code(1);
    assert!(outcome.stdout.is_empty(), "{outcome:#?}");
    assert!(
        outcome
            .stderr
            .contains("--> patches/kennel.20240131.0003.postgres.text.sql:3:8\n")
    );
}

#[test]
fn a_glob_a_list_and_a_folder_mean_the_same() {
    let folder = scratch_patches(&[
        ("hund[1]/kennel.20240131.0001.postgres.a.sql", "SELECT 1;\n"),
        (
            "hund[1]/deeper/kennel.20240131.0002.postgres.b.sql",
            "SELECT 1;\n",
        ),
    ]);
    let files = [
        "./hund[1]/kennel.20240131.0001.postgres.a.sql",
        "./hund[1]/deeper/kennel.20240131.0002.postgres.b.sql",
    ];
    for globs in [&["hund*/**/*.sql"][..], &files, &["./hund[1]"]] {
        let outcome = patchgen(folder.path(), &[&["check"], globs].concat());
        outcome.assert_code(0);
        assert_eq!(outcome.stdout, "2 patches checked: all well\n", "{globs:?}");
    }
    let outcome = patchgen(folder.path(), &["check", "nowhere/*.sql"]);
    outcome.assert_code(1);
}

#[test]
fn a_rule_can_be_made_an_error_or_left_out() {
    let folder = scratch_patches(&[(
        "patches/kennel.20240131.0001.postgres.a.sql",
        "-- nothing\n",
    )]);
    for (more, expected, warnings) in [
        (&[][..], 0, "1 patch checked: 1 warning\n"),
        (
            &["--allow", "empty-patch"],
            0,
            "1 patch checked: all well\n",
        ),
        (&["--deny", "empty-patch"], 1, ""),
        (&["--deny", "no-such-rule"], 1, ""),
    ] {
        let outcome = patchgen(folder.path(), &[&["check"], more].concat());
        outcome.assert_code(expected);
        assert_eq!(outcome.stdout, warnings, "{outcome:#?}");
    }
}

#[test]
fn a_blank_file_is_an_error_in_every_command() {
    let file = "patches/kennel.20240131.0001.postgres.a.sql";
    for text in ["", " \n\t\r\n", "\u{feff}", "\u{feff}\n"] {
        let folder = scratch_patches(&[(file, text)]);
        for command in [
            &["check"][..],
            &["check", "--allow", "empty-patch"],
            &["lock"],
            // The files are read before any server is asked.
            &["apply", "--conninfo", "host=/nowhere"],
        ] {
            let outcome = patchgen(folder.path(), command);
            outcome.assert_code(1);
            let expected = format!(
                "error[blank-patch]: the file is blank\n  --> {file}\nhelp: write the patch"
            );
            assert!(outcome.stderr.starts_with(&expected), "{outcome:#?}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_lock_file_that_is_a_fifo_is_an_error() {
    let folder = scratch_patches(&[("patches/kennel.20240131.0001.postgres.a.sql", "SELECT 1;\n")]);
    let fifo = folder.path().join("patches.lock");
    assert!(Command::new("mkfifo").arg(fifo).status().unwrap().success());
    for command in [&["check"][..], &["lock", "--check"], &["lock"]] {
        let outcome = patchgen(folder.path(), command);
        outcome.assert_code(1);
        for part in ["patches.lock", "is a FIFO, not a regular file"] {
            assert!(outcome.stderr.contains(part), "{outcome:#?}");
        }
    }
}

#[test]
fn a_folder_with_the_name_of_a_patch_is_an_error() {
    let file = "patches/kennel.20240131.0001.postgres.a.sql/kennel.20240131.0002.postgres.b.sql";
    let folder = scratch_patches(&[(file, "SELECT 1;\n")]);
    let outcome = patchgen(folder.path(), &["check"]);
    outcome.assert_code(1);
    let expected = "error[unreadable]: is a folder, not a regular file\n  --> patches/kennel.20240131.0001.postgres.a.sql\n";
    assert!(outcome.stderr.starts_with(expected), "{outcome:#?}");
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf_8_is_an_error() {
    use std::os::unix::ffi::OsStrExt;
    let folder = scratch_patches(&[("patches/kennel.20240131.0001.postgres.a.sql", "SELECT 1;\n")]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_patchgen"));
    command.current_dir(folder.path()).arg("check");
    command.env("PATCHGEN_LOCKED", OsStr::from_bytes(b"\xff"));
    let output = command.output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    let expected = "error[setting]: the environment variable `PATCHGEN_LOCKED` is not UTF-8\n";
    assert!(errors.starts_with(expected), "{errors}");
}

#[test]
fn every_rule_is_explained() {
    let folder = scratch_patches(&[]);
    let outcome = patchgen(folder.path(), &["check", "--explain", "renaming-column"]);
    outcome.assert_code(0);
    for part in ["renaming-column (warns by default)", "why: ", "instead: "] {
        assert!(outcome.stdout.contains(part), "{outcome:#?}");
    }
    let all = ["check", "--explain", "all", "--format", "json"];
    let outcome = patchgen(folder.path(), &all);
    let rules: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    for rule in rules.as_array().unwrap() {
        assert_ne!(rule["why"], "", "{rule}");
        assert_ne!(rule["instead"], "", "{rule}");
    }
    patchgen(folder.path(), &["check", "--explain", "x"]).assert_code(1);
}

#[test]
fn a_sealed_patch_cannot_change() {
    let folder = scratch_patches(&[("patches/kennel.20240131.0001.postgres.a.sql", "SELECT 1;\n")]);
    let run = |arguments: &[&str]| patchgen(folder.path(), arguments);
    run(&["lock", "--check"]).assert_code(1);
    run(&["lock"]).assert_code(0);
    run(&["lock", "--check"]).assert_code(0);
    let new = "patches/kennel.20240131.0002.postgres.b.sql";
    fs::write(folder.path().join(new), "SELECT 2;\n").unwrap();
    run(&["check"]).assert_code(0);
    run(&["check", "--locked"]).assert_code(1);
    let outcome = run(&["lock", "--format", "json"]);
    assert_eq!(
        (&json(&outcome)["patches"], &json(&outcome)["changed"]),
        (&2.into(), &true.into())
    );
    fs::write(folder.path().join(new), "SELECT 3;\n").unwrap();
    let outcome = run(&["check"]);
    outcome.assert_code(1);
    assert!(outcome.stderr.contains(new), "{outcome:#?}");
    let outcome = run(&["lock"]);
    outcome.assert_code(0);
    let told = "a seal was broken: kennel.20240131.0002 is sealed, and was edited since";
    assert!(outcome.stdout.contains(told), "{outcome:#?}");
}

#[test]
fn a_new_patch_comes_after_all_others() {
    let folder = scratch_patches(&[(
        "patches/module/kennel.99990131.0007.postgres.a.sql",
        "SELECT 1;\n",
    )]);
    let outcome = patchgen(
        folder.path(),
        &[
            "new",
            "kennel",
            "add  breed",
            "--user",
            "dog",
            "--kind",
            "concurrent",
        ],
    );
    outcome.assert_code(0);
    let file = "patches/module/kennel.99990131.0008.dog.add_breed.sql";
    assert_eq!(outcome.stdout, format!("{file}\n"));
    let text = fs::read_to_string(folder.path().join(file)).unwrap();
    assert!(text.starts_with("-- patch: kind=concurrent\n"));
    patchgen(folder.path(), &["check"]).assert_code(0);

    let outcome = patchgen(folder.path(), &["new", "1kennel", "x"]);
    outcome.assert_code(1);
    assert!(outcome.stderr.contains("help:"), "{outcome:#?}");
    patchgen(folder.path(), &["new", "kennel"]).assert_code(2);
}

#[test]
fn cargo_patchgen_is_the_same_program() {
    let folder = scratch_patches(&[("patches/kennel.20240131.0001.postgres.a.sql", "SELECT 1;\n")]);
    let cargo_patchgen = env!("CARGO_BIN_EXE_cargo-patchgen");
    for arguments in [&["patchgen", "check"][..], &["check"]] {
        let outcome = run(cargo_patchgen, folder.path(), arguments);
        outcome.assert_code(0);
        assert_eq!(outcome.stdout, "1 patch checked: all well\n");
    }
}
