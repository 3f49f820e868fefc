//! The answer as a short message for Slack: what happened, what failed, what to do.
//!
//! The text is Slack's mrkdwn, in which `&`, `<` and `>` are escaped and nothing else can be; so no name can become a link or
//! call a channel. It stays under 3,000 characters, the most that one block of text holds.

use super::decided::decided;
use super::document::{Document, Finding, Outcome, Severity};
use super::prose::plain;
use super::words;

const LONGEST: usize = 3_000;
const LONGEST_NAME: usize = 100;
const LONGEST_TEXT: usize = 300;
const MOST_CRITERIA: usize = 10;

/// The text of the message.
pub fn slack(document: &Document) -> String {
    let decided = decided(document);
    let document = decided.as_ref();
    let title = words::title(document);
    let colon = if title.is_empty() { "" } else { ": " };
    let mut text = format!("*{}{colon}{}*", document.outcome.word(), escaped(&title, LONGEST_NAME));
    if !document.summary.is_empty() {
        text.push_str(&format!("\n{}", escaped(&document.summary, LONGEST_TEXT)));
    }
    let advice = format!("\nRecommendation: {}", escaped(&words::advice(document), LONGEST_NAME));
    let findings = to_tell(document);
    // what stands below the criteria has its place kept
    let room = LONGEST - advice.chars().count() - 40;
    let mut told = 0;
    for finding in findings.iter().take(MOST_CRITERIA) {
        let line = format!("\n• {}", item(finding));
        if text.chars().count() + line.chars().count() > room {
            break;
        }
        text.push_str(&line);
        told += 1;
    }
    if told < findings.len() {
        text.push_str(&format!("\n… and {} more", findings.len() - told));
    }
    text + &advice
}

/// The findings that the answer is about, the worst first.
fn to_tell(document: &Document) -> Vec<&Finding> {
    let decides = |finding: &&Finding| finding.outcome != Outcome::Pass && finding.severity != Severity::Muted;
    words::worst_first(document).into_iter().filter(decides).collect()
}

fn item(finding: &Finding) -> String {
    let name = escaped(&words::criterion(finding), LONGEST_NAME);
    let why = escaped(&finding.sentence, LONGEST_TEXT);
    format!("{} {name}: {why}", finding.outcome.word())
}

/// Plain text of at most so many characters, in which nothing is a link, a mention or a reference.
fn escaped(text: &str, characters: usize) -> String {
    let text = plain(text);
    let mut cut: String = text.chars().take(characters).collect();
    if cut.len() < text.len() {
        cut.pop();
        cut.push('…');
    }
    cut.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
