//! The module that a path leads to.

use crate::source::{Form, Mention, ModulePath, Source};

/// Imports that lead to imports; a path through more of them leads in a circle.
const LONGEST: usize = 16;

/// Module at the end of a path.
struct Target {
    module: ModulePath,
    /// The path ends at an item of the module, not at the module.
    is_item: bool,
}

impl Source {
    /// Modules that a path in a file uses: more than one if it is `crate::*`, and none if it leads out of the crate.
    pub(crate) fn targets(&self, mention: &Mention) -> Vec<ModulePath> {
        let last_is_item = mention.form == Form::Item;
        let Some(target) = self.follow(&mention.module, &mention.path, last_is_item, 0) else {
            return Vec::new();
        };
        if mention.form != Form::Glob || !target.module.is_empty() || target.is_item {
            return vec![target.module];
        }
        let imports = self.modules.get(&target.module).map(|root| &root.imports);
        imports
            .into_iter()
            .flatten()
            .filter_map(|import| self.follow(&target.module, &import.path, false, 0))
            .map(|target| target.module)
            .collect()
    }

    /// File of a module, or the file in which it stands.
    pub(crate) fn file_of(&self, module: &[String]) -> Option<&ModulePath> {
        (0..=module.len())
            .rev()
            .find_map(|length| self.files.get_key_value(&module[..length]))
            .map(|(module, _)| module)
    }

    fn follow(
        &self,
        from: &[String],
        path: &[String],
        last_is_item: bool,
        depth: usize,
    ) -> Option<Target> {
        if depth > LONGEST {
            return None;
        }
        let mut module = from.to_vec();
        let mut rest = path;
        while let [first, others @ ..] = rest {
            match first.as_str() {
                "crate" => module.clear(),
                "self" => {}
                "super" => {
                    module.pop()?;
                }
                _ => break,
            }
            rest = others;
        }
        if rest.len() == path.len() && !self.knows(from, &path[0]) {
            return None;
        }
        while let [first, others @ ..] = rest {
            let child = [module.as_slice(), std::slice::from_ref(first)].concat();
            if self.modules.contains_key(&child) && !(last_is_item && others.is_empty()) {
                module = child;
            } else {
                let target = self.item(&module, first, last_is_item && others.is_empty(), depth);
                if target.is_item {
                    return Some(target);
                }
                module = target.module;
            }
            rest = others;
        }
        Some(Target {
            module,
            is_item: false,
        })
    }

    /// `true` if a path may begin with this name: a module below this one, or something imported.
    fn knows(&self, module: &[String], name: &String) -> bool {
        let Some(contents) = self.modules.get(module) else {
            return false;
        };
        self.modules
            .contains_key(&[module, std::slice::from_ref(name)].concat())
            || contents
                .imports
                .iter()
                .any(|import| import.name.as_ref() == Some(name) && import.path[0] != *name)
    }

    /// Finds the origin of a name of a module that is not one of its children.
    ///
    /// Follows what a module imports inside its own room. What the root imports is followed into every room; what
    /// another room imports counts as its own.
    fn item(&self, module: &[String], name: &String, is_item: bool, depth: usize) -> Target {
        let own = Target {
            module: module.to_vec(),
            is_item: true,
        };
        let Some(contents) = self.modules.get(module) else {
            return own;
        };
        let is_followed = |target: &Target| {
            module.is_empty() || target.module.is_empty() || target.module[0] == module[0]
        };
        let named = contents
            .imports
            .iter()
            .filter(|import| import.name.as_ref() == Some(name))
            .find_map(|import| self.follow(module, &import.path, is_item, depth + 1));
        if let Some(target) = named {
            return if is_followed(&target) { target } else { own };
        }
        if self.defines(module, name) {
            return own;
        }
        contents
            .imports
            .iter()
            .filter(|import| import.name.is_none())
            .filter_map(|import| self.follow(module, &import.path, false, depth + 1))
            .filter(|target| !target.is_item && is_followed(target))
            .find(|target| self.defines(&target.module, name))
            .map_or(own, |target| {
                self.item(&target.module, name, is_item, depth + 1)
            })
    }

    fn defines(&self, module: &[String], name: &String) -> bool {
        self.modules.get(module).is_some_and(|contents| {
            contents.items.contains(name)
                || contents
                    .imports
                    .iter()
                    .any(|import| import.name.as_ref() == Some(name))
        })
    }
}
