//! `embed_patches!`, a thin front on the crate `patchgen`. Programs use it through `patchgen_runtime`.
//!
//! It finds and validates nothing by itself: without arguments it includes what the build script made, with arguments it runs
//! the same [`patchgen::Build`] that a build script runs.

mod arguments;

use arguments::Arguments;
use patchgen::{Build, Diagnostic, Output, Severity, codegen};
use proc_macro2::{Literal, TokenStream};
use quote::quote;
use std::path::{Path, PathBuf};

/// The set of patches, as an expression for a `static`.
///
/// `embed_patches!()` is what the build script of the package made. With globs it finds the files by itself; settings have
/// the names of the methods of `patchgen::Build`:
///
/// ```
/// # use patchgen_macros::embed_patches;
/// use patchgen_runtime::PatchSet;
///
/// static PATCHES: PatchSet = embed_patches!("tests/patches/fine/*.sql", allow = "empty-patch");
/// assert_eq!(PATCHES.len(), 2);
/// ```
///
/// The second form notices a patch that changes, but compilers tell macros nothing of files that are new: have a build
/// script where patches are added.
#[proc_macro]
pub fn embed_patches(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    match syn::parse::<Arguments>(input) {
        Ok(Arguments(None)) => included(),
        Ok(Arguments(Some(build))) => scanned(&build),
        Err(error) => stub(&[error.to_compile_error()]),
    }
    .into()
}

/// What `embed_patches!()` shows where no build script has called patchgen.
const NO_BUILD_SCRIPT: &str = r#"no build script of this package has made patches to embed
help: add to `Cargo.toml`

    [build-dependencies]
    patchgen = "0.1"

and to `build.rs`

    fn main() { patchgen::Build::new().patches("patches/**/*.sql").emit(); }

or name the files here: `embed_patches!("patches/**/*.sql")`"#;

fn included() -> TokenStream {
    let made = std::env::var_os("OUT_DIR").map(|out| Path::new(&out).join("patches.rs"));
    if made.is_some_and(|file| file.exists()) {
        quote!(include!(concat!(env!("OUT_DIR"), "/patches.rs")))
    } else {
        stub(&[quote!(compile_error!(#NO_BUILD_SCRIPT);)])
    }
}

fn scanned(build: &Build) -> TokenStream {
    let base = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    match build.clone().base(&base).run() {
        Ok(output) => expression(&base, &output),
        Err(findings) => {
            let reports: Vec<_> = findings.iter().map(report).collect();
            stub(&reports)
        }
    }
}

fn expression(base: &Path, output: &Output) -> TokenStream {
    let encoded = output.encoded();
    let text = Literal::string(&encoded.text).to_string();
    let index = Literal::byte_string(&encoded.index).to_string();
    let set = codegen::render(&text, &index).parse::<TokenStream>();
    let set = set.unwrap_or_else(|error| syn::Error::from(error).to_compile_error());
    let warnings = output.warnings().iter().map(report);
    // So that the compiler knows the files.
    let files = output.patch_set().iter().map(|patch| {
        let path = base.join(patch.file());
        let path = path.to_string_lossy();
        quote!(
            const _: &[u8] = include_bytes!(#path);
        )
    });
    quote!({ #(#warnings)* #(#files)* #set })
}

/// A stand-in for the set, so that its user sees the errors and not what follows from them.
fn stub(errors: &[TokenStream]) -> TokenStream {
    quote!({ #(#errors)* ::patchgen_runtime::PatchSet::EMPTY })
}

/// Macros may not warn; the use of something deprecated does.
fn report(finding: &Diagnostic) -> TokenStream {
    let text = finding.unlabelled();
    match finding.severity {
        Severity::Error => quote!(compile_error!(#text);),
        Severity::Warning => quote! {
            const _: () = {
                #[deprecated(note = #text)]
                const PATCH: () = ();
                PATCH
            };
        },
    }
}
