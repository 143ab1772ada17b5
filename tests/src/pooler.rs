use std::fs::{self, File, Permissions};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use patchgen_sandbox::Server;
use tempfile::TempDir;

/// The roles of the pooler. It needs no passwords.
const ROLES: [&str; 2] = ["postgres", "patches"];
/// Time limit of a start.
const LIMIT: Duration = Duration::from_secs(10);

/// A pgbouncer in front of a server, with transaction pooling. It ends when the value is dropped or the process ends.
#[derive(Debug)]
pub struct Pooler {
    port: u16,
    guard: Child,
    _folder: TempDir,
}

impl Pooler {
    /// Starts a pooler with at most `pool_size` sessions for each pair of a database and a role.
    pub fn start(server: &Server, pool_size: usize) -> Pooler {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let open = Permissions::from_mode(0o755);
        fs::set_permissions(folder.path(), open).expect("a folder can be opened to all");
        let begin = Instant::now();
        loop {
            let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
            let port = free.local_addr().expect("it is bound").port();
            drop(free);
            configure(server, pool_size, port, folder.path());
            let mut guard = launch(server, folder.path());
            if accepts_connections(port, &mut guard) {
                return Pooler {
                    port,
                    guard,
                    _folder: folder,
                };
            }
            // Another program may have taken the port meanwhile.
            let log = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
            assert!(begin.elapsed() < LIMIT, "pgbouncer does not start:\n{log}");
        }
    }

    /// Returns libpq's `key=value` words for a connection through the pooler.
    pub fn conninfo(&self, database: &str, user: &str) -> String {
        let port = self.port;
        format!("host=127.0.0.1 port={port} dbname={database} user={user}")
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        // The guard waits for the end of its input.
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

/// Writes the configuration files.
fn configure(server: &Server, pool_size: usize, port: u16, folder: &Path) {
    let roles = ROLES.map(|role| format!("\"{role}\" \"\"\n")).concat();
    fs::write(folder.join("roles"), roles).expect("a file can be written");
    let settings = format!(
        "[databases]\n* = host=127.0.0.1 port={}\n\
         [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
         auth_type = trust\nauth_file = {}\npool_mode = transaction\ndefault_pool_size = {pool_size}\n\
         max_client_conn = 500\nserver_login_retry = 1\n",
        server.port(),
        folder.join("roles").display(),
    );
    fs::write(folder.join("ini"), settings).expect("a file can be written");
}

/// Starts a shell that ends pgbouncer when the shell's input ends. They run as the server's user, because pgbouncer
/// refuses to run as root.
fn launch(server: &Server, folder: &Path) -> Child {
    let mut command = Command::new("sh");
    command
        .args(["-c", "pgbouncer \"$0\" & read -r _; kill -KILL $!; wait"])
        .arg(folder.join("ini"))
        .env("PATH", "/usr/sbin:/usr/local/sbin:/usr/bin:/bin")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(File::create(folder.join("log")).expect("a file can be made"));
    if rustix::process::geteuid().is_root() {
        let id = |which| number(&["id", which, server.system_user()]);
        command.uid(id("-u")).gid(id("-g"));
    }
    command.spawn().expect("a shell can be run")
}

/// Runs a command and parses the number that it prints.
fn number(command: &[&str]) -> u32 {
    let output = Command::new(command[0]).args(&command[1..]).output();
    let output = output.expect("the program can be run").stdout;
    let text = String::from_utf8_lossy(&output);
    text.trim().parse().expect("it prints a number")
}

/// Waits until the pooler accepts connections. Ends it and returns false if it does not.
fn accepts_connections(port: u16, guard: &mut Child) -> bool {
    let begin = Instant::now();
    while begin.elapsed() < LIMIT / 4 {
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return true;
        }
        sleep(Duration::from_millis(5));
    }
    drop(guard.stdin.take());
    let _ = guard.wait();
    false
}
