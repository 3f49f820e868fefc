//! Presets: how stores with an HTTP interface are asked, as data.
//!
//! A preset is the section `http` as anybody would write it, in `presets/`. What a configuration writes itself comes first.

/// A preset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// Its name: `datadog`.
    pub name: &'static str,
    /// What it asks.
    pub about: &'static str,
    /// The section.
    pub text: &'static str,
}

/// Every preset there is.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "azure-monitor",
        about: "Azure Monitor, metrics of a resource by name; AZURE_ACCESS_TOKEN; label `resource`",
        text: include_str!("presets/azure-monitor.yaml"),
    },
    Preset {
        name: "clickhouse",
        about: "ClickHouse, logs in tables or one query; CLICKHOUSE_PASSWORD; write `url`, label `user`",
        text: include_str!("presets/clickhouse.yaml"),
    },
    Preset {
        name: "datadog",
        about: "Datadog, timeseries by a metrics query (API v1); DD_API_KEY, DD_APP_KEY; label `site`",
        text: include_str!("presets/datadog.yaml"),
    },
    Preset {
        name: "datadog-v2",
        about: "Datadog, timeseries by a metrics query (API v2); DD_API_KEY, DD_APP_KEY; label `site`",
        text: include_str!("presets/datadog-v2.yaml"),
    },
    Preset {
        name: "dynatrace",
        about: "Dynatrace, metrics API v2 by a metric selector; DYNATRACE_TOKEN; write `url`",
        text: include_str!("presets/dynatrace.yaml"),
    },
    Preset {
        name: "elasticsearch",
        about: "Elasticsearch and OpenSearch: documents per step, all and those of a query; write `url`",
        text: include_str!("presets/elasticsearch.yaml"),
    },
    Preset {
        name: "google-monitoring",
        about: "Google Cloud Monitoring, time series by a filter; GOOGLE_ACCESS_TOKEN; label `project`",
        text: include_str!("presets/google-monitoring.yaml"),
    },
    Preset {
        name: "graphite",
        about: "Graphite, one target per query; write `url`",
        text: include_str!("presets/graphite.yaml"),
    },
    Preset {
        name: "influxdb",
        about: "InfluxDB 1, or the compatible API of 2 and 3: one InfluxQL query; write `url`, label `database`",
        text: include_str!("presets/influxdb.yaml"),
    },
    Preset {
        name: "influxdb-flux",
        about: "InfluxDB 2, one Flux query; INFLUX_TOKEN; write `url`, label `org`",
        text: include_str!("presets/influxdb-flux.yaml"),
    },
    Preset {
        name: "influxdb-sql",
        about: "InfluxDB 3, one SQL query; INFLUX_TOKEN; write `url`, label `database`",
        text: include_str!("presets/influxdb-sql.yaml"),
    },
    Preset {
        name: "loki",
        about: "Grafana Loki, one metric query of LogQL; write `url`",
        text: include_str!("presets/loki.yaml"),
    },
    Preset {
        name: "newrelic",
        about: "New Relic, NRQL by NerdGraph; NEW_RELIC_API_KEY; label `account`",
        text: include_str!("presets/newrelic.yaml"),
    },
    Preset {
        name: "signalfx",
        about: "Splunk Observability (SignalFx), one series; SFX_TOKEN; label `realm`",
        text: include_str!("presets/signalfx.yaml"),
    },
    Preset {
        name: "splunk",
        about: "Splunk, one search with timechart; SPLUNK_TOKEN; write `url`",
        text: include_str!("presets/splunk.yaml"),
    },
    Preset {
        name: "victorialogs",
        about: "VictoriaLogs, one LogsQL query with stats; write `url`",
        text: include_str!("presets/victorialogs.yaml"),
    },
];

/// The preset of a name.
pub(super) fn find(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}
