//! One binary for everything that is tested from outside: a file per theme.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod aggregates;
mod agreement;
#[cfg(feature = "aws")]
mod aws;
mod cases;
mod cli;
mod compare;
mod config;
mod config_text;
mod cost;
mod false_pass;
mod fetching;
mod field;
mod foresight;
mod garbage;
mod histograms;
mod hooks;
mod instances;
mod judge_properties;
mod judging;
mod latency;
mod logs;
mod looking;
mod looks;
mod lost;
mod mutations;
mod operating;
mod packs;
mod promises;
mod properties;
mod readme;
mod reality;
mod recordings;
mod reference;
mod replay_looks;
mod reports;
mod requests;
mod second_opinion;
mod services;
mod starting;
mod tidy;
mod watching;
mod windows;
mod wire;

#[path = "../soaks/mod.rs"]
mod soaks;
