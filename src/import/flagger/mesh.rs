//! The metrics that Flagger has built in, by the provider of its routes: which counters and histograms it reads, as in
//! `pkg/metrics/observers` at 15bd6ad.

use super::template::Names;
use crate::import::condition::Op;
use crate::import::draft::Gate;
use crate::import::measure::{self, Asked, Bound};
use crate::import::number::{percent, plain};
use crate::import::stores::{self, Store};
use crate::text::yaml::quoted;

/// A built-in metric.
pub(super) enum Mesh {
    /// The share of requests without a server error, in percent.
    Success { requests: &'static str, labels: &'static str, good: &'static str },
    /// The 99th percentile of the durations, in milliseconds.
    Duration { histogram: &'static str, labels: &'static str, unit: &'static str },
    /// The mean of the durations, in milliseconds.
    Mean { durations: &'static str, labels: &'static str },
}

const ISTIO: &str =
    r#"reporter="destination",destination_workload_namespace="{{ namespace }}",destination_workload=~"{{ target }}""#;
const LINKERD: &str = r#"namespace="{{ namespace }}",deployment=~"{{ target }}",direction="inbound""#;
const NGINX: &str = r#"namespace="{{ namespace }}",ingress="{{ ingress }}",canary!="""#;
const CONTOUR: &str = r#"envoy_cluster_name=~"{{ namespace }}_{{ service }}-canary_[0-9a-zA-Z-]+""#;
const GLOO: &str = r#"envoy_cluster_name=~"{{ namespace }}-{{ target }}-canaryupstream-[0-9a-zA-Z-]+_[0-9a-zA-Z-]+""#;
const KUMA: &str = r#"service=~"{{ target }}-canary_{{ namespace }}_svc_[0-9a-zA-Z-]+""#;
const KNATIVE: &str = r#"envoy_cluster_name=~"{{ namespace }}/{{ route }}""#;
const APISIX: &str = r#"route=~"{{ namespace }}_{{ route }}-{{ target }}-canary_.+""#;
const APISIX_TIME: &str = r#"type=~"request",route=~"{{ namespace }}_{{ route }}-{{ target }}-canary_.+""#;
const OSM: &str =
    r#"destination_namespace="{{ namespace }}",destination_kind="Deployment",destination_name="{{ target }}""#;
const TRAEFIK: &str = r#"service=~"{{ namespace }}-{{ target }}-canary-[0-9a-zA-Z-]+@kubernetescrd""#;
const SKIPPER: &str = r#"route=~"kube(ew)?_{{ namespace }}__{{ ingress }}_canary__.*__{{ service }}_canary(_[0-9]+)?""#;
const PODS: &str =
    r#"kubernetes_namespace="{{ namespace }}",kubernetes_pod_name=~"{{ target }}-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)""#;

const ENVOY: &str = "envoy_cluster_upstream_rq";
const ENVOY_TIME: &str = "envoy_cluster_upstream_rq_time";
const NO_SERVER_ERROR: &str = r#"envoy_response_code!~"5.*""#;

impl Mesh {
    /// The metric of a provider; one that is unknown has the metrics of Istio, as in Flagger.
    pub(super) fn of(provider: &str, called: &str) -> Option<Mesh> {
        let provider = match provider.split(':').next().unwrap_or_default() {
            own if own.starts_with("gatewayapi") => "kubernetes",
            own => own,
        };
        let success = |requests, labels, good| Some(Mesh::Success { requests, labels, good });
        let duration = |histogram, labels, unit| Some(Mesh::Duration { histogram, labels, unit });
        match (called, provider) {
            ("request-success-rate", "linkerd") => success("response_total", LINKERD, r#"classification!="failure""#),
            ("request-success-rate", "nginx") => {
                success("nginx_ingress_controller_requests", NGINX, r#"status!~"5.*""#)
            }
            ("request-success-rate", "contour") => success(ENVOY, CONTOUR, NO_SERVER_ERROR),
            ("request-success-rate", "gloo") => success(ENVOY, GLOO, NO_SERVER_ERROR),
            ("request-success-rate", "kuma") => success(ENVOY, KUMA, NO_SERVER_ERROR),
            ("request-success-rate", "appmesh") => success(ENVOY, PODS, NO_SERVER_ERROR),
            ("request-success-rate", "osm") => success("osm_request_total", OSM, r#"response_code!~"5.*""#),
            ("request-success-rate", "knative") => success(ENVOY, KNATIVE, NO_SERVER_ERROR),
            ("request-success-rate", "apisix") => success("apisix_http_status", APISIX, r#"code!~"5..""#),
            ("request-success-rate", "traefik") => {
                success("traefik_service_request_duration_seconds_count", TRAEFIK, r#"code!~"5..""#)
            }
            ("request-success-rate", "skipper") => {
                success("skipper_response_duration_seconds_count", SKIPPER, r#"code!~"5..""#)
            }
            ("request-success-rate", "kubernetes") => {
                success("http_request_duration_seconds_count", PODS, r#"status!~"5.*""#)
            }
            ("request-success-rate", _) => success("istio_requests_total", ISTIO, r#"response_code!~"5.*""#),
            ("request-duration", "linkerd") => duration("response_latency_ms", LINKERD, "ms"),
            ("request-duration", "nginx") => {
                Some(Mesh::Mean { durations: "nginx_ingress_controller_response_duration_seconds", labels: NGINX })
            }
            ("request-duration", "skipper") => {
                Some(Mesh::Mean { durations: "skipper_serve_route_duration_seconds", labels: SKIPPER })
            }
            ("request-duration", "contour") => duration(ENVOY_TIME, CONTOUR, "ms"),
            ("request-duration", "gloo") => duration(ENVOY_TIME, GLOO, "ms"),
            ("request-duration", "appmesh") => duration(ENVOY_TIME, PODS, "ms"),
            ("request-duration", "osm") => duration("osm_request_duration_ms", OSM, "ms"),
            ("request-duration", "kuma") => duration(ENVOY_TIME, KUMA, "ms"),
            ("request-duration", "knative") => duration(ENVOY_TIME, KNATIVE, "ms"),
            ("request-duration", "apisix") => duration("apisix_http_latency", APISIX_TIME, "ms"),
            ("request-duration", "traefik") => duration("traefik_service_request_duration_seconds", TRAEFIK, "s"),
            ("request-duration", "kubernetes") => duration("http_request_duration_seconds", PODS, "s"),
            ("request-duration", _) => duration("istio_request_duration_milliseconds", ISTIO, "ms"),
            _ => None,
        }
    }

    /// Whether no value can break a limit: a share lies between 0 and 100 %, and a duration is never negative.
    pub(super) fn always_keeps(&self, bound: &Bound) -> bool {
        let is_share = matches!(self, Mesh::Success { .. });
        match bound.op {
            Op::AtMost => is_share && bound.number >= 100.0,
            Op::AtLeast => bound.number <= 0.0,
            _ => false,
        }
    }

    /// The query as Flagger asks it: percent, or milliseconds.
    pub(super) fn query(&self, names: &Names, interval: &str) -> String {
        let rate = |of: &str| format!("sum(rate({of}[{interval}]))");
        match self {
            Mesh::Success { requests, labels, good } => {
                let labels = names.filled(labels);
                let (part, all) = (format!("{requests}{{{labels},{good}}}"), format!("{requests}{{{labels}}}"));
                format!("{} / {} * 100", rate(&part), rate(&all))
            }
            Mesh::Duration { histogram, labels, unit } => {
                let factor = if *unit == "s" { " * 1000" } else { "" };
                let buckets = rate(&format!("{histogram}_bucket{{{}}}", names.filled(labels)));
                format!("histogram_quantile(0.99, {buckets} by (le)){factor}")
            }
            Mesh::Mean { durations, labels } => {
                let labels = names.filled(labels);
                let of = |part: &str| rate(&format!("{durations}_{part}{{{labels}}}"));
                format!("{} / {} * 1000", of("sum"), of("count"))
            }
        }
    }

    /// Adds the metric with its criteria, whose numbers are percent or milliseconds, and gives its name.
    pub(super) fn add(&self, gate: &mut Gate, names: &Names, comment: &str, bounds: &[Bound]) -> String {
        let source = stores::any_prometheus(gate);
        let called = if matches!(self, Mesh::Success { .. }) { "request-success-rate" } else { "request-duration" };
        let asked = Asked::new(called, Store::of(source.clone()), comment.to_owned());
        match self {
            Mesh::Success { requests, labels, good } => {
                let key = if bounds.iter().all(|bound| bound.op == Op::AtLeast) { "good" } else { "part" };
                let labels = names.filled(labels);
                let (part, total) = (format!("{requests}{{{labels},{good}}}"), format!("{requests}{{{labels}}}"));
                let shape = measure::rate_of(&source, key, &part, &total);
                measure::put(gate, &asked, shape, bounds, |limit| percent(limit / 100.0))
            }
            Mesh::Duration { histogram, labels, unit } => {
                let selector = quoted(&format!("{histogram}{{{}}}", names.filled(labels)));
                let shape = format!("source: {source}, values: {{ histogram: {selector}, unit: {unit} }}");
                let bounds: Vec<Bound> = bounds.iter().map(|bound| bound.with("statistic: p99")).collect();
                measure::put(gate, &asked, shape, &bounds, |limit| format!("{}ms", plain(limit)))
            }
            Mesh::Mean { .. } => {
                let query = quoted(&self.query(names, "1m"));
                let shape = format!("source: {source}, gauge: {{ query: {query}, unit: ms }}");
                measure::put(gate, &asked, shape, bounds, |limit| format!("{}ms", plain(limit)))
            }
        }
    }
}
