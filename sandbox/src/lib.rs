//! A local PostgreSQL made from installed binaries: a throwaway server for tests and checks, or a
//! persistent one for a demonstration.
//!
//! ```
//! use patchgen_sandbox::Server;
//!
//! # fn main() -> Result<(), patchgen_sandbox::Error> {
//! let server = Server::throwaway()?;
//! assert_eq!(server.psql("postgres", "SELECT 6 * 7")?, "42");
//! // A driver connects with server.conninfo("postgres", "postgres") or server.url(..).
//! # Ok(())
//! # } // the server and its folder are gone here
//! ```
//!
//! - The binaries are those of `$PG_BIN`, else the newest that is installed ([`Binaries`]). Nothing is downloaded.
//! - PostgreSQL refuses to run as root, so root's servers run as `postgres` or `nobody`.
//! - Any number of servers may run at once: each has its own folder, its own port on 127.0.0.1 and its
//!   own Unix socket.
//! - A server ends with its owner, also when the owner is killed with SIGKILL.
//! - A new server costs about a tenth of a second, because the outcome of `initdb` is kept and copied.
//!
//! The superuser is always `postgres`. Connections are trusted unless [`Auth::Scram`] is asked for, so on a
//! machine shared with people whom you do not trust, ask for it.
//!
//! What it does not do: install PostgreSQL, speak to it (bring a driver, or use [`Server::psql`]), or run
//! on Windows.

mod error;

mod account;
mod address;
mod binaries;
mod guard;
mod port;

mod folder;
mod options;

mod data;
mod postmaster;
mod template;

mod server;

mod persistent;
mod psql;
mod throwaway;

pub use binaries::Binaries;
pub use error::Error;
pub use options::{Afterwards, Auth, Cluster, Durability, Options, SUPERUSER};
pub use server::Server;
