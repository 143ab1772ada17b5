//! `embed_patches!`, a thin front on the crate `patchgen`. Programs use it through `patchgen_runtime`.
//!
//! Without arguments the macro includes the set that the build script has written. With arguments it runs the same
//! [`patchgen::Build`] that a build script runs. It has no validation of its own.

mod arguments;

use arguments::Arguments;
use patchgen::codegen::{self, IncludeError};
use patchgen::{Build, Diagnostic, Output, Severity};
use proc_macro2::{Literal, TokenStream};
use quote::quote;
use std::env::VarError;
use std::path::{Path, PathBuf};

/// Expands to the set of patches, as an expression for a `static`.
///
/// `embed_patches!()` is the set that the build script of the package has written. With globs, the macro finds the files
/// itself; settings have the names of the methods of `patchgen::Build`:
///
/// ```
/// # use patchgen_macros::embed_patches;
/// use patchgen_runtime::PatchSet;
///
/// static PATCHES: PatchSet = embed_patches!("tests/patches/fine/*.sql", allow = "empty-patch");
/// assert_eq!(PATCHES.len(), 2);
/// ```
///
/// With the second form, the compiler notices a patch that has changed, but not a new one. Use a build script in packages to
/// which patches are added.
///
/// # Errors
/// A compile error for each error in a patch, or if no build script has written a set.
#[proc_macro]
pub fn embed_patches(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    match syn::parse::<Arguments>(input) {
        Ok(Arguments(None)) => included(),
        Ok(Arguments(Some(build))) => scanned(&build),
        Err(error) => stub(&[error.to_compile_error()]),
    }
    .into()
}

/// Error of `embed_patches!()` in a package whose build script has not written a set.
const NO_BUILD_SCRIPT: &str = r#"no build script of this package has made patches to embed
help: add to `Cargo.toml`

    [build-dependencies]
    patchgen = "0.1"

and to `build.rs`

    fn main() { patchgen::Build::new().patches("patches/**/*.sql").emit(); }

or name the files here: `embed_patches!("patches/**/*.sql")`"#;

/// Error of `embed_patches!()` if the files of the build script have changed since.
const DAMAGED: &str = "the patches in `OUT_DIR` are not as the build script has written them
help: run `cargo clean`, then build again";

/// Expands to the set that the build script has written.
fn included() -> TokenStream {
    let out = match variable("OUT_DIR") {
        Ok(out) => out,
        Err(error) => return stub(&[error]),
    };
    let error = match out.map_or(Err(IncludeError::Missing), |out| {
        codegen::check(Path::new(&out))
    }) {
        Ok(()) => return quote!(include!(concat!(env!("OUT_DIR"), "/patches.rs"))),
        Err(IncludeError::Missing) => NO_BUILD_SCRIPT,
        Err(IncludeError::Damaged) => DAMAGED,
    };
    stub(&[quote!(compile_error!(#error);)])
}

/// Expands to the set of a build that the macro runs itself.
fn scanned(build: &Build) -> TokenStream {
    let base = match variable("CARGO_MANIFEST_DIR") {
        Ok(base) => PathBuf::from(base.unwrap_or_default()),
        Err(error) => return stub(&[error]),
    };
    match build.clone().base(&base).run() {
        Ok(output) => expression(&base, &output),
        Err(findings) => {
            let reports: Vec<_> = findings.iter().map(report).collect();
            stub(&reports)
        }
    }
}

/// Returns the value of an environment variable, or the compile error for one that is not UTF-8.
fn variable(name: &str) -> Result<Option<String>, TokenStream> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => {
            let message = format!("the environment variable `{name}` is not UTF-8");
            Err(quote!(compile_error!(#message);))
        }
    }
}

/// Expands to a set whose text and index are literals.
fn expression(base: &Path, output: &Output) -> TokenStream {
    let encoded = output.encoded();
    let text = Literal::string(&encoded.text).to_string();
    let index = Literal::byte_string(&encoded.index).to_string();
    let set = codegen::render(&text, &index).parse::<TokenStream>();
    let set = set.unwrap_or_else(|error| syn::Error::from(error).to_compile_error());
    let warnings = output.warnings().iter().map(report);
    // With these, the compiler notices a change of the files.
    let files = output.patch_set().iter().map(|patch| {
        let path = base.join(patch.file());
        let path = path.to_string_lossy();
        quote!(
            const _: &[u8] = include_bytes!(#path);
        )
    });
    quote!({ #(#warnings)* #(#files)* #set })
}

/// Expands to errors and an empty set, so that the compiler reports these errors only.
fn stub(errors: &[TokenStream]) -> TokenStream {
    quote!({ #(#errors)* ::patchgen_runtime::PatchSet::EMPTY })
}

/// Expands to an error or a warning. A macro cannot warn; the use of a deprecated constant does.
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
