//! Which metrics there are to be asked for, page by page.

use std::collections::BTreeSet;

use aws_sdk_cloudwatch::types::RecentlyActive;

use super::client::Clients;
use crate::source::aws::{Access, Listed, Listing};
use crate::source::{Error, Told};

/// Lists metrics, sorted, each once.
pub(super) async fn list(clients: &Clients<'_>, access: &Access, listing: &Listing) -> Result<Vec<Listed>, Error> {
    let shown = access.shown("CloudWatch");
    pages(clients, access, listing).await.map_err(|error| match error.about.shown.is_empty() {
        true => error.within(&shown),
        false => error,
    })
}

async fn pages(clients: &Clients<'_>, access: &Access, listing: &Listing) -> Result<Vec<Listed>, Error> {
    let client = clients.cloudwatch(access).await?;
    let mut found = BTreeSet::new();
    let mut token: Option<String> = None;
    let mut before = Vec::new();
    loop {
        let call = client.list_metrics().set_namespace(listing.namespace.clone()).set_next_token(token.clone());
        let call = call.set_recently_active(listing.recent.then_some(RecentlyActive::Pt3H));
        let page = call.send().await.map_err(|error| clients.fault("ListMetrics", &error))?;
        for metric in page.metrics() {
            let (Some(namespace), Some(name)) = (metric.namespace(), metric.metric_name()) else {
                return Err(Error::unreadable("ListMetrics answered a metric without a name"));
            };
            let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
            let pairs = metric.dimensions().iter().map(|dimension| (text(dimension.name()), text(dimension.value())));
            let mut dimensions: Vec<(String, String)> = pairs.collect();
            dimensions.sort();
            found.insert(Listed { namespace: namespace.to_owned(), metric: name.to_owned(), dimensions });
        }
        (clients.outside.told)(Told::Progress { what: "metrics found", done: found.len() as u64, of: None });
        let next = page.next_token().filter(|next| !next.is_empty()).map(str::to_owned);
        if next.is_none() {
            return Ok(found.into_iter().collect());
        }
        let repeats = !page.metrics().is_empty() && page.metrics() == before.as_slice();
        before = page.metrics.unwrap_or_default();
        if next == token || repeats {
            let error = Error::unreachable("ListMetrics gave the same page again");
            return Err(error.hint("What was answered may not be all there is; try again."));
        }
        token = next;
    }
}
