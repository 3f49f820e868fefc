//! Errors with a name that a caller can catch.

use crate::serve::Refused;

/// Why there is no answer, in a word that a caller can catch and a sentence for people.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fault {
    pub(super) kind: &'static str,
    pub(super) why: String,
}

impl Fault {
    /// The event, the configuration or the data are wrong: the same event fails again.
    pub(super) fn wrong(why: impl Into<String>) -> Fault {
        Fault { kind: "davy.Wrong", why: why.into() }
    }

    /// A source or a service did not answer: the same event may do better.
    pub(super) fn source(why: impl Into<String>) -> Fault {
        Fault { kind: "davy.Source", why: why.into() }
    }

    /// The function's time was over before there was an answer.
    pub(super) fn late(why: impl Into<String>) -> Fault {
        Fault { kind: "davy.Late", why: why.into() }
    }

    /// The judgement broke off.
    pub(super) fn bug() -> Fault {
        Fault { kind: "davy.Bug", why: "the judgement broke off: that is a bug in davy".into() }
    }

    /// Whether the same event may do better. A soak has had patience with its source.
    pub(super) fn may_pass(&self, has_soak: bool) -> bool {
        self.kind == "davy.Late" || (self.kind == "davy.Source" && !has_soak)
    }
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Fault {
        match refused {
            Refused::Source(why) => Fault::source(why),
            Refused::Unknown(why) | Refused::Wrong(why) => Fault::wrong(why),
        }
    }
}
