//! *Hundbidrag* pays grants for dogs. It carries the patches of its two databases, brings the databases up to date when
//! it starts, and then does its work.
//!
//! It keeps a PostgreSQL of its own, unless `DATABASE_URL` or one of `PGHOST`, `PGHOSTADDR`, `PGPORT` and `PGSERVICE` leads
//! it to another.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program speaks to whoever started it"
)]

mod office;
mod server;

use office::{Application, Office};
use patchgen_runtime::{PatchSet, embed_patches};
use server::Server;
use std::process::ExitCode;

/// The patches below `patches`, checked and embedded by `build.rs`.
static PATCHES: PatchSet = embed_patches!();

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", explain(&error));
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let server = Server::find()?;
    println!("{server}");

    // This one call makes databases and roles, or finds that nothing is to be done. Any number of programs may make it
    // at once, and any of them may be killed meanwhile.
    let report = patchgen_runtime::apply(&PATCHES, server.config())?;
    println!("{report}\n");

    let mut office = Office::open(server.config())?;
    let application = Application {
        chip: "752098100000017",
        purpose: "search and rescue",
        kronor: 150,
    };
    println!("{}\n", office.decide(&application)?);
    println!("Granted so far:");
    for line in office.summary()? {
        println!("  {line}");
    }
    println!("\n{}", server.how_to_go_on());
    Ok(())
}

/// An error with all that helps: what failed, why, and what to do about it.
fn explain(error: &anyhow::Error) -> String {
    match error.downcast_ref::<patchgen_runtime::Error>() {
        Some(error) => error.explain(),
        None => format!("{error:#}"),
    }
}
