//! How every answer was reached, folded away: for who doubts it, and who must sign it.

use maud::html;

use super::super::document::{Document, Finding};
use super::super::words;
use super::part::{Part, facts, left_out, name};
use crate::judge::rules::Unit;
use crate::judge::words::{count, quantity};

const MOST: usize = 300;

pub(super) fn part(document: &Document, findings: &[&Finding]) -> Option<Part> {
    let level = document.level.map(|level| ("confidence", quantity(level.get(), &Unit::Share)));
    let score = words::score(document).map(|score| ("score", score));
    let warmup = (document.warmup_steps > 0).then(|| ("warm-up", format!("{} steps", count(document.warmup_steps))));
    let body = html! {
        details {
            summary { "How each answer was reached" }
            (facts(level.into_iter().chain(score).chain(warmup)))
            @for finding in findings.iter().take(MOST) {
                h3 { (finding.outcome.word()) " " (name(&words::criterion(finding))) }
                (facts(words::details(finding).into_iter().map(|(name, texts)| (name, texts.join("; ")))))
            }
            (left_out(findings.len(), MOST, "criteria"))
        }
    };
    (!findings.is_empty()).then_some(Part { id: "method", title: "Method and parameters", body })
}
