//! Prometheus and what speaks its API, as written.

use schemars::JsonSchema;

use super::login::{self, LoginEntry};
use crate::notation::Span;
use crate::text::node::Node;
use crate::text::problem::{At, Place, Report};
use crate::text::read::{Keys, Read};
use crate::text::scalar::{Choice, Named, Text, words};

/// Which time samples without one have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum Times {
    File,
}

words! {
    Times, "a way to know the times": { "file" => File }
}

/// Prometheus, or what speaks its API: Thanos, Mimir, Cortex, VictoriaMetrics, Grafana Cloud and others. Columns of a metric
/// are selectors of counters; a gauge is any PromQL with one number per step.
#[derive(Debug, Clone, JsonSchema)]
#[schemars(deny_unknown_fields, extend("oneOf" = [{"required": ["url"]}, {"required": ["scrapes"]}]))]
pub(in crate::config) struct PrometheusEntry {
    #[schemars(skip)]
    pub(in crate::config) place: Place,
    /// Where the API begins, without /api/v1: http://prometheus:9090. Plain HTTP with secrets is for this machine alone.
    pub(in crate::config) url: Option<At<String>>,
    /// Instead of a server, saved scrapes with times (Prometheus text, OpenMetrics): a file, a folder, or a pattern.
    pub(in crate::config) scrapes: Option<At<String>>,
    /// `file`: samples without a time are of the time of their file.
    pub(in crate::config) times: Option<At<Choice<Times>>>,
    /// Labels with their values, added to every selector: { job: api, version: "${version}" }.
    #[schemars(default)]
    pub(in crate::config) select: Named<At<Text>>,
    /// Labels of replicas that scrape the same. Of series that differ in these alone, one counts.
    #[schemars(default)]
    pub(in crate::config) without: Vec<At<String>>,
    /// How far before the window a counter is looked for. One without a sample there begins inside, at zero. Default 5m.
    pub(in crate::config) lookback: Option<At<Span>>,
    /// Who asks.
    #[schemars(flatten)]
    pub(in crate::config) login: LoginEntry,
    /// Headers that hold no secret, such as X-Scope-OrgID.
    #[schemars(default)]
    pub(in crate::config) headers: Named<At<Text>>,
    /// How long one call may take with all its retries. Default 1m.
    pub(in crate::config) deadline: Option<At<Span>>,
}

impl Read for PrometheusEntry {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let form = "prometheus: { url: \"http://prometheus:9090\", select: { job: api } }";
        let mut keys = Keys::open(node, report, "`prometheus`", form)?;
        let scrapes: Option<At<String>> = keys.may("scrapes");
        let url: Option<At<String>> = if scrapes.is_none() { keys.must("url") } else { keys.may("url") };
        let times = keys.may("times");
        let (select, without, lookback) = (keys.all("select"), keys.all("without"), keys.may("lookback"));
        let login = LoginEntry::keys(&mut keys);
        let (headers, deadline) = (keys.all("headers"), keys.may("deadline"));
        if let (Some(scrapes), true) = (&scrapes, url.is_some() || login.is_some() || login.tls.is_some()) {
            let hint = "leave `url` and what says who asks out, or `scrapes`";
            keys.report.add_with(scrapes.place, "saved scrapes are read instead of asking a server", hint);
        }
        let entry = (url.is_some() || scrapes.is_some()).then_some(PrometheusEntry {
            place: node.place,
            url,
            scrapes,
            times,
            select,
            without,
            lookback,
            login,
            headers,
            deadline,
        });
        keys.close(entry, |key| match key {
            "address" | "endpoint" | "server" => Some("write `url: \"http://prometheus:9090\"`".into()),
            "tenant" | "org" | "org_id" => Some("write `headers: { X-Scope-OrgID: … }`".into()),
            "query" => Some("the metric has the query: `gauge: { query: … }`".into()),
            "labels" | "match" | "matchers" => Some("write `select: { job: api }`".into()),
            "timeout" => Some("write `deadline: 1m`".into()),
            _ => login::habits(key),
        })
    }
}

impl PrometheusEntry {
    /// Every text that may refer to labels.
    pub(in crate::config) fn texts(&self) -> impl Iterator<Item = &str> {
        let plain = self.without.iter().chain(&self.url).chain(&self.scrapes).map(|text| text.value.as_str());
        let named = self.select.0.iter().chain(&self.headers.0).map(|(_, value)| value.value.0.as_str());
        plain.chain(named).chain(self.login.texts())
    }
}
