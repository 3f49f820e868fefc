//! Prometheus and VictoriaMetrics as they run, filled with a truth that is known.

mod access;
mod discover;
mod faults;
mod gate;
mod scrapes;
pub mod server;
mod servers;
pub mod truth;
