//! The book in `docs/` and README: every link leads to its place, every page has its line in the table of contents, the
//! generated pages are fresh, and the language is plain.

mod errors;
mod keys;
mod language;
mod markdown;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use markdown::Page;

use crate::world::root;

/// README and every page of the book but its table of contents, by their paths.
pub fn pages() -> Vec<String> {
    let pattern = root().join("docs/**/*.md").to_string_lossy().into_owned();
    let docs = glob::glob(&pattern).unwrap().map(|page| page.unwrap());
    let docs = docs.map(|page| page.strip_prefix(root()).unwrap().to_string_lossy().into_owned());
    ["README.md".to_owned()].into_iter().chain(docs.filter(|page| page != SUMMARY)).collect()
}

const SUMMARY: &str = "docs/SUMMARY.md";

fn text(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A generated page is what the code says; `UPDATE=1` writes it.
fn hold_fresh(name: &str, fresh: &str) {
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(root().join(name).parent().unwrap()).unwrap();
        fs::write(root().join(name), fresh).unwrap();
    }
    let written = fs::read_to_string(root().join(name)).unwrap_or_default();
    assert!(written == fresh, "{name} is not what the code says: run the tests with UPDATE=1, and read the difference");
}

/// The path of a link's target inside the repository, without `.` and `..`.
fn resolved(page: &str, target: &str) -> PathBuf {
    let mut path = PathBuf::from(page).parent().map(PathBuf::from).unwrap();
    for part in Path::new(target).components() {
        match part {
            Component::ParentDir => assert!(path.pop(), "{page}: {target} leaves the repository"),
            Component::CurDir => {}
            part => path.push(part),
        }
    }
    path
}

/// What is wrong with a link of a page; nothing for addresses elsewhere.
fn fault(page: &str, here: &Page, target: &str) -> Option<String> {
    if target.contains("://") {
        return None;
    }
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let file = if path.is_empty() { PathBuf::from(page) } else { resolved(page, path) };
    if !root().join(&file).exists() {
        return Some(format!("{page}: {target}: the file does not exist"));
    }
    if page.starts_with("docs/") && !file.starts_with("docs") {
        return Some(format!(
            "{page}: {target} leaves the book: write the path as code, since the book is read elsewhere"
        ));
    }
    let anchor = anchor?;
    let there = if path.is_empty() { None } else { Some(Page::read(&text(&file.to_string_lossy()))) };
    let is_there = there.as_ref().unwrap_or(here).anchors.contains(anchor);
    (!is_there).then(|| format!("{page}: {target}: the page does not have this heading"))
}

#[test]
fn every_link_of_the_book_leads_to_a_file_and_to_a_heading() {
    let others = [
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "fixtures/README.md",
        "fixtures/hooks/README.md",
        "fixtures/lambda/README.md",
        "reports/README.md",
    ];
    let mut faults = Vec::new();
    for name in pages().into_iter().chain([SUMMARY.to_owned()]).chain(others.map(str::to_owned)) {
        let page = Page::read(&text(&name));
        faults.extend(page.links.iter().filter_map(|target| fault(&name, &page, target)));
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn the_table_of_contents_names_every_page_once() {
    let listed: Vec<String> = Page::read(&text(SUMMARY))
        .links
        .iter()
        .map(|link| resolved(SUMMARY, link).to_string_lossy().into_owned())
        .collect();
    let once: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(once.len(), listed.len(), "a page is listed twice: {listed:?}");
    let existing: BTreeSet<String> = pages().into_iter().filter(|page| page.starts_with("docs/")).collect();
    let missing: Vec<_> = existing.difference(&once).collect();
    assert!(missing.is_empty(), "{SUMMARY} needs a line for {missing:?}");
    let gone: Vec<_> = once.difference(&existing).collect();
    assert!(gone.is_empty(), "{SUMMARY} lists {gone:?}, which do not exist");
}

#[test]
fn every_page_begins_with_its_only_title() {
    for name in pages() {
        let text = text(&name);
        assert!(text.starts_with("# "), "{name} begins without a title");
        assert_eq!(Page::read(&text).titles, 1, "{name} has more than one title");
    }
}

#[test]
fn readme_stays_a_page_that_people_finish() {
    let lines = text("README.md").lines().count();
    assert!(lines <= 180, "README has {lines} lines: move what a newcomer does not need into docs/");
}

#[test]
fn a_fault_of_a_link_is_found() {
    let page = Page::read("# Title\n\n## One `two`, three\n\n## One `two`, three\n");
    assert_eq!(page.anchors.iter().collect::<Vec<_>>(), ["one-two-three", "one-two-three-1", "title"]);
    let fault = |target: &str| fault("docs/soak.md", &page, target).unwrap_or_default();
    assert_eq!(fault("#one-two-three"), "");
    assert_eq!(fault("https://example.com/#x"), "");
    assert!(fault("#two").ends_with("does not have this heading"));
    assert!(fault("missing.md").ends_with("does not exist"));
    assert!(fault("../README.md").contains("leaves the book"));
    assert!(fault("hooks.md#missing").ends_with("does not have this heading"));
}
