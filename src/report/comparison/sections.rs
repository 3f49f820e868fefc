//! The sections of a comparison's page: what their metrics are about, and what is to be said of percentiles.

use super::document::About;

/// What metrics are about, in the order of the sections.
pub(super) const SECTIONS: [(About, &str); 4] = [
    (About::Errors, "Error rates"),
    (About::Latency, "Latency"),
    (About::Good, "Cache performance and other good shares"),
    (About::Other, "Other metrics"),
];

/// What percentiles are of.
pub(super) const PERCENTILES: &str = "Percentiles are of requests where requests are known. A typical percentile is one that a \
                                      monitoring system computed, in the typical step; what is across steps is of those numbers and \
                                      of no request.";
