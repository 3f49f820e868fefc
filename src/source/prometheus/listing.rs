//! What a server that speaks the API of Prometheus has: metrics with their kinds and the labels of their series.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::promql::{self, Mistake};

/// What to look for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The name of a metric; all of them when absent.
    pub name: Option<String>,
    /// A part of the name, in any case.
    pub part: Option<String>,
    /// Matchers of labels.
    pub matchers: Matching,
}

/// Matchers of labels, as they stand between braces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matching {
    text: String,
    /// The labels, and whether a matcher says what the value is.
    labels: BTreeMap<String, bool>,
}

/// What there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Metrics with series in the last hour, by name. Buckets of classic histograms count as the histogram.
    pub metrics: Vec<Listed>,
    /// How many metrics there are beside them, whose series were not looked at.
    pub others: usize,
}

/// A metric with its series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name; that of a classic histogram ends with `_bucket`.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The labels of each of its series, without the name.
    pub series: Vec<Vec<(String, String)>>,
}

/// What a metric is, by what its target says of it, else by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It counts.
    Counter,
    /// It counts by size.
    Histogram,
    /// Anything else.
    Gauge,
}

impl Listing {
    /// What a text means: `{job="api"}`, `job="api"`, the name of a metric with matchers, or a part of a name.
    ///
    /// # Errors
    ///
    /// It is a selector with a mistake.
    pub fn of(text: &str) -> Result<Listing, Mistake> {
        let text = text.trim();
        if !text.contains(['{', '=']) {
            return Ok(Listing { part: Some(text.to_lowercase()), ..Listing::default() });
        }
        let braced = if text.contains('{') { text.to_owned() } else { format!("{{{text}}}") };
        let selector = promql::selector(&braced)?;
        let name = selector.name().map(str::to_owned);
        let shown = name.as_ref().map_or_else(|| selector.clone(), |name| selector.renamed(name)).to_string();
        let matchers = shown.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}')).map_or("", |(inner, _)| inner);
        Ok(Listing { name, part: None, matchers: Matching::of(matchers, &selector) })
    }
}

impl Matching {
    fn of(text: &str, selector: &promql::Selector) -> Matching {
        let mut labels: BTreeMap<String, bool> = BTreeMap::new();
        for (label, is_chosen) in selector.mentioned() {
            *labels.entry(label.to_owned()).or_default() |= is_chosen;
        }
        Matching { text: text.to_owned(), labels }
    }

    /// Whether everything matches.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether a matcher is about a label.
    pub fn mentions(&self, label: &str) -> bool {
        self.labels.contains_key(label)
    }

    /// Whether a matcher says what the value of a label is, and not only what it is not.
    pub fn chooses(&self, label: &str) -> bool {
        self.labels.get(label).is_some_and(|is_chosen| *is_chosen)
    }
}

impl fmt::Display for Matching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Listed {
    /// The values that a label has.
    pub fn values(&self, label: &str) -> BTreeSet<&str> {
        let own = self.series.iter().flatten().filter(|(name, _)| name == label);
        own.map(|(_, value)| value.as_str()).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_for_is_a_selector_or_a_part_of_a_name() {
        let of = |text: &str| Listing::of(text).unwrap();
        let looked_for = |text: &str| {
            let Listing { name, part, matchers } = of(text);
            assert_eq!(part, None);
            (name, matchers.to_string())
        };
        assert_eq!(looked_for("{job=\"api\"}"), (None, "job=\"api\"".to_owned()));
        assert_eq!(looked_for("job=\"api\""), (None, "job=\"api\"".to_owned()));
        assert_eq!(looked_for("up{job=\"api\"}"), (Some("up".to_owned()), "job=\"api\"".to_owned()));
        assert_eq!(of("Checkout").part.as_deref(), Some("checkout"));
        assert!(Listing::of("{job=api}").is_err());
        assert!(Listing::of("rate(http_requests_total{job=\"api\"}[5m])").is_err());
    }

    #[test]
    fn matchers_mention_the_labels_that_they_are_about() {
        let matchers = Listing::of("up{cronjob=\"x,version\",path!=\"/a\",zone=~\"a|b\"}").unwrap().matchers;
        let labels = ["cronjob", "job", "path", "version", "zone"];
        assert_eq!(labels.map(|label| matchers.mentions(label)), [true, false, true, false, true]);
        assert_eq!(labels.map(|label| matchers.chooses(label)), [true, false, false, false, true]);
        assert!(Matching::default().is_empty() && !matchers.is_empty());
    }
}
