//! Tests of reality.
