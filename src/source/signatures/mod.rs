//! What logs say: lines become templates with counts per arm and step.
//!
//! ```text
//!  inputs ──► lines ──► record ──► mask ──► tally ──► mine ──► Signatures
//!  files,     without   time,      marks    per arm   words    templates,
//!  answers    wraps     message,   instead  and step  that     counts
//!                       level      of data            differ
//! ```
//!
//! A line needs a time and a message. JSON, logfmt, CSV and plain text are read, inside of what a container writes around them, and
//! the answers of Loki and of CloudWatch Logs. What goes on over several lines (a stack trace) is its first line. Nothing but masked
//! text leaves this module, unless somebody asks for the text as it is.

mod asked;
mod document;
mod level;
mod mask;
mod mine;
mod plain_text;
mod read;
mod record;
mod recorded;
mod tally;

pub use asked::{Lines, Log, Spans};
pub use mask::masked;
pub use mine::templates;
pub use read::read;
pub use recorded::{COLUMNS, END, recorded};
