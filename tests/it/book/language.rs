//! Plain English, as far as a test can hold it: no phrase of the list below, and no sentence of more than 25 words.
//!
//! README and the book hold both, the texts of the program the list. The chapter of errors quotes the program, so it is held
//! there.

use syn::visit::Visit;

use super::markdown::Page;
use super::{pages, root, text};
use crate::tidy::CRATES;

/// What a sentence does not need. "Is no" is "is not a"; a passive without an actor hides who acts.
const PHRASES: &[&str] = &[
    "is no",
    "are no",
    "was no",
    "is told",
    "are told",
    "is said",
    "are said",
    "is asked",
    "are asked",
    "of which",
    "where there is",
    "where there are",
    "there is none",
    "nobody",
    "so many",
    "in the place of",
    "and that is",
];

const WORDS_PER_SENTENCE: usize = 25;

/// Pages that quote the program.
const QUOTING: &[&str] = &["docs/errors.md"];

/// How often a phrase stands in a text, as whole words. "There is no metric" is plain; "an average is no count" is not.
fn count(text: &str, phrase: &str) -> usize {
    let text =
        text.to_lowercase().replace("there is no ", "").replace("there are no ", "").replace("there was no ", "");
    let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let stands =
        |at: usize| is_edge(text[..at].chars().next_back()) && is_edge(text[at + phrase.len()..].chars().next());
    text.match_indices(phrase).filter(|(at, _)| stands(*at)).count()
}

/// The sentences of a paragraph. A point inside a number or a name ends none.
fn sentences(block: &str) -> Vec<&str> {
    let (mut found, mut start) = (Vec::new(), 0);
    let ends = |c: char| matches!(c, '.' | '?' | '!');
    for (at, space) in block.match_indices(' ') {
        let before = block[start..at].trim_end_matches(['"', ')', '”']);
        if before.ends_with(ends) {
            found.push(&block[start..at]);
            start = at + space.len();
        }
    }
    found.push(&block[start..]);
    found
}

fn words(sentence: &str) -> usize {
    sentence.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count()
}

#[test]
fn the_book_is_written_in_short_plain_sentences() {
    let mut found = Vec::new();
    for name in pages().into_iter().filter(|name| !QUOTING.contains(&name.as_str())) {
        for block in Page::read(&text(&name)).prose {
            let long = sentences(&block).into_iter().filter(|sentence| words(sentence) > WORDS_PER_SENTENCE);
            found.extend(long.map(|sentence| format!("{name}: {} words: {sentence}", words(sentence))));
            let phrases = PHRASES.iter().filter(|phrase| count(&block, phrase) > 0);
            found.extend(phrases.map(|phrase| format!("{name}: `{phrase}`: {block}")));
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// The texts of files: string literals outside tests, and the doc comments of the command line, which are its help.
#[derive(Default)]
struct Literals {
    texts: Vec<String>,
    is_help: bool,
}

impl<'ast> Visit<'ast> for Literals {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if item.ident != "tests" {
            syn::visit::visit_item_mod(self, item);
        }
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if self.is_help || !attribute.path().is_ident("doc") {
            syn::visit::visit_attribute(self, attribute);
        }
    }

    fn visit_lit_str(&mut self, literal: &'ast syn::LitStr) {
        self.texts.push(literal.value());
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.tokens(item.tokens.clone());
    }
}

impl Literals {
    fn tokens(&mut self, tokens: proc_macro2::TokenStream) {
        for token in tokens {
            match token {
                proc_macro2::TokenTree::Group(group) => self.tokens(group.stream()),
                proc_macro2::TokenTree::Literal(literal) => {
                    if let syn::Lit::Str(text) = syn::Lit::new(literal) {
                        self.texts.push(text.value());
                    }
                }
                _ => {}
            }
        }
    }
}

#[test]
fn the_texts_of_the_program_are_plain() {
    let mut literals = Literals::default();
    let files = CRATES.iter().flat_map(|(_, folder)| {
        let pattern = root().join(folder).join("**/*.rs").to_string_lossy().into_owned();
        glob::glob(&pattern).unwrap().map(|path| path.unwrap())
    });
    for path in files.filter(|path| !path.ends_with("tests.rs")) {
        literals.is_help = path.starts_with(root().join("src/cli")) || path.ends_with("src/cli.rs");
        literals.visit_file(&syn::parse_file(&std::fs::read_to_string(path).unwrap()).unwrap());
    }
    assert!(literals.texts.len() > 3_000, "the texts of the program are gone: {}", literals.texts.len());
    let phrases = |text: &String| PHRASES.iter().any(|phrase| count(text, phrase) > 0);
    let found: Vec<&String> = literals.texts.iter().filter(|text| phrases(text)).collect();
    assert!(found.is_empty(), "a text says what plain English says otherwise: {found:#?}");
}

#[test]
fn phrases_and_sentences_are_counted() {
    assert_eq!(count("There is no one. A is no b. This no is not", "is no"), 1);
    assert_eq!(sentences("At 0.5 % it ends. (So it does.) Go on").len(), 3);
    assert_eq!(words("davy – 95 % of CODE"), 4);
}
