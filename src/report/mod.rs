//! Verdict in, text out.
