//! Text that people write, on the ground of everything that reads it: the tree of a file with its places (`node`), the sections
//! and keys of it (`read`), single values (`scalar`), labels within them (`substitute`), secrets (`secret`), and what is
//! wrong (`problem`).
//!
//! `yaml` is the way back. Nothing here knows what any key means.

pub(crate) mod node;
pub(crate) mod problem;
pub(crate) mod read;
pub(crate) mod scalar;
pub(crate) mod secret;
pub(crate) mod spell;
pub(crate) mod substitute;
pub(crate) mod yaml;
