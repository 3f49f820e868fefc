//! Configurations that come with requests: whether they may, and what they may ask.

use std::path::Path;

use super::Failure;
use super::border::Reach;
use super::pipeline::Loaded;
use crate::cli;
use crate::config;
use crate::source::{Allow, Allowed};

/// Which configurations may come with requests.
#[derive(Debug, Clone)]
pub(super) enum Inline {
    /// None.
    Nothing,
    /// Those that ask what the operator listed.
    Listed(Allowed),
    /// Any: whoever writes one reaches as far as the operator's own.
    Anything,
}

impl Inline {
    /// Those of a list; none if it is empty.
    pub(super) fn listed(list: Vec<Allow>) -> Inline {
        if list.is_empty() { Inline::Nothing } else { Inline::Listed(Allowed::new(list)) }
    }

    /// As the options of a command say.
    pub(super) fn of(wishes: Vec<cli::AllowInline>) -> Inline {
        if wishes.contains(&cli::AllowInline::Anything) {
            return Inline::Anything;
        }
        let listed = wishes.into_iter().filter_map(|wish| match wish {
            cli::AllowInline::Listed(allow) => Some(allow),
            cli::AllowInline::Anything => None,
        });
        Inline::listed(listed.collect())
    }

    /// Reads a configuration that came with a request; `shown` is where it stands there.
    ///
    /// # Errors
    ///
    /// None may come, it cannot be read, or it is one of the operator's alone.
    pub(super) fn load(&self, text: &str, shown: &str, folder: &Path) -> Result<Loaded, Failure> {
        let refused = |why: &str| Err(Failure::Unusable(format!("{shown}: {why}")));
        let allowed = match self {
            Inline::Nothing => {
                return refused(
                    "the request holds a configuration itself. Name a gate of the operator's folder, or let the operator list what such \
                     configurations may ask: `--allow-inline prometheus=http://prometheus:9090`",
                );
            }
            Inline::Anything => return own(text, shown, folder),
            Inline::Listed(allowed) => allowed,
        };
        let config = config::load(text, shown)?;
        if config.has_hooks() {
            return refused(
                "a configuration that comes with a request has no hooks, and they would not run. Remove `hooks`",
            );
        }
        if config.is_recording() {
            return refused("a recording is read from the folder of `--configs`. Remove `recording`");
        }
        Ok(Loaded::new(config, folder, Reach::Listed(allowed.clone())))
    }
}

/// Reads a configuration from elsewhere that reaches as far as those of the operator's folder; `called` is what messages call it.
pub(super) fn own(text: &str, called: &str, folder: &Path) -> Result<Loaded, Failure> {
    let config = config::load(text, called)?;
    let reach = Reach::of(&config, &folder.join(called), false)?;
    Ok(Loaded::new(config, folder, reach))
}
