//! The modules of a crate, and the paths that its files contain.

use crate::Tree;
use crate::imports::{Import, imports, text};
use proc_macro2::{Ident, TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Item};

/// Names that lead from the root of a crate to a module.
pub(crate) type ModulePath = Vec<String>;

/// A path to another module, as it is written in a file.
#[derive(Debug)]
pub(crate) struct Mention {
    pub(crate) file: String,
    pub(crate) line: usize,
    /// Module in which it is written.
    pub(crate) module: ModulePath,
    pub(crate) path: Vec<String>,
    pub(crate) form: Form,
}

/// The place of a path in the syntax.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Form {
    /// `mod name;`
    Child,
    /// A name in a `use`, which may be that of a module.
    Use,
    /// `use path::*`
    Glob,
    /// A path in an expression, a type, a pattern or a macro; the last name in it is not a module.
    Item,
}

/// Items and imports of a module.
#[derive(Debug, Default)]
pub(crate) struct Module {
    pub(crate) items: BTreeSet<String>,
    pub(crate) imports: Vec<Import>,
}

/// A crate without its tests.
#[derive(Debug, Default)]
pub(crate) struct Source {
    /// File of each module that has one.
    pub(crate) files: BTreeMap<ModulePath, String>,
    /// All modules, also those that stand inside a file.
    pub(crate) modules: BTreeMap<ModulePath, Module>,
    pub(crate) mentions: Vec<Mention>,
}

impl Source {
    /// Reads all files of a crate. Also returns the places of the files that are not Rust.
    pub(crate) fn read(tree: &Tree) -> (Self, Vec<String>) {
        let mut source = Self::default();
        let mut faults = Vec::new();
        let mut tests = BTreeSet::new();
        for (file, text) in tree {
            let module = module_of(file);
            match syn::parse_file(text) {
                Ok(syntax) if is_test(&syntax.attrs) => {
                    tests.insert(module);
                }
                Ok(syntax) => {
                    source.files.insert(module.clone(), file.clone());
                    let mut reader = Reader {
                        file,
                        module,
                        source: &mut source,
                        tests: &mut tests,
                    };
                    reader.items(&syntax.items);
                }
                Err(error) => {
                    faults.push(format!("{file}:{}: {error}", error.span().start().line));
                }
            }
        }
        let is_kept = |module: &ModulePath| !tests.iter().any(|test| module.starts_with(test));
        source.files.retain(|module, _| is_kept(module));
        source.modules.retain(|module, _| is_kept(module));
        source.mentions.retain(|mention| is_kept(&mention.module));
        (source, faults)
    }

    pub(crate) fn rooms(&self) -> BTreeSet<String> {
        self.files
            .keys()
            .filter_map(|module| module.first().cloned())
            .collect()
    }
}

/// `plan.rs` and `plan/mod.rs` are the module `plan`; `lib.rs` and `main.rs` are the root.
fn module_of(file: &str) -> ModulePath {
    let stem = file.strip_suffix(".rs").unwrap_or(file);
    let stem = stem.strip_suffix("/mod").unwrap_or(stem);
    if stem == "lib" || stem == "main" {
        return Vec::new();
    }
    stem.split('/').map(str::to_owned).collect()
}

/// Adds what it meets in a file to the source.
struct Reader<'a> {
    file: &'a str,
    module: ModulePath,
    source: &'a mut Source,
    /// Modules under `#[cfg(test)]`.
    tests: &'a mut BTreeSet<ModulePath>,
}

impl Reader<'_> {
    fn items(&mut self, items: &[Item]) {
        let module = self.source.modules.entry(self.module.clone()).or_default();
        for item in items {
            let (attributes, name) = head(item);
            if is_test(attributes) {
                continue;
            }
            module.items.extend(name.map(text));
            if let Item::Use(item) = item
                && item.leading_colon.is_none()
            {
                module.imports.extend(imports(&item.tree));
            }
        }
        for item in items {
            self.visit_item(item);
        }
    }

    fn mention(&mut self, path: Vec<String>, line: usize, form: Form) {
        if is_local(&path[0]) {
            self.source.mentions.push(Mention {
                file: self.file.to_owned(),
                line,
                module: self.module.clone(),
                path,
                form,
            });
        }
    }

    /// Finds paths among tokens that have no syntax yet.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            let first = match token {
                TokenTree::Group(group) => {
                    self.tokens(group.stream());
                    continue;
                }
                TokenTree::Ident(name) if is_local(&name.to_string()) => name,
                _ => continue,
            };
            let mut path = vec![text(&first)];
            while tokens.next_if(is_colon).is_some() && tokens.next_if(is_colon).is_some() {
                match tokens.next_if(|token| matches!(token, TokenTree::Ident(_))) {
                    Some(TokenTree::Ident(name)) => path.push(text(&name)),
                    _ => break,
                }
            }
            if path.len() > 1 {
                self.mention(path, first.span().start().line, Form::Item);
            }
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let (attributes, name) = head(item);
        if !is_test(attributes) {
            visit::visit_item(self, item);
        } else if let (Item::Mod(_), Some(name)) = (item, name) {
            let mut module = self.module.clone();
            module.push(text(name));
            self.tests.insert(module);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let name = text(&item.ident);
        if let Some((_, items)) = &item.content {
            self.module.push(name);
            self.items(items);
            self.module.pop();
        } else {
            let line = item.ident.span().start().line;
            self.mention(vec!["self".to_owned(), name], line, Form::Child);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if item.leading_colon.is_none() {
            for import in imports(&item.tree) {
                let form = if import.name.is_some() {
                    Form::Use
                } else {
                    Form::Glob
                };
                self.mention(import.path, import.line, form);
            }
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|name| text(&name.ident)).collect();
        if path.leading_colon.is_none() && names.len() > 1 {
            self.mention(names, path.span().start().line, Form::Item);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        visit::visit_macro(self, call);
        self.tokens(call.tokens.clone());
    }

    fn visit_meta_list(&mut self, list: &'ast syn::MetaList) {
        self.tokens(list.tokens.clone());
    }

    /// `pub(in crate::plan)` uses nothing of `plan`.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
}

fn is_local(name: &str) -> bool {
    matches!(name, "crate" | "self" | "super")
}

fn is_colon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':')
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<Ident>()
                .is_ok_and(|name| name == "test")
    })
}

/// Attributes of an item and the name that it defines.
fn head(item: &Item) -> (&[Attribute], Option<&Ident>) {
    match item {
        Item::Const(item) => (&item.attrs, Some(&item.ident)),
        Item::Enum(item) => (&item.attrs, Some(&item.ident)),
        Item::Fn(item) => (&item.attrs, Some(&item.sig.ident)),
        Item::Impl(item) => (&item.attrs, None),
        Item::Macro(item) => (&item.attrs, item.ident.as_ref()),
        Item::Mod(item) => (&item.attrs, Some(&item.ident)),
        Item::Static(item) => (&item.attrs, Some(&item.ident)),
        Item::Struct(item) => (&item.attrs, Some(&item.ident)),
        Item::Trait(item) => (&item.attrs, Some(&item.ident)),
        Item::Type(item) => (&item.attrs, Some(&item.ident)),
        Item::Use(item) => (&item.attrs, None),
        _ => (&[], None),
    }
}
