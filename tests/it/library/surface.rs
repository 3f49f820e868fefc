//! What the libraries offer, as a list: a name that leaves it breaks somebody's build.
//!
//! `UPDATE=1 cargo test surface` writes the lists anew after a change that is meant.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use syn::{Item, Visibility};

/// Every public item of a crate with the path that names it, one per line.
fn surface(folder: &Path, own: &str) -> String {
    let mut lines = Vec::new();
    module(&folder.join("lib.rs"), own, true, &mut lines);
    let types: BTreeSet<String> =
        lines.iter().filter(|line| !line.starts_with("method ")).filter_map(|line| last(line)).collect();
    lines.retain(|line| {
        !line.starts_with("method ") || types.contains(line["method ".len()..].split("::").next().unwrap())
    });
    lines.sort();
    lines.dedup();
    lines.concat()
}

/// The name at the end of a line.
fn last(line: &str) -> Option<String> {
    line.trim_end().rsplit("::").next().map(str::to_owned)
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// The public items of a file; those of a private module are public where a `pub use` names them.
fn module(file: &Path, path: &str, public: bool, lines: &mut Vec<String>) {
    let parsed = syn::parse_file(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut line = |kind: &str, name: &str| {
        let mut text = String::new();
        writeln!(text, "{kind} {path}::{name}").unwrap();
        lines.push(text);
    };
    let mut inner = Vec::new();
    let mut methods = Vec::new();
    for item in parsed.items {
        match item {
            Item::Mod(child) if child.content.is_none() => inner.push((child.ident.to_string(), is_public(&child.vis))),
            Item::Use(used) if public && is_public(&used.vis) => {
                named(&used.tree).iter().for_each(|name| line("use", name));
            }
            Item::Const(item) if public && is_public(&item.vis) => line("const", &item.ident.to_string()),
            Item::Fn(item) if public && is_public(&item.vis) => line("fn", &item.sig.ident.to_string()),
            Item::Struct(item) if public && is_public(&item.vis) => {
                line("struct", &item.ident.to_string());
                for field in item.fields.iter().filter(|field| is_public(&field.vis)) {
                    let name = field.ident.as_ref().map_or_else(|| "0".to_owned(), ToString::to_string);
                    line("field", &format!("{}.{name}", item.ident));
                }
            }
            Item::Enum(item) if public && is_public(&item.vis) => {
                line("enum", &item.ident.to_string());
                item.variants.iter().for_each(|variant| line("variant", &format!("{}::{}", item.ident, variant.ident)));
            }
            Item::Trait(item) if public && is_public(&item.vis) => line("trait", &item.ident.to_string()),
            Item::Type(item) if public && is_public(&item.vis) => line("type", &item.ident.to_string()),
            Item::Impl(item) if item.trait_.is_none() => {
                let syn::Type::Path(of) = &*item.self_ty else { continue };
                let of = of.path.segments.last().unwrap().ident.to_string();
                for one in &item.items {
                    if let syn::ImplItem::Fn(function) = one
                        && is_public(&function.vis)
                    {
                        methods.push((of.clone(), function.sig.ident.to_string()));
                    }
                }
            }
            _ => {}
        }
    }
    // a method is found by its type, wherever it stands
    lines.extend(methods.into_iter().map(|(of, method)| format!("method {of}::{method}\n")));
    for (name, visible) in inner {
        module(&place(file, &name), &format!("{path}::{name}"), public && visible, lines);
    }
}

fn named(tree: &syn::UseTree) -> Vec<String> {
    match tree {
        syn::UseTree::Path(path) => named(&path.tree),
        syn::UseTree::Name(name) => vec![name.ident.to_string()],
        syn::UseTree::Rename(name) => vec![name.rename.to_string()],
        syn::UseTree::Glob(_) => vec!["*".to_owned()],
        syn::UseTree::Group(group) => group.items.iter().flat_map(named).collect(),
    }
}

fn place(parent: &Path, name: &str) -> PathBuf {
    let (folder, stem) = (parent.parent().unwrap(), parent.file_stem().unwrap());
    let inside = if stem == "lib" || stem == "mod" { folder.to_owned() } else { folder.join(stem) };
    let flat = inside.join(format!("{name}.rs"));
    if flat.exists() { flat } else { inside.join(name).join("mod.rs") }
}

#[test]
fn the_surface_of_the_libraries_is_as_listed() {
    for name in ["davy-judge", "davy-stats"] {
        let folder = super::root().join("crates").join(name);
        let found = surface(&folder.join("src"), &name.replace('-', "_"));
        let list = folder.join("surface.txt");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&list, &found).unwrap();
        }
        let kept = std::fs::read_to_string(&list).unwrap_or_default();
        let gone: Vec<&str> = kept.lines().filter(|line| !found.lines().any(|other| other == *line)).collect();
        let new: Vec<&str> = found.lines().filter(|line| !kept.lines().any(|other| other == *line)).collect();
        assert!(
            gone.is_empty() && new.is_empty(),
            "{name} offers other names; `UPDATE=1 cargo test surface` lists them.\ngone: {gone:#?}\nnew: {new:#?}"
        );
        assert!(found.lines().count() > 200, "the surface of {name} was not found");
    }
}
