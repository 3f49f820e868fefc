//! `davy doctor`: what this build can read and ask, which credentials are there, and what to do about what is not.
//!
//! It asks no service and shows no value of a variable: whether it is set is all that it says.

use std::env::var_os;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::console::Console;
use super::{Exit, Failure, pipeline};
use crate::cli;
use crate::record;

/// A part of davy that a build may lack.
struct Feature {
    name: &'static str,
    is_there: bool,
    what: &'static str,
}

const FEATURES: [Feature; 9] = [
    Feature { name: "aws", is_there: cfg!(feature = "aws"), what: "CloudWatch: metrics, alarms, logs" },
    Feature {
        name: "frames",
        is_there: cfg!(feature = "frames"),
        what: "Parquet files and sketches, read and written",
    },
    Feature { name: "http", is_there: cfg!(feature = "http"), what: "any store over HTTP" },
    Feature { name: "lambda", is_there: cfg!(feature = "lambda"), what: "a Lambda function" },
    Feature { name: "png", is_there: cfg!(feature = "png"), what: "pictures of a comparison as PNG" },
    Feature { name: "prometheus", is_there: cfg!(feature = "prometheus"), what: "Prometheus and what speaks its API" },
    Feature { name: "serve", is_there: cfg!(feature = "serve"), what: "a server that controllers ask" },
    Feature { name: "sql", is_there: cfg!(feature = "sql"), what: "PostgreSQL" },
    Feature { name: "webhooks", is_there: cfg!(feature = "webhooks"), what: "hooks that post to HTTPS" },
];

/// The ways in which AWS's own tools find credentials: any of them is enough.
const AWS: [(&str, &[&str]); 5] = [
    ("keys in the environment", &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]),
    ("a profile", &["AWS_PROFILE"]),
    ("a web identity", &["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"]),
    ("a container's role", &["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]),
    ("a container's role", &["AWS_CONTAINER_CREDENTIALS_FULL_URI"]),
];
/// Files of AWS's tools, below the home folder, and the variables that name others.
const AWS_FILES: [(&str, &str); 2] =
    [("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"), ("AWS_CONFIG_FILE", ".aws/config")];

pub(super) fn run(console: &Console) -> Result<Exit, Failure> {
    let (config, exit) = configuration();
    let sections = [
        ("davy", vec![line("ok", "version", env!("CARGO_PKG_VERSION")), line("ok", "machine", std::env::consts::ARCH)]),
        ("features", FEATURES.iter().map(feature).collect()),
        ("sources", sources()),
        ("credentials", credentials()),
        ("pipeline", pipeline_lines()),
        ("configuration", config),
    ];
    let shown = sections.map(|(name, lines)| format!("{name}\n{}", lines.concat()));
    console.answer(&shown.join("\n"))?;
    Ok(exit)
}

/// `  ok       version   0.1.0`.
fn line(state: &str, name: &str, what: &str) -> String {
    format!("  {state:<7}  {name:<16}  {what}\n")
}

fn feature(one: &Feature) -> String {
    if one.is_there {
        return line("ok", one.name, one.what);
    }
    let name = one.name;
    line("missing", name, &format!("{}. Build it with `cargo build --release --features {name}`", one.what))
}

fn sources() -> Vec<String> {
    let of = |is_there: bool, name: &str, what: &str| line(if is_there { "ok" } else { "missing" }, name, what);
    vec![
        of(true, "file", "CSV, TSV, JSON, NDJSON, saved answers of the AWS CLI; gzip and zstd"),
        of(true, "requests", "access logs, JMeter, k6, Gatling, HdrHistogram logs"),
        of(cfg!(feature = "frames"), "parquet", "Parquet as `file` and `requests`; needs the feature frames"),
        of(cfg!(feature = "aws"), "cloudwatch", "cloudwatch, logs_insights, log_events; needs the feature aws"),
        of(cfg!(feature = "prometheus"), "prometheus", "needs the feature prometheus"),
        of(cfg!(feature = "http"), "http", "needs the feature http; `davy packs` lists presets"),
        of(cfg!(feature = "sql"), "sql", "PostgreSQL; needs the feature sql"),
        of(true, "exec", "what a program prints"),
    ]
}

/// Whether a variable is set to anything.
fn is_set(name: &str) -> bool {
    var_os(name).is_some_and(|value| !value.is_empty())
}

fn credentials() -> Vec<String> {
    let mut lines = Vec::new();
    for (way, names) in AWS.iter().filter(|(_, names)| names.iter().any(|name| is_set(name))) {
        let missing: Vec<&str> = names.iter().copied().filter(|name| !is_set(name)).collect();
        lines.push(match missing.is_empty() {
            true => line("ok", "AWS", &format!("{way}: {}", names.join(", "))),
            false => line("broken", "AWS", &format!("{way}: set {} as well", missing.join(", "))),
        });
    }
    for (variable, usual) in AWS_FILES {
        let usual = var_os("HOME").map(|home| PathBuf::from(home).join(usual));
        let path = var_os(variable).map(PathBuf::from).or(usual);
        if path.is_some_and(|path| path.is_file()) {
            lines.push(line("ok", "AWS", &format!("the file of {variable}, or its usual one")));
        }
    }
    if lines.is_empty() {
        let what = "none found: run `aws configure`, or set AWS_PROFILE. The first query finds a role of the machine";
        lines.push(line("none", "AWS", what));
    }
    let region = ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find(|name| is_set(name));
    lines.push(match region {
        Some(name) => line("ok", "AWS region", name),
        None => line("none", "AWS region", "write `region:` in the source, or set AWS_REGION"),
    });
    lines
}

fn pipeline_lines() -> Vec<String> {
    vec![match is_set("GITHUB_STEP_SUMMARY") {
        true => line("ok", "GitHub Actions", "`--report github` adds to the step's summary"),
        false => line("none", "GitHub Actions", "not in a step: `--report github=summary.md` names a file"),
    }]
}

/// The configuration of the present folder.
fn configuration() -> (Vec<String>, Exit) {
    let path = Path::new(record::CONFIG);
    if !path.exists() {
        let what = "not in this folder: `davy init OLD NEW` writes one, `davy judge OLD NEW` needs none";
        return (vec![line("none", record::CONFIG, what)], Exit::Pass);
    }
    let loaded = pipeline::load(path);
    let planned = loaded.and_then(|loaded| {
        let resolve = cli::Resolve::default();
        let plan = loaded.plan_everything(&pipeline::options(&loaded.folder, &resolve, Timestamp::now()))?;
        Ok((plan.rules.criteria.len(), plan.queries.iter().any(|query| query.source.service().is_some())))
    });
    match planned {
        Ok((count, asks)) => {
            let next = if asks { "`davy fetch` asks its sources" } else { "`davy check --data` opens its files" };
            (vec![line("ok", record::CONFIG, &format!("{count} criteria. {next}"))], Exit::Pass)
        }
        Err(failure) => (vec![line("broken", record::CONFIG, "`davy check` says what is wrong")], failure.exit()),
    }
}
