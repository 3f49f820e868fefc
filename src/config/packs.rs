//! Packs: the metrics that everybody wants of an AWS service or of a server that Prometheus scrapes.
//!
//! A pack is a file of metrics as anybody would write them, in `packs/`, with `${parameter}` in its dimensions. AWS
//! publishes a metric under a few sets of dimensions and no others; the first set whose parameters are all given is taken.
//! Packs for Prometheus have `${match}` in their selectors.
//! What comes out are ordinary metrics: they are named by criteria, fetched only when one does, recorded and replayed.

use crate::text::substitute::replace;

/// A pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pack {
    /// Its name: `aws/lambda`.
    pub name: &'static str,
    /// What it measures.
    pub about: &'static str,
    /// What it is told.
    pub parameters: &'static [Parameter],
    pub(super) text: &'static str,
}

/// A parameter of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Whether it must be given.
    pub required: bool,
}

const fn must(name: &'static str, about: &'static str) -> Parameter {
    Parameter { name, about, required: true }
}

const fn may(name: &'static str, about: &'static str) -> Parameter {
    Parameter { name, about, required: false }
}

/// What selects the arm's series in Prometheus.
const MATCH: Parameter = must("match", "matchers of the arm: job=\"api\",version=\"${version}\"");

/// Every pack there is.
pub const PACKS: &[Pack] = &[
    Pack {
        name: "aws/lambda",
        about: "a function of AWS Lambda: all of it, an alias, or a version",
        parameters: &[
            must("function", "the function's name"),
            may("alias", "the alias it is called by"),
            may("version", "the version that ran, behind the alias or by itself"),
        ],
        text: include_str!("packs/lambda.yaml"),
    },
    Pack {
        name: "aws/api-gateway",
        about: "a REST API of Amazon API Gateway",
        parameters: &[
            must("api", "the API's name"),
            may("stage", "its stage"),
            may("resource", "a resource, with its method"),
            may("method", "the method"),
        ],
        text: include_str!("packs/api-gateway.yaml"),
    },
    Pack {
        name: "aws/http-api",
        about: "an HTTP API of Amazon API Gateway",
        parameters: &[must("api_id", "the API's id"), may("stage", "its stage")],
        text: include_str!("packs/http-api.yaml"),
    },
    Pack {
        name: "aws/alb",
        about: "an Application Load Balancer, or one of its target groups",
        parameters: &[
            must("load_balancer", "the end of its ARN: app/NAME/ID"),
            may("target_group", "the end of its ARN: targetgroup/NAME/ID"),
        ],
        text: include_str!("packs/alb.yaml"),
    },
    Pack {
        name: "aws/cloudfront",
        about: "a distribution of Amazon CloudFront (its metrics are in us-east-1)",
        parameters: &[must("distribution", "the distribution's id")],
        text: include_str!("packs/cloudfront.yaml"),
    },
    Pack {
        name: "aws/dynamodb",
        about: "an operation on a table of Amazon DynamoDB",
        parameters: &[must("table", "the table's name"), must("operation", "GetItem, Query, PutItem …")],
        text: include_str!("packs/dynamodb.yaml"),
    },
    Pack {
        name: "aws/elasticache",
        about: "a Redis, Valkey or Memcached node of Amazon ElastiCache",
        parameters: &[must("cluster", "the cache cluster's id"), may("node", "the node's id: 0001")],
        text: include_str!("packs/elasticache.yaml"),
    },
    Pack {
        name: "prometheus/http-server",
        about: "a server that counts requests by status and measures their duration in Prometheus",
        parameters: &[
            MATCH,
            may("requests", "the counter of requests: http_requests_total"),
            may("duration", "the histogram of durations: http_request_duration_seconds"),
            may("code", "the label with the status: code"),
        ],
        text: include_str!("packs/prometheus-http-server.yaml"),
    },
    Pack {
        name: "prometheus/istio",
        about: "a workload in an Istio mesh, as the proxy of the server sees it",
        parameters: &[MATCH],
        text: include_str!("packs/prometheus-istio.yaml"),
    },
    Pack {
        name: "prometheus/linkerd",
        about: "a workload in a Linkerd mesh, inbound",
        parameters: &[MATCH],
        text: include_str!("packs/prometheus-linkerd.yaml"),
    },
    Pack {
        name: "prometheus/nginx-ingress",
        about: "a service behind ingress-nginx",
        parameters: &[MATCH],
        text: include_str!("packs/prometheus-nginx-ingress.yaml"),
    },
    Pack {
        name: "prometheus/envoy",
        about: "an upstream cluster of Envoy",
        parameters: &[MATCH],
        text: include_str!("packs/prometheus-envoy.yaml"),
    },
    Pack {
        name: "prometheus/traefik",
        about: "a service behind Traefik",
        parameters: &[MATCH],
        text: include_str!("packs/prometheus-traefik.yaml"),
    },
    Pack {
        name: "prometheus/grpc",
        about: "a gRPC server with the metrics of go-grpc-prometheus",
        parameters: &[MATCH],
        text: include_str!("packs/prometheus-grpc.yaml"),
    },
    Pack {
        name: "prometheus/spring-boot",
        about: "a Spring Boot application with Micrometer",
        parameters: &[MATCH],
        text: include_str!("packs/prometheus-spring-boot.yaml"),
    },
    Pack {
        name: "prometheus/node",
        about: "a machine with the node exporter",
        parameters: &[MATCH],
        text: include_str!("packs/prometheus-node.yaml"),
    },
    Pack {
        name: "prometheus/kubernetes",
        about: "pods in Kubernetes: restarts, processors, memory",
        parameters: &[MATCH],
        text: include_str!("packs/prometheus-kubernetes.yaml"),
    },
];

impl Pack {
    /// Its metrics by name, each with what it measures.
    pub fn metrics(&self) -> Vec<(&'static str, &'static str)> {
        let (mut found, mut about) = (Vec::new(), "");
        for line in self.text.lines().skip_while(|line| *line != "metrics:").skip(1) {
            match line.strip_prefix("  ") {
                Some(rest) if rest.starts_with("# ") => about = &rest[2..],
                Some(rest) if !rest.starts_with(' ') => {
                    found.extend(rest.split_once(':').map(|(name, _)| (name, about)))
                }
                _ => {}
            }
        }
        found
    }

    /// Its metrics of Prometheus by name, each with the names that it selects.
    pub(super) fn selected(&self) -> Vec<(&'static str, Vec<String>)> {
        let line = |name: &str| self.text.lines().find(|line| line.trim_start().starts_with(&format!("{name}:")));
        let own = |name| Some((name, selectors(line(name)?).into_iter().map(|(selected, _)| selected).collect()));
        self.metrics().into_iter().filter_map(|(name, _)| own(name)).collect()
    }

    /// The labels that its first metric asks of the metrics that it selects.
    pub(super) fn labels(&self) -> Vec<(String, String)> {
        let first = self.text.lines().find(|line| line.starts_with("  ") && !line.starts_with("  #"));
        let all = first.map(selectors).unwrap_or_default().into_iter();
        all.flat_map(|(name, labels)| labels.into_iter().map(move |label| (name.clone(), label))).collect()
    }
}

/// The selectors in a line of a pack, as it is without being told anything: names, and the labels of their matchers.
fn selectors(line: &str) -> Vec<(String, Vec<String>)> {
    let text = replace(line, &[], |_, usual| Some(usual.unwrap_or_default().to_owned())).unwrap_or_default();
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let parts: Vec<&str> = text.split('{').collect();
    let pairs = parts.windows(2).filter_map(|pair| {
        let begin = pair[0].rfind(|c| !is_of_name(c)).map_or(0, |before| before + 1);
        let name = &pair[0][begin..];
        let matchers = pair[1].split('}').next().unwrap_or_default();
        let labels = matchers.split(',').filter_map(|one| one.split(['=', '!']).next()).map(str::trim);
        let labels = labels.filter(|label| !label.is_empty()).map(str::to_owned).collect();
        (!name.is_empty()).then(|| (name.to_owned(), labels))
    });
    pairs.collect()
}
