//! One binary for everything that is tested from outside: a file per theme.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod absence;
mod aca;
mod aggregates;
mod agreement;
mod any_quantile;
#[cfg(feature = "serve")]
mod argo;
mod as_written;
#[cfg(feature = "aws")]
mod aws;
mod before_after;
mod benchmarks;
mod bets;
mod book;
mod borders;
mod calendar;
mod canaries;
mod cases;
mod cells;
#[cfg(any(feature = "serve", all(feature = "http", feature = "prometheus")))]
mod certificates;
mod cli;
mod compare;
mod config;
mod config_text;
mod cost;
mod counters;
mod efficiency;
mod exec;
mod false_pass;
mod families;
mod fetching;
mod few_events;
mod field;
mod first_minutes;
mod foresight;
mod forms;
mod garbage;
mod gate;
#[cfg(any(feature = "http", feature = "prometheus", feature = "webhooks"))]
mod heard;
mod histograms;
mod hooks;
#[cfg(feature = "http")]
mod http;
mod importing;
mod installing;
mod instances;
mod judge_properties;
mod judging;
#[cfg(feature = "http")]
mod kayenta;
#[cfg(all(feature = "lambda", feature = "http", feature = "prometheus"))]
mod lambda;
mod latency;
mod layouts;
mod learning;
mod library;
#[cfg(all(feature = "http", feature = "prometheus"))]
mod login;
mod logs;
mod looking;
mod looks;
mod lost;
mod mutations;
mod one_armed;
mod onset;
mod operating;
mod otlp;
mod packs;
mod places;
#[cfg(feature = "prometheus")]
mod prometheus;
mod promises;
mod properties;
mod readme;
mod reality;
mod recordings;
mod reference;
mod remedies;
mod replay_looks;
mod reports;
mod requests;
mod requests_read;
mod roles;
mod rooms;
mod saved;
mod second_opinion;
#[cfg(all(feature = "serve", feature = "http"))]
mod serve;
mod services;
mod shell;
mod signatures;
mod slices;
mod split;
#[cfg(feature = "sql")]
mod sql;
mod starting;
mod steps;
mod suites;
mod suspicions;
#[cfg(all(feature = "http", feature = "sql"))]
mod tables;
mod tidy;
mod ties;
mod trends;
mod watching;
mod width;
mod windows;
mod wire;
mod world;

#[path = "../soaks/mod.rs"]
mod soaks;
