//! A page of Markdown as the tests see it: its headings, its links, and its prose without code.

use std::collections::{BTreeMap, BTreeSet};

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// What a page has.
#[derive(Debug, Default)]
pub struct Page {
    /// The addresses of its headings, as GitHub and mdBook make them.
    pub anchors: BTreeSet<String>,
    /// How many headings of the first level it has.
    pub titles: usize,
    /// The targets of its links, in order.
    pub links: Vec<String>,
    /// Its paragraphs, list items, table cells and headings, each as one text. Inline code is the word `CODE`.
    pub prose: Vec<String>,
}

impl Page {
    /// Reads a page.
    pub fn read(text: &str) -> Page {
        let mut page = Page::default();
        let (mut block, mut heading, mut code) = (String::new(), None, false);
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match &event {
                Event::Start(Tag::Heading { level, .. }) => {
                    page.titles += usize::from(*level == HeadingLevel::H1);
                    heading = Some(String::new());
                }
                Event::End(TagEnd::Heading(_)) => {
                    let address = address(&heading.take().unwrap_or_default());
                    let times = seen.entry(address.clone()).and_modify(|times| *times += 1).or_insert(0);
                    page.anchors.insert(if *times == 0 { address } else { format!("{address}-{times}") });
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(dest_url.to_string())
                }
                Event::Start(Tag::CodeBlock(_)) => code = true,
                Event::End(TagEnd::CodeBlock) => code = false,
                Event::Text(part) if !code => {
                    block.push_str(part);
                    heading.iter_mut().for_each(|heading| heading.push_str(part));
                }
                Event::Code(part) => {
                    block.push_str("CODE");
                    heading.iter_mut().for_each(|heading| heading.push_str(part));
                }
                Event::SoftBreak | Event::HardBreak => block.push(' '),
                _ => {}
            }
            if ends_block(&event) && !block.trim().is_empty() {
                page.prose.push(std::mem::take(&mut block));
            }
        }
        page
    }
}

/// Whether a sentence cannot go on after this.
fn ends_block(event: &Event) -> bool {
    let ends = [TagEnd::Paragraph, TagEnd::Item, TagEnd::TableCell];
    match event {
        Event::End(TagEnd::Heading(_)) | Event::Start(Tag::List(_) | Tag::Table(_)) => true,
        Event::End(end) => ends.contains(end),
        _ => false,
    }
}

/// The address of a heading: small letters, digits, `_` and `-`; spaces become `-`.
fn address(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}
