//! *Hundbidrag* pays grants for dogs. It carries the patches of its two databases, applies them when it starts, and then
//! decides on an application.
//!
//! It runs a PostgreSQL of its own, unless `DATABASE_URL` or one of `PGHOST`, `PGHOSTADDR`, `PGPORT` and `PGSERVICE` names
//! another one.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program prints its results"
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

    // This call creates databases and roles and applies all pending patches. Any number of programs may make it at the
    // same time, and any of them may be killed meanwhile.
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
    println!("\n{}", server.next_steps());
    Ok(())
}

/// Returns the text of an error with its cause and its remedy.
fn explain(error: &anyhow::Error) -> String {
    match error.downcast_ref::<patchgen_runtime::Error>() {
        Some(error) => error.explain(),
        None => format!("{error:#}"),
    }
}
