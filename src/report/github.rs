//! The verdict on GitHub Actions: a summary of the step, and annotations of the run.
//!
//! The summary is the Markdown report with more room. Annotations are workflow commands, lines that the runner takes out of
//! a step's output. It shows ten errors, ten warnings and ten notices of a step and drops the others without a word, so the
//! last one of each kind counts those that are not there.

use super::decided;
use super::document::{Document, Finding, Outcome, Severity};
use super::markdown;
use super::prose::{cut, plain};
use super::words;

/// A step's summary may have 1 MiB, and beyond it nothing at all is shown; a margin is for masked secrets, which grow.
pub const SUMMARY_BYTES: usize = 1024 * 1024 - 16 * 1024;

/// How many annotations of a kind are shown of a step.
const SHOWN: usize = 10;
const LONGEST_TITLE: usize = 200;
const LONGEST_MESSAGE: usize = 2_000;

/// The summary in so many bytes at most; empty where not even the answer has room.
pub fn summary(document: &Document, bytes: usize) -> String {
    markdown::render(document, bytes.min(SUMMARY_BYTES))
}

/// The annotations: the answer first, then what did not pass, the worst first.
pub fn annotations(document: &Document) -> String {
    let decided = decided::decided(document);
    let document = decided.as_ref();
    let all: Vec<Annotation> =
        [whole(document)].into_iter().chain(each(document)).chain(not_judged(document)).collect();
    let mut text = String::new();
    for kind in ["error", "warning", "notice"] {
        let of_kind: Vec<&Annotation> = all.iter().filter(|annotation| annotation.kind == kind).collect();
        let shown = if of_kind.len() > SHOWN { SHOWN - 1 } else { of_kind.len() };
        of_kind[..shown].iter().for_each(|annotation| text.push_str(&annotation.line()));
        let more = of_kind.len() - shown;
        if more > 0 {
            let message = format!("{more} more are not shown here; the report has them.");
            text.push_str(&Annotation { kind, title: format!("… and {more} more"), message }.line());
        }
    }
    text
}

/// A line that the runner understands.
struct Annotation {
    kind: &'static str,
    title: String,
    message: String,
}

impl Annotation {
    fn line(&self) -> String {
        let title = data(&cut(&self.title, LONGEST_TITLE)).replace(':', "%3A").replace(',', "%2C");
        format!("::{} title={title}::{}\n", self.kind, data(&cut(&self.message, LONGEST_MESSAGE)))
    }
}

/// Text as the runner takes it apart again.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The verdict as a whole.
fn whole(document: &Document) -> Annotation {
    let name = words::title(document);
    let name = if name.is_empty() { "davy".into() } else { name };
    let summary = plain(&document.summary);
    let summary = if summary.is_empty() { document.outcome.word().into() } else { summary };
    let advice = words::advice(document);
    Annotation {
        kind: kind(document.outcome),
        title: format!("{}: {name}", document.outcome.word()),
        message: format!("{summary}\n{advice}."),
    }
}

/// What did not pass; what never decides is a notice.
fn each(document: &Document) -> impl Iterator<Item = Annotation> {
    let others = words::worst_first(document).into_iter().filter(|finding| finding.outcome != Outcome::Pass);
    let is_of_another = decided::rule(document).is_some();
    others.map(move |finding: &Finding| {
        let remark = finding.notes.first().filter(|_| is_of_another);
        let sentences = [Some(&finding.sentence), finding.decide.as_ref(), remark].into_iter().flatten();
        let sentences: Vec<String> = sentences.map(|text| plain(text)).filter(|text| !text.is_empty()).collect();
        Annotation {
            kind: match finding.severity {
                Severity::Muted => "notice",
                _ => kind(decided::limited(document, finding.outcome)),
            },
            title: format!("{}: {}", finding.outcome.word(), words::criterion(finding)),
            message: if sentences.is_empty() { plain(&finding.reason) } else { sentences.join("\n") },
        }
    })
}

/// What no criterion judges and so limits the verdict.
fn not_judged(document: &Document) -> impl Iterator<Item = Annotation> {
    let limiting = words::not_judged(document).into_iter().filter(|one| one.at_best > Outcome::Pass);
    limiting.map(|one| Annotation {
        kind: kind(one.at_best),
        title: format!("Not judged: {}", plain(&one.what)),
        message: words::why_not(one),
    })
}

fn kind(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Fail => "error",
        Outcome::Inconclusive | Outcome::Warn => "warning",
        Outcome::Pass => "notice",
    }
}
