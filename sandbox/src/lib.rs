//! A local PostgreSQL from installed binaries: a throwaway server for tests and checks, or a persistent one for a
//! demonstration.
//!
//! ```
//! use patchgen_sandbox::Server;
//!
//! # fn main() -> Result<(), patchgen_sandbox::Error> {
//! let server = Server::throwaway()?;
//! assert_eq!(server.psql("postgres", "SELECT 6 * 7")?, "42");
//! // A driver connects with server.conninfo("postgres", "postgres") or server.url(..).
//! # Ok(())
//! # } // the server and its folder are removed here
//! ```
//!
//! - The binaries are those of `$PG_BIN`, else the newest that is installed ([`Binaries`]). Nothing is downloaded.
//! - PostgreSQL refuses to run as root, so root's servers run as `postgres` or `nobody`.
//! - Any number of servers may run at once: each has its own folder, its own port on 127.0.0.1 and its
//!   own Unix socket.
//! - A server ends with its owner, even if the owner is killed with SIGKILL.
//! - A new server takes about a tenth of a second, because the files that `initdb` creates are kept and copied.
//!
//! The superuser is always `postgres`. Connections need no password unless [`Auth::Scram`] is chosen. Choose it on
//! a machine that you share with people whom you do not trust.
//!
//! The crate does not install PostgreSQL and has no driver (bring one, or use [`Server::psql`]). It does not run on
//! Windows.

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
