//! Values as the configuration writes them, for the command line.

use crate::text::problem::Complaint;
use crate::text::quantity;
use crate::text::scalar::{Choice, Scalar};

/// Reads a length of time as the configuration writes it: `90s`, `5m`, `1h30m`.
pub fn span(text: &str) -> Result<crate::series::SignedDuration, Complaint> {
    quantity::Span::parse(text).map(|span| span.0)
}

/// Reads a share as the configuration writes it: `0.1%`, `0.001`.
pub fn share(text: &str) -> Result<f64, String> {
    quantity::Share::parse(text).map(|share| share.0).map_err(spoken)
}

/// Reads how a log of requests is written, as the configuration says it: `alb`.
pub fn request_format(text: &str) -> Result<crate::source::requests::Format, String> {
    Choice::scalar(text).map(|choice| choice.0).map_err(spoken)
}

fn spoken(complaint: Complaint) -> String {
    match complaint.hint {
        Some(hint) => format!("{}: {hint}", complaint.message),
        None => complaint.message,
    }
}
