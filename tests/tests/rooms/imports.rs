//! The names that a `use` brings into a module.

use proc_macro2::Ident;
use syn::UseTree;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

#[derive(Debug)]
pub(crate) struct Import {
    /// `None` if the path ends with `*`.
    pub(crate) name: Option<String>,
    pub(crate) path: Vec<String>,
    pub(crate) line: usize,
}

/// Returns the names of a `use`, those of its groups one by one.
pub(crate) fn imports(tree: &UseTree) -> Vec<Import> {
    let mut found = Vec::new();
    gather(tree, &[], &mut found);
    found
}

/// A name without the `r#` of a raw one.
pub(crate) fn text(name: &Ident) -> String {
    name.unraw().to_string()
}

fn gather(tree: &UseTree, prefix: &[String], found: &mut Vec<Import>) {
    let line = tree.span().start().line;
    let import = |name: &Ident, alias: &Ident| {
        let mut path = prefix.to_vec();
        // `use plan::{self}` names `plan`.
        if name != "self" || path.is_empty() {
            path.push(text(name));
        }
        let name = if alias == "self" {
            path.last().cloned()
        } else {
            Some(text(alias))
        };
        Import { name, path, line }
    };
    match tree {
        UseTree::Path(tree) => {
            let path = [prefix, &[text(&tree.ident)]].concat();
            gather(&tree.tree, &path, found);
        }
        UseTree::Name(tree) => found.push(import(&tree.ident, &tree.ident)),
        UseTree::Rename(tree) => found.push(import(&tree.ident, &tree.rename)),
        UseTree::Glob(_) => found.push(Import {
            name: None,
            path: prefix.to_vec(),
            line,
        }),
        UseTree::Group(group) => {
            for tree in &group.items {
                gather(tree, prefix, found);
            }
        }
    }
}
