//! `davy discover`: which metrics there are, as a configuration to start from.

mod scraped;

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::console::Console;
use super::{Exit, Failure, pipeline};
use crate::cli;
use crate::config;
use crate::ingest;
use crate::source::aws::{self, Access, Listed, Listing};

/// One call may take so long, with all its retries.
const DEADLINE: SignedDuration = SignedDuration::from_mins(1);

pub(super) fn run(console: &Console, arguments: cli::Discover) -> Result<Exit, Failure> {
    match arguments.service {
        cli::DiscoverIn::Cloudwatch(wish) => cloudwatch(console, &wish),
        cli::DiscoverIn::Prometheus(wish) => scraped::run(console, &wish),
    }
}

fn cloudwatch(console: &Console, wish: &cli::CloudWatch) -> Result<Exit, Failure> {
    let access = Access {
        region: wish.region.clone(),
        profile: wish.profile.clone(),
        endpoint_url: wish.endpoint_url.clone(),
        assume_role: None,
        deadline: DEADLINE,
    };
    if let Some(Err((why, hint))) = access.endpoint_url.as_deref().map(config::endpoint) {
        return Err(Failure::Misused(format!("--endpoint-url: {why}: {hint}")));
    }
    let listing = Listing { namespace: wish.namespace.clone(), recent: wish.recent };
    let listed = pipeline::heard(console, jiff::Timestamp::now(), |outside| aws::discover(&access, &listing, outside));
    let mut listed = listed.map_err(|error| Failure::Data(ingest::Error::from(error)))?;
    let all = listed.len();
    if let Some(text) = &wish.matching {
        listed.retain(|one| matches(one, text));
    }
    if listed.is_empty() {
        return Err(Failure::Unusable(nothing(&access, wish, all)));
    }
    match &wish.namespace {
        None => {
            console.answer(&namespaces(&listed))?;
            console.note("`davy discover cloudwatch --namespace NAMESPACE` writes a configuration for one of them");
        }
        Some(namespace) => console.answer(&config::discovered(namespace, &listed, &access))?,
    }
    Ok(Exit::Pass)
}

/// Whether the metric's name or a value of its dimensions contains a text, in any case.
fn matches(listed: &Listed, text: &str) -> bool {
    let text = text.to_lowercase();
    let texts = listed.dimensions.iter().map(|(_, value)| value).chain([&listed.metric]);
    texts.into_iter().any(|of| of.to_lowercase().contains(&text))
}

fn namespaces(listed: &[Listed]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    listed.iter().for_each(|one| *counts.entry(&one.namespace).or_default() += 1);
    let heading = "NAMESPACE";
    let widest = counts.keys().map(|name| name.chars().count()).chain([heading.len()]).max().unwrap_or(0);
    let mut text = format!("{heading:widest$}  METRICS\n");
    counts.iter().for_each(|(name, count)| text.push_str(&format!("{name:widest$}  {count:>7}\n")));
    text
}

fn nothing(access: &Access, wish: &cli::CloudWatch, all: usize) -> String {
    let within = wish.namespace.as_ref().map(|namespace| format!(" in {namespace:?}")).unwrap_or_default();
    let shown = access.shown("CloudWatch");
    match &wish.matching {
        Some(text) if all > 0 => format!(
            "{shown}: none of the {all} metrics{within} has {text:?} in its name or in a value of its dimensions"
        ),
        _ => format!(
            "{shown}: there is no metric{within}. Is it the right region and account? Namespaces are case-sensitive: `davy discover \
             cloudwatch` lists them. Of {}, no metric is listed",
            if wish.recent {
                "what had no point in the last three hours"
            } else {
                "what had no point in the last two weeks"
            }
        ),
    }
}
