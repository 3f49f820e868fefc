//! The configuration as written: each section with its keys, its reader and its part of the JSON Schema.
//!
//! Nothing here knows what the sections mean together: that is for the files beside this folder.

pub(super) mod actions;
pub(super) mod arm;
pub(super) mod aws;
pub(super) mod baseline;
pub(super) mod column;
pub(super) mod cost;
pub(super) mod exec;
pub(super) mod file;
pub(super) mod hooks;
pub(super) mod http;
pub(super) mod kayenta;
mod localise;
pub(super) mod login;
pub(super) mod lost;
pub(super) mod noise;
pub(super) mod packs;
pub(super) mod prometheus;
pub(super) mod remarks;
pub(super) mod requests;
mod sections;
pub(super) mod signatures;
pub(super) mod sql;
pub(super) mod success;
pub(super) mod tabled;
