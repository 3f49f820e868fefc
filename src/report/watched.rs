//! The page of a soak that a server watches: how far it is, each criterion, and the evidence from look to look. It moves by itself.
//!
//! Without script the browser loads it again. With it, a few lines put the new content where the old was each time that the server
//! has a look to tell. The page's policy allows these lines by their digest, and nothing from elsewhere.

use jiff::{Timestamp, Unit};
use maud::{Markup, html};

use super::document::Document;
use super::html::{class, live, moving, name, prose, shell};

/// What moves the page.
const SCRIPT: &str = include_str!("watched.js");

/// A watch as people see it.
#[derive(Debug, Clone)]
pub struct Watched {
    /// Its name.
    pub id: String,
    /// The gate.
    pub gate: String,
    /// How far it is.
    pub stage: Stage,
    /// When it was asked for.
    pub at: Timestamp,
    /// When the next look is due.
    pub next: Option<Timestamp>,
    /// What is to be said of it.
    pub sentence: String,
    /// The last look, with all looks so far.
    pub latest: Option<Document>,
}

/// How far a watch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It goes on.
    Running,
    /// It has its answer.
    Ended,
    /// It cannot be answered.
    Failed,
    /// A caller ended it.
    Cancelled,
}

/// A watch among others.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its name.
    pub id: String,
    /// The gate.
    pub gate: String,
    /// When it was asked for.
    pub at: Timestamp,
    /// What is to be said of it.
    pub sentence: String,
}

impl Watched {
    /// How far it is, in a word; and the colours of that.
    fn word(&self) -> (&'static str, &'static str) {
        match (self.stage, &self.latest) {
            (Stage::Running, _) => ("RUNNING", "open"),
            (Stage::Ended, Some(document)) => (document.outcome.word(), class(document.outcome)),
            (Stage::Ended | Stage::Failed, _) => ("NOT JUDGED", "open"),
            (Stage::Cancelled, _) => ("CANCELLED", "open"),
        }
    }
}

/// The page of one watch.
pub fn page(watched: &Watched) -> String {
    let (word, class) = watched.word();
    let body = html! {
        header class=(format!("verdict {class}")) {
            h1 { span class="word" { (word) } " " span class="of" { (name(&watched.gate)) } }
            p class="summary" { (prose(&watched.sentence)) }
            @if let Some(next) = watched.next { p { "The next look is due at " (instant(next)) "." } }
            p {
                a href="/" { "All gates" } ", " a href=(format!("/gates/{}", watched.gate)) { "the gate" }
                @if watched.latest.is_some() { ", " a href=(format!("/watches/{}.html", watched.id)) { "the report of the last look" } }
            }
        }
        main id="main" {
            @match &watched.latest {
                Some(document) => { (live(document)) }
                None => { p { "There was no look yet." } }
            }
        }
    };
    let title = format!("{word}: {}", name(&watched.gate));
    if watched.stage == Stage::Running { moving(&title, &body, SCRIPT) } else { shell(&title, &body) }
}

/// The watches that go on, for the page of all gates.
pub(super) fn list(watches: &[Row]) -> Markup {
    html! {
        @if !watches.is_empty() {
            h2 { "Watches" }
            div class="scroll" role="region" aria-label="Watches" tabindex="0" {
                table {
                    thead { tr { th scope="col" { "Gate" } th scope="col" { "Since" } th scope="col" { "Now" } } }
                    tbody {
                        @for row in watches {
                            tr {
                                th scope="row" { a href=(format!("/watches/{}", row.id)) { (name(&row.gate)) } }
                                td { (instant(row.at)) }
                                td { (prose(&row.sentence)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// An instant as people read it.
pub(super) fn instant(at: Timestamp) -> String {
    at.round(Unit::Second).unwrap_or(at).to_string()
}
