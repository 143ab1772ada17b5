use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::account::Account;
use crate::binaries::Binaries;
use crate::error::{Error, excerpt};
use crate::folder;
use crate::options::{Auth, Durability, Options, SUPERUSER};

/// The file with a sandbox's own settings. `postgresql.conf` includes it, and every start writes it again.
const SETTINGS_FILE: &str = "sandbox.conf";

/// The fixed arguments of `initdb`. A template's key depends on them.
pub(crate) const INITDB_ARGUMENTS: [&str; 4] = [
    "--username=postgres",
    "--encoding=UTF8",
    "--locale=C",
    // Small segments make small copies.
    "--wal-segsize=1",
];

/// Creates a data folder, which must not exist yet.
pub(crate) fn initdb(
    account: &Account,
    binaries: &Binaries,
    auth: &Auth,
    durability: Durability,
    data: &Path,
) -> Result<(), Error> {
    folder::create_private(account, data)?;
    let program = binaries.program("initdb");
    let mut command = account.command(&program);
    command.args(INITDB_ARGUMENTS).arg("-D").arg(data);
    if durability == Durability::Off {
        command.arg("--no-sync");
    }
    command.args(["--auth", hba_method(auth)]);
    let password_file = data.with_extension("password");
    if let Auth::Scram { password } = auth {
        write_file(account, &password_file, password.as_bytes())?;
        command.arg("--pwfile").arg(&password_file);
    }
    let outcome = run(&mut command, &program);
    let _ = fs::remove_file(&password_file);
    outcome?;
    let conf = data.join("postgresql.conf");
    let mut text = fs::read_to_string(&conf).map_err(|e| Error::io("cannot read", &conf, e))?;
    let _ = writeln!(text, "\ninclude_if_exists = '{SETTINGS_FILE}'");
    write_file(account, &conf, text.as_bytes())
}

/// Writes `pg_hba.conf` and the files of the options into a data folder.
pub(crate) fn configure(account: &Account, options: &Options, data: &Path) -> Result<(), Error> {
    let method = hba_method(&options.auth);
    let mut hba = options.hba.join("\n");
    for database in ["all", "replication"] {
        let _ = write!(
            hba,
            "\nlocal {database} all {method}\nhost {database} all 127.0.0.1/32 {method}\n"
        );
    }
    write_file(account, &data.join("pg_hba.conf"), hba.as_bytes())?;
    for (name, contents) in &options.files {
        write_file(account, &data.join(name), contents)?;
    }
    Ok(())
}

fn hba_method(auth: &Auth) -> &'static str {
    match auth {
        Auth::Trust => "trust",
        Auth::Scram { .. } => "scram-sha-256",
    }
}

/// Writes the settings for the next start.
pub(crate) fn write_settings(
    account: &Account,
    data: &Path,
    settings: &[(String, String)],
    durability: Durability,
    port: u16,
    sockets: &Path,
) -> Result<(), Error> {
    let mut defaults = vec![
        ("shared_buffers", "16MB"),
        ("max_prepared_transactions", "20"),
        ("wal_level", "logical"),
        // The default since version 14.
        ("password_encryption", "scram-sha-256"),
        // The shared memory is in the data folder and is removed with it, even if the server is killed.
        ("dynamic_shared_memory_type", "mmap"),
    ];
    if durability == Durability::Off {
        defaults.extend([("fsync", "off"), ("full_page_writes", "off")]);
    }
    let port = port.to_string();
    // The setting is a list; the double quotes protect a comma in the path.
    let sockets = format!("\"{}\"", sockets.display());
    let fixed = [
        ("listen_addresses", "127.0.0.1"),
        ("port", port.as_str()),
        ("unix_socket_directories", sockets.as_str()),
    ];
    let text: String = defaults
        .into_iter()
        .chain(
            settings
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str())),
        )
        .chain(fixed)
        .map(|(key, value)| format!("{key} = '{}'\n", quoted(value)))
        .collect();
    write_file(account, &data.join(SETTINGS_FILE), text.as_bytes())
}

fn quoted(value: &str) -> String {
    value.replace('\\', "\\\\").replace('\'', "''")
}

/// Writes a file that belongs to the account and that nobody else can read. A rename puts it in place, so a symbolic
/// link at the path is replaced, not followed.
fn write_file(account: &Account, path: &Path, contents: &[u8]) -> Result<(), Error> {
    let cannot = |e| Error::io("cannot write", path, e);
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(cannot)?;
    file.write_all(contents).map_err(cannot)?;
    account.fchown(file.as_file(), path)?;
    file.persist(path).map_err(|e| cannot(e.error))?;
    Ok(())
}

/// Creates a data folder that is a standby of a running server.
pub(crate) fn base_backup(
    account: &Account,
    binaries: &Binaries,
    auth: &Auth,
    sockets: &Path,
    port: u16,
    data: &Path,
) -> Result<(), Error> {
    folder::create_private(account, data)?;
    let program = binaries.program("pg_basebackup");
    let mut command = account.command(&program);
    if let Auth::Scram { password } = auth {
        command.env("PGPASSWORD", password);
    }
    command
        .args(["--write-recovery-conf", "--no-sync", "--checkpoint=fast"])
        .args(["--username", SUPERUSER, "--port", &port.to_string()])
        .arg("--host")
        .arg(sockets)
        .arg("-D")
        .arg(data);
    run(&mut command, &program)
}

/// Runs one of PostgreSQL's programs to its end. The help of the error is the program's output.
fn run(command: &mut Command, program: &Path) -> Result<(), Error> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|e| Error::io("cannot run", program, e))?;
    if output.status.success() {
        return Ok(());
    }
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(Error::new(format!("`{name}` failed")).with_help(format!("it said:\n{}", excerpt(&stderr))))
}
