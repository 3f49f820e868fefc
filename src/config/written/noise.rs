//! What is learned of the noise before judging, as written.

use schemars::JsonSchema;

use crate::config::plan::Hours;
use crate::notation::Span;
use crate::text::node::Node;
use crate::text::problem::{At, Complaint, Report};
use crate::text::read::{Keys, Read, no_hint};
use crate::text::scalar::{Choice, Scalar};

/// What is learned of the noise of each metric before it is judged.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(in crate::config) struct NoiseEntry {
    /// The past: a duration before the windows that are judged (1d), from the same sources. Or a recording, a file or a
    /// folder (recordings/monday), relative to the configuration.
    #[schemars(with = "String")]
    pub(in crate::config) learn: At<LearnText>,
    /// Which hours of each day: all (default), or same, those of the windows that are judged.
    pub(in crate::config) hours: Option<At<Choice<Hours>>>,
}

/// A length of time, or a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) enum LearnText {
    Before(Span),
    Data(String),
}

impl Scalar for LearnText {
    fn scalar(text: &str) -> Result<Self, Complaint> {
        let text = text.trim();
        if text.contains(['/', '.']) {
            return Ok(LearnText::Data(text.to_owned()));
        }
        match Span::parse(text) {
            Ok(span) if span.0.is_positive() => Ok(LearnText::Before(span)),
            _ => {
                let hint = "write `learn: 1d`, or the path of a recording or file: `learn: ./monday`";
                Err(Complaint::new(format!("`{text}` is neither a length of time nor a path")).hint(hint))
            }
        }
    }
}

impl Read for NoiseEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut keys = Keys::open(node, report, "`noise`", "noise: { learn: 1d }")?;
        let (learn, hours) = (keys.must("learn"), keys.may("hours"));
        keys.close(learn.map(|learn| NoiseEntry { learn, hours }), no_hint)
    }
}
