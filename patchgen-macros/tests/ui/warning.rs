#![deny(deprecated)]

use patchgen_macros::embed_patches;
use patchgen_runtime::PatchSet;

static PATCHES: PatchSet = embed_patches!("patches/fine/*.sql");

fn main() {
    println!("{}", PATCHES.len());
}
