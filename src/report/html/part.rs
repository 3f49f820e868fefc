//! What the parts of a page are made of: names, sentences, signs, tables that scroll.

use maud::{Markup, html};

use crate::judge::rules::Unit;
use crate::judge::words::{count, quantity};
use crate::report::document::Outcome;
use crate::report::prose::{fit, plain};

const LONGEST_NAME: usize = 200;

const LONGEST_TEXT: usize = 1_200;

/// A section of the page.
pub(super) struct Part {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) body: Markup,
}

/// A name, made plain and not longer than a page can bear.
pub(in crate::report) fn name(text: &str) -> String {
    fit(&plain(text), LONGEST_NAME)
}

/// A sentence, made plain and not longer than a page can bear; a number stays with its unit.
pub(in crate::report) fn prose(text: &str) -> String {
    [" %", " ms", " pp"]
        .iter()
        .fold(fit(&plain(text), LONGEST_TEXT), |text, unit| text.replace(unit, &unit.replace(' ', "\u{a0}")))
}

/// A value beside an axis. A unit too long for that is left to the words below the picture.
pub(super) fn axis_label(value: f64, unit: &Unit) -> String {
    let text = plain(&quantity(value, unit));
    let number = text.split_once(' ').filter(|_| text.chars().count() > 9).map(|(number, _)| number);
    fit(number.unwrap_or(&text), 9)
}

/// An outcome as a word with its sign, so that the colour is not needed.
pub(in crate::report) fn chip(outcome: Outcome) -> Markup {
    html! { span class=(format!("chip {}", class(outcome))) { span aria-hidden="true" { (sign(outcome)) } " " (outcome.word()) } }
}

pub(in crate::report) fn class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "pass",
        Outcome::Warn => "warn",
        Outcome::Inconclusive => "open",
        Outcome::Fail => "fail",
    }
}

pub(super) fn sign(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "✓",
        Outcome::Warn => "!",
        Outcome::Inconclusive => "?",
        Outcome::Fail => "✕",
    }
}

/// Each answer in a word, the worst first.
pub(in crate::report) const ANSWERS: [(Outcome, &str); 4] = [
    (Outcome::Fail, "failed"),
    (Outcome::Warn, "warned"),
    (Outcome::Inconclusive, "undecided"),
    (Outcome::Pass, "passed"),
];

/// How often which answer was given, those that were: `2 failed, 8 undecided, 28 passed`.
pub(in crate::report) fn counted(
    words: [(Outcome, &str); 4],
    outcomes: impl Iterator<Item = Outcome> + Clone,
) -> String {
    let each = words.map(|(wanted, word)| (outcomes.clone().filter(|outcome| *outcome == wanted).count() as u64, word));
    let each: Vec<String> =
        each.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{} {word}", count(*n))).collect();
    each.join(", ")
}

/// What is left out of a list, and where it is.
pub(super) fn left_out(all: usize, shown: usize, what: &str) -> Markup {
    html! {
        @if all > shown {
            p class="cut" {
                (count((all - shown) as u64)) " more " (what) " are left out here: a page must stay openable. They are in the \
                 verdict as JSON (" code { "--report json=verdict.json" } ")."
            }
        }
    }
}

/// A table that a narrow screen can scroll, also by keyboard.
pub(super) fn scrolling(label: &str, table: &Markup) -> Markup {
    html! { div class="scroll" role="region" aria-label=(label) tabindex="0" { (table) } }
}

/// How a line is drawn, to stand beside its name.
pub(super) fn swatch(class: &str) -> Markup {
    html! {
        svg class="swatch" viewBox="0 0 26 8" aria-hidden="true" { line class=(class) x1="1" x2="25" y1="4" y2="4" {} }
    }
}

/// How the bars or lines of both arms are drawn, with their names.
pub(super) fn arms_key(baseline: &str, canary: &str) -> Markup {
    html! { span class="arm" { (swatch(baseline)) " baseline" } " " span class="arm" { (swatch(canary)) " canary" } }
}

/// A name and its texts, row by row.
pub(super) fn facts<'a>(rows: impl IntoIterator<Item = (&'a str, String)>) -> Markup {
    html! { dl class="facts" { @for (name, text) in rows { div { dt { (name) } dd { (prose(&text)) } } } } }
}
