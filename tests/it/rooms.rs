//! The rooms of the house: what each may import, and which files import each other in a loop.
//!
//! Every path of every file is parsed and resolved to the file that defines what it names, through `use`, `crate::`,
//! `super::`, child modules and re-exports. The rules are data. A room that is not listed may import nothing, an arrow
//! that is listed and no longer drawn is an error too, and so is a loop of files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::tidy::{CRATES, name_in_house};
use syn::visit::{self, Visit};

/// Each room with the rooms that it may import.
const ROOMS: &[(&str, &[&str])] = &[
    ("aca", &[]),
    ("calibrate", &["history", "judge", "series", "stats"]),
    ("cli", &["config", "report", "source"]),
    (
        "command",
        &[
            "aca",
            "calibrate",
            "cli",
            "comparison",
            "config",
            "cost",
            "forecast",
            "gate",
            "history",
            "hooks",
            "import",
            "ingest",
            "judge",
            "lambda",
            "output",
            "plain",
            "plugin",
            "process",
            "record",
            "report",
            "series",
            "serve",
            "source",
            "text",
            "url",
            "watch",
            "web",
        ],
    ),
    ("comparison", &["cost", "judge", "series", "stats"]),
    ("config", &["aca", "cost", "hooks", "judge", "notation", "series", "source", "text", "url"]),
    ("cost", &["series"]),
    ("encoded", &["stats"]),
    ("forecast", &["history", "judge", "series", "stats"]),
    ("gate", &["config", "judge", "notation", "report", "series", "source", "text"]),
    ("history", &["judge", "series", "stats"]),
    ("hooks", &["series", "url"]),
    ("import", &["aca", "plain", "series", "text", "url"]),
    ("ingest", &["config", "series", "source", "stats", "text"]),
    ("judge", &["localise", "notation", "series", "stats"]),
    ("lambda", &["plain", "report", "serve", "web"]),
    ("lib", &["judge", "localise", "notation", "series", "stats"]),
    ("localise", &["series", "stats"]),
    ("process", &["plain"]),
    ("record", &["config", "encoded", "output", "plain", "series"]),
    (
        "report",
        &["calibrate", "comparison", "cost", "forecast", "history", "judge", "localise", "plain", "series", "stats"],
    ),
    ("series", &["stats"]),
    ("serve", &["output", "pem", "report"]),
    ("source", &["encoded", "notation", "output", "pem", "plain", "process", "series", "stats", "text", "url", "web"]),
    ("text", &["notation", "series"]),
    ("watch", &["judge", "series"]),
    ("web", &["pem", "text", "url"]),
];

/// What a module offers under a name: something of its own, a module, or something from elsewhere.
#[derive(Debug, Clone)]
enum Item {
    Own,
    Module(Vec<String>),
    From(Vec<String>),
}

#[derive(Debug, Default)]
struct Module {
    file: String,
    items: BTreeMap<String, Item>,
    globs: Vec<Vec<String>>,
}

/// The tree of modules with the paths that each file mentions, absolute from the crate's root.
#[derive(Debug, Default)]
struct House {
    modules: BTreeMap<Vec<String>, Module>,
    mentions: BTreeMap<String, BTreeSet<Vec<String>>>,
}

impl House {
    fn read() -> House {
        let mut house = House::default();
        let mut street = Module::default();
        for (of, folder) in CRATES {
            let (root, name) = (Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), vec![of.to_owned()]);
            street.items.insert(of.to_owned(), Item::Module(name.clone()));
            house.enter(&root, &root.join("lib.rs"), name);
        }
        house.modules.insert(Vec::new(), street);
        assert!(house.modules.len() > 100, "the source tree was not found");
        house
    }

    fn enter(&mut self, root: &Path, path: &Path, name: Vec<String>) {
        let file = name_in_house(&name[0], &path.strip_prefix(root).unwrap().to_string_lossy());
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        let mut module = Module { file: file.clone(), ..Module::default() };
        let mut inner = Vec::new();
        for item in parsed.items.iter().filter(|item| !is_test(attributes(item))) {
            match item {
                syn::Item::Mod(child) if child.content.is_none() => {
                    let mut full = name.clone();
                    full.push(child.ident.to_string());
                    module.items.insert(child.ident.to_string(), Item::Module(full.clone()));
                    inner.push((place(path, child), full));
                }
                syn::Item::Use(used) => imports(&used.tree, &name, &mut module),
                other => {
                    own_name(other).into_iter().for_each(|own| {
                        module.items.insert(own, Item::Own);
                    });
                }
            }
        }
        let mut seen = Mentions { module: &name, found: BTreeSet::new() };
        parsed.items.iter().filter(|item| !is_test(attributes(item))).for_each(|item| seen.visit_item(item));
        self.mentions.entry(file).or_default().extend(seen.found);
        // of twin files the one that does the work has the name
        self.modules.entry(name).or_insert(module);
        inner.sort_by_key(|(path, _)| path.to_string_lossy().ends_with("_disabled.rs"));
        for (path, full) in inner {
            self.enter(root, &path, full);
        }
    }

    /// The file that defines what a path names.
    fn file_of(&self, path: &[String], depth: usize) -> Option<&str> {
        let mut at: Vec<String> = Vec::new();
        for (i, segment) in path.iter().enumerate() {
            let module = self.modules.get(&at)?;
            match module.items.get(segment) {
                Some(Item::Module(full)) => at = full.clone(),
                Some(Item::Own) => return Some(&module.file),
                Some(Item::From(from)) if depth < 8 => {
                    let mut rest = from.clone();
                    rest.extend_from_slice(&path[i + 1..]);
                    return self.file_of(&rest, depth + 1);
                }
                Some(Item::From(_)) => return None,
                None if i == 0 => return None,
                None => {
                    let mut globs = module.globs.iter().filter(|_| depth < 8).filter_map(|glob| {
                        let mut rest = glob.clone();
                        rest.extend_from_slice(&path[i..]);
                        self.file_of(&rest, depth + 1)
                    });
                    return globs.next().or(Some(&module.file));
                }
            }
        }
        self.modules.get(&at).map(|module| module.file.as_str())
    }

    /// Which files each file imports.
    fn arrows(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let of = |(file, paths): (&'_ String, &'_ BTreeSet<Vec<String>>)| {
            let found = paths.iter().filter_map(|path| self.file_of(path, 0)).filter(|other| *other != file);
            found.collect::<BTreeSet<&str>>()
        };
        self.mentions.iter().map(|(file, paths)| (file.as_str(), of((file, paths)))).collect()
    }
}

/// Where the file of a child module is.
fn place(parent: &Path, child: &syn::ItemMod) -> PathBuf {
    let named = child.attrs.iter().find(|attribute| attribute.path().is_ident("path"));
    let folder = parent.parent().unwrap();
    if let Some(syn::Meta::NameValue(pair)) = named.map(|attribute| &attribute.meta)
        && let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &pair.value
    {
        return folder.join(text.value());
    }
    let stem = parent.file_stem().unwrap();
    let inside = if stem == "mod" || stem == "lib" { folder.to_owned() } else { folder.join(stem) };
    let (flat, deep) =
        (inside.join(format!("{}.rs", child.ident)), inside.join(child.ident.to_string()).join("mod.rs"));
    if flat.exists() { flat } else { deep }
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        _ => &[],
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    let test = |one: &syn::Attribute| {
        one.path().is_ident("cfg") && one.parse_args::<syn::Path>().is_ok_and(|p| p.is_ident("test"))
    };
    attributes.iter().any(test)
}

fn own_name(item: &syn::Item) -> Option<String> {
    Some(match item {
        syn::Item::Const(item) => item.ident.to_string(),
        syn::Item::Enum(item) => item.ident.to_string(),
        syn::Item::Fn(item) => item.sig.ident.to_string(),
        syn::Item::Mod(item) => item.ident.to_string(),
        syn::Item::Static(item) => item.ident.to_string(),
        syn::Item::Struct(item) => item.ident.to_string(),
        syn::Item::Trait(item) => item.ident.to_string(),
        syn::Item::Type(item) => item.ident.to_string(),
        _ => return None,
    })
}

/// A path from inside a module as one from the street of our crates; nothing of other ones.
fn absolute(module: &[String], segments: &[String]) -> Option<Vec<String>> {
    let (first, rest) = segments.split_first()?;
    let base = match first.as_str() {
        "crate" => module[..1].to_vec(),
        own if CRATES.iter().any(|(of, _)| *of == own) => return Some(segments.to_vec()),
        "self" => module.to_vec(),
        "super" => module.split_last()?.1.to_vec(),
        _ => {
            let mut own = module.to_vec();
            own.extend_from_slice(segments);
            return Some(own);
        }
    };
    match rest.first().map(String::as_str) {
        Some("super") => absolute(&base, rest),
        _ => Some(base.into_iter().chain(rest.iter().cloned()).collect()),
    }
}

/// Each name that a `use` brings into a module, with where it comes from.
fn imports(tree: &syn::UseTree, name: &[String], module: &mut Module) {
    for (path, called) in leaves(tree, Vec::new()) {
        let Some(full) = absolute(name, &path) else { continue };
        // a name of another crate looks like a child; it resolves to nothing, which does no harm
        match called {
            Some(called) => {
                module.items.entry(called).or_insert(Item::From(full));
            }
            None => module.globs.push(full),
        }
    }
}

fn leaves(tree: &syn::UseTree, mut so_far: Vec<String>) -> Vec<(Vec<String>, Option<String>)> {
    match tree {
        syn::UseTree::Path(path) => {
            so_far.push(path.ident.to_string());
            leaves(&path.tree, so_far)
        }
        syn::UseTree::Name(name) if name.ident == "self" => {
            let last = so_far.last().cloned();
            vec![(so_far, last)]
        }
        syn::UseTree::Name(name) => {
            so_far.push(name.ident.to_string());
            vec![(so_far, Some(name.ident.to_string()))]
        }
        syn::UseTree::Rename(name) => {
            so_far.push(name.ident.to_string());
            vec![(so_far, Some(name.rename.to_string()))]
        }
        syn::UseTree::Glob(_) => vec![(so_far, None)],
        syn::UseTree::Group(group) => group.items.iter().flat_map(|item| leaves(item, so_far.clone())).collect(),
    }
}

struct Mentions<'a> {
    module: &'a [String],
    found: BTreeSet<Vec<String>>,
}

impl Visit<'_> for Mentions<'_> {
    fn visit_item_use(&mut self, used: &syn::ItemUse) {
        let paths = leaves(&used.tree, Vec::new()).into_iter().map(|(path, _)| path);
        self.found.extend(paths.filter_map(|path| absolute(self.module, &path)));
    }

    fn visit_path(&mut self, path: &syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        // a single name is one that a `use` has brought, which is counted there
        if segments.len() > 1 {
            self.found.extend(absolute(self.module, &segments));
        }
        visit::visit_path(self, path);
    }

    /// `pub(in crate::source)` imports nothing.
    fn visit_visibility(&mut self, _: &syn::Visibility) {}
}

/// The room of a file: its first folder, or itself.
fn room(file: &str) -> &str {
    file.split_once('/').map_or(file.trim_end_matches(".rs"), |(room, _)| room)
}

/// Files that reach each other, in groups of two and more.
fn loops<'f>(arrows: &BTreeMap<&'f str, BTreeSet<&'f str>>) -> Vec<BTreeSet<&'f str>> {
    let reach = |from: &'f str| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
        while let Some(file) = next.pop() {
            next.extend(arrows.get(file).into_iter().flatten().filter(|other| seen.insert(**other)));
        }
        seen
    };
    let all: BTreeMap<&str, BTreeSet<&str>> = arrows.keys().map(|file| (*file, reach(file))).collect();
    let mut groups: BTreeSet<BTreeSet<&str>> = BTreeSet::new();
    for (file, reached) in &all {
        let group: BTreeSet<&str> =
            reached.iter().filter(|other| all.get(*other).is_some_and(|o| o.contains(file))).copied().collect();
        if group.len() > 1 {
            groups.insert(group);
        }
    }
    groups.into_iter().collect()
}

#[test]
fn rooms_import_only_what_they_may() {
    let house = House::read();
    let arrows = house.arrows();
    let mut drawn: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (file, others) in &arrows {
        for other in others.iter().filter(|other| room(other) != room(file)) {
            drawn.entry(room(file)).or_default().insert(room(other));
            let may =
                ROOMS.iter().find(|(own, _)| *own == room(file)).is_some_and(|(_, may)| may.contains(&room(other)));
            if !may {
                wrong.push(format!("{file} imports {other}: {} may not import {}", room(file), room(other)));
            }
        }
    }
    for (own, may) in ROOMS {
        let unused = may.iter().filter(|other| !drawn.get(own).is_some_and(|drawn| drawn.contains(*other)));
        wrong.extend(unused.map(|other| format!("{own} no longer imports {other}: take it off the list")));
    }
    assert!(wrong.is_empty(), "\n{}\n\nall arrows: {drawn:#?}", wrong.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_loop() {
    let house = House::read();
    let found = loops(&house.arrows());
    assert!(found.is_empty(), "files import each other in loops: {found:#?}");
}

#[test]
fn a_loop_is_found() {
    let arrows = BTreeMap::from([
        ("a.rs", BTreeSet::from(["b.rs"])),
        ("b.rs", BTreeSet::from(["c.rs", "d.rs"])),
        ("c.rs", BTreeSet::from(["a.rs"])),
        ("d.rs", BTreeSet::new()),
    ]);
    assert_eq!(loops(&arrows), [BTreeSet::from(["a.rs", "b.rs", "c.rs"])]);
    let own = |text: &str| text.split("::").map(str::to_owned).collect::<Vec<String>>();
    assert_eq!(absolute(&own("a::b"), &own("super::super::c")), Some(own("c")));
    assert_eq!(absolute(&own("a::b"), &own("crate::c::D")), Some(own("a::c::D")));
    assert_eq!(absolute(&own("a::b"), &own("davy_stats::D")), Some(own("davy_stats::D")));
    assert_eq!(absolute(&own("a::b"), &own("self::c")), Some(own("a::b::c")));
    assert_eq!(absolute(&own("a"), &own("c::D")), Some(own("a::c::D")));
}
