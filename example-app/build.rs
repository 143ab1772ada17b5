//! Checks the patches and makes them part of the program.

fn main() {
    patchgen::Build::new().patches("patches/**/*.sql").emit();
}
