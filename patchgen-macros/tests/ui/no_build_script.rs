use patchgen_macros::embed_patches;
use patchgen_runtime::PatchSet;

static PATCHES: PatchSet = embed_patches!();

fn main() {
    println!("{}", PATCHES.len());
}
