//! What a server that speaks the API of Prometheus has: metrics with their kinds and the labels of their series.

use std::collections::BTreeSet;

use super::promql::{self, Mistake};

/// What to look for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The name of a metric; all of them when absent.
    pub name: Option<String>,
    /// A part of the name, in any case.
    pub part: Option<String>,
    /// Matchers of labels, as they stand between braces.
    pub matchers: String,
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
        Ok(Listing { name, part: None, matchers: matchers.to_owned() })
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
        let matching = |name: Option<&str>, matchers: &str| Listing {
            name: name.map(str::to_owned),
            part: None,
            matchers: matchers.to_owned(),
        };
        assert_eq!(of("{job=\"api\"}"), matching(None, "job=\"api\""));
        assert_eq!(of("job=\"api\""), matching(None, "job=\"api\""));
        assert_eq!(of("up{job=\"api\"}"), matching(Some("up"), "job=\"api\""));
        assert_eq!(of("Checkout").part.as_deref(), Some("checkout"));
        assert!(Listing::of("{job=api}").is_err());
        assert!(Listing::of("rate(http_requests_total{job=\"api\"}[5m])").is_err());
    }
}
