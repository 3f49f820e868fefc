//! The command line's definitions and nothing else.

mod data;
mod discover;
mod spoken;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};

pub use data::{ArmNames, Files};
pub use discover::{CloudWatch, Discover, DiscoverIn, Scraped};
pub use spoken::{AllowInline, Compared, ComparedFormat, Destination, PictureFormat};

use spoken::{
    allow_inline, at_once, compared, condition, destination, dialect, failures, grace, keep_at_most, name_value, span,
    time_type,
};

use crate::report::{Format, PageFormat};
use crate::source::Allow;
use crate::source::requests::pushdown::{Dialect, TimeType};
use crate::source::requests::{Condition, Layout};

/// Judges a canary against its baseline and answers with an exit code.
#[derive(Debug, Parser)]
#[command(name = "davy", version, about, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// When to use colour; the words say the same without it.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// Say less on stderr: only what went wrong.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more on stderr: what is read, planned and written.
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// How messages on stderr are written.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
}

/// Exit codes, as help and manual show them.
pub const EXIT_CODES: &str = "\
Exit codes:
   0  pass (and warn, unless --fail-on-warn)
  10  fail
  11  inconclusive (--on-inconclusive changes it)
  12  warn, with --fail-on-warn
   1  replay --check, diff, test: an answer differs from the recorded or expected one
   2  usage
  65  data could not be read
  69  a source could not be reached
  74  output could not be written
  78  the configuration is wrong
 130  interrupted
  70, 101  a bug in davy";

/// Commands that show how `judge` is used.
const JUDGE_EXAMPLES: &str = "\
Examples:
  davy judge old.csv new.csv                          two files, the baseline first
  davy judge old.log.gz new.log.gz --by path          two access logs, path by path
  davy judge --data all.csv --arm version=41,42       one file, a column says whose a row is
  davy judge canary.yaml --phase 5% --report html=verdict.html

Exit codes: 0 pass or warn, 10 fail, 11 inconclusive; `davy --help` lists all";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judge the canary once
    ///
    /// By a configuration, or without one: `davy judge OLD NEW` recognises usual column names and formats of logs, and
    /// applies the documented margins. Without any argument it judges ./canary.yaml.
    Judge(Judge),
    /// Judge again and again, until there is an answer or the soak ends
    ///
    /// The configuration says how long and how often (`soak`, `every`). The canary is watched from the beginning of its
    /// window; where that would reach back from now, from the next step on.
    Watch(Watch),
    /// Answer controllers: a server in front of a folder of configurations
    ///
    /// Argo Rollouts asks by its `web` provider (POST /v1/judge), Flagger by webhooks (POST /flagger/HOOK) or as it asks a Prometheus
    /// (GET /api/v1/query). People look at `/`. A configuration is read anew for each question; hooks are never run.
    Serve(Serve),
    /// Measure for the controller of Argo Rollouts, which starts this command as a metric plugin
    ///
    /// An AnalysisTemplate names a gate below `provider.plugin.davy/judge`. A gate with a soak is looked at as it plans, by `Running`
    /// measurements that the controller resumes; a restart of either side goes on with it. Hooks are never run.
    ArgoPlugin(ArgoPlugin),
    /// Answer as a Lambda function: hooks of ECS and CodeDeploy, Step Functions, any event
    ///
    /// Lambda starts it: as the file `bootstrap` of a function with the runtime `provided.al2023`, davy does this without arguments. A
    /// configuration is read anew for each event; hooks are never run.
    Lambda(Lambda),
    /// Compare two systems offline: everything that was measured of both, and what they cost
    ///
    /// Every metric of the configuration, whether a criterion names it or not: error rates, latencies, caches, costs of a month
    /// with a budget, health, and what to do next. It is not a gate: it exits with 0 when the comparison could be made.
    Compare(Compare),
    /// Ask the sources and judge nothing: everything that `judge` would look at, into a recording
    ///
    /// Says of each metric what was fetched. `davy judge DIR` judges it, without asking the sources again.
    Fetch(Fetch),
    /// Judge recordings again: all that changed, in one answer
    Replay(Replay),
    /// Say how two verdicts or recordings differ
    Diff(Diff),
    /// Run unit tests of a gate: hand-written cases with the answers that they expect
    Test(Test),
    /// Check configurations offline: every problem at once
    Check(Check),
    /// Before the rollout: how long until each criterion can answer, and what it cannot see
    ///
    /// Traffic, usual levels and noise are those of the history. Without one, those of the configuration's own data.
    Plan(Plan),
    /// Try the configuration on history in which nothing changed: how often would it be wrong?
    ///
    /// Every window of the history is judged by the configuration's own rules, as it was (a fail is a false one), with the
    /// canary made worse by exactly the margin (a pass is a false one) and by twice the margin (which should fail).
    Calibrate(Calibrate),
    /// Write two small files and judge them: a first look that needs nothing
    Demo(Demo),
    /// Say what this davy can read and ask, which credentials it finds, and what to do
    Doctor,
    /// Write a commented starter configuration for given files
    Init(Init),
    /// List the metrics that a service has, as a configuration to start with
    Discover(Discover),
    /// Read the configuration of another tool, and write one of davy
    ///
    /// Argo Rollouts, Flagger, Keptn, OpenSLO, Sloth, Pyrra, alarms of CloudWatch, thresholds of k6, Kayenta. Files that belong
    /// together are read together. `judge`, `check` and others take such a file directly.
    Import(Import),
    /// Count logs of requests into a small file that is a source itself
    ///
    /// Per arm and step: requests, errors, and a histogram of their latencies. Sketches of one kind add up (`--merge`), so logs
    /// can be counted where they are and judged elsewhere.
    Sketch(Sketch),
    /// Render a saved verdict again
    Report(Report),
    /// List the ready-made metrics of AWS services: packs, what they need to know, and what they measure
    Packs {
        /// One pack alone.
        #[arg(value_name = "PACK")]
        name: Option<String>,
    },
    /// List the logs that davy reads, or show how it reads the first lines of one, field by field
    Formats(Formats),
    /// Print a JSON Schema
    Schema {
        /// Of what.
        #[arg(value_enum)]
        of: SchemaOf,
    },
    /// Print a shell's completion script
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// Arguments of `formats`.
#[derive(Debug, Args)]
#[command(
    override_usage = "davy formats\n       davy formats NAME [FILE]\n       davy formats FILE\n       davy formats --layout LAYOUT FILE"
)]
pub struct Formats {
    /// A format, a file, or both
    #[arg(value_name = "NAME | FILE", num_args = 0..=2)]
    pub names: Vec<String>,
    /// Read the file by a layout of your own: '$remote_addr [$time_local] "$request" $status $request_time'
    #[arg(long, value_name = "LAYOUT", value_parser = data::layout)]
    pub layout: Option<Arc<Layout>>,
    /// How many rows are shown
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub lines: usize,
}

/// Arguments of `judge`.
#[derive(Debug, Args)]
#[command(
    override_usage = "davy judge [OPTIONS] [CONFIG]\n       davy judge [OPTIONS] BASELINE CANARY\n       davy judge [OPTIONS] --data FILE",
    after_help = JUDGE_EXAMPLES
)]
pub struct Judge {
    /// What to judge.
    #[command(flatten)]
    pub files: Files,
    /// How the configuration is resolved.
    #[command(flatten)]
    pub resolve: Resolve,
    /// Where the answer goes.
    #[command(flatten)]
    pub output: Output,
    /// Write what was read and judged into a folder that is itself a configuration
    #[arg(long, value_name = "DIR")]
    pub record: Option<PathBuf>,
    /// Learn the noise first from what the service measured before: a recording, a file with the columns that the
    /// configuration names, or a folder with files of the same names
    #[arg(long, value_name = "DATA")]
    pub history: Option<PathBuf>,
    /// Show the answer of the rule that was used so far beside davy's: of Kayenta, of a file of another tool
    #[arg(long)]
    pub as_written: bool,
    /// Earlier judgements for a rule that compares with them, as Keptn's does: a folder of recordings made with --as-written
    #[arg(long, value_name = "DIR", requires = "as_written")]
    pub earlier: Option<PathBuf>,
    /// Run the configuration's hooks for the answer
    #[arg(long)]
    pub hooks: bool,
    /// Judge every configuration and recording below a folder, and write a line of JSON for each as it is done
    #[arg(long, value_name = "DIR", conflicts_with_all = [
        "paths", "baseline", "canary", "data", "arm", "name", "margins", "step", "by", "filter", "units", "format_in", "layout", "record", "history",
        "as_written", "earlier", "localise", "hooks", "format", "report", "details",
    ])]
    pub all: Option<PathBuf>,
    /// How many gates davy judges at once [default: as many as there are cores]
    #[arg(long, value_name = "N", requires = "all", value_parser = at_once)]
    pub jobs: Option<usize>,
    /// How the verdict becomes an exit code.
    #[command(flatten)]
    pub exit: Exit,
}

/// Arguments of `watch`.
#[derive(Debug, Args)]
pub struct Watch {
    /// The configuration: a YAML or JSON file, or a folder with a canary.yaml in it; ./canary.yaml when none is given
    pub config: Option<PathBuf>,
    /// The phase to watch
    #[arg(long, value_name = "NAME")]
    pub phase: Option<String>,
    /// Watch each phase in turn, as long as they pass
    #[arg(long, conflicts_with = "phase")]
    pub all_phases: bool,
    /// Set a name that the configuration refers to as ${NAME}
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_value)]
    pub set: Vec<(String, String)>,
    /// When the canary began (RFC 3339); with --all-phases, the first phase
    #[arg(long, value_name = "TIME")]
    pub from: Option<Timestamp>,
    /// Keep every look in a folder that is itself a configuration; with --all-phases, in a folder below for each
    #[arg(long, value_name = "DIR")]
    pub record: Option<PathBuf>,
    /// Learn the noise first from what the service measured before: a recording, a file with the columns that the
    /// configuration names, or a folder with files of the same names
    #[arg(long, value_name = "DATA")]
    pub history: Option<PathBuf>,
    /// Go on with the watch that the --record folder keeps, if it has not ended
    #[arg(long, requires = "record")]
    pub resume: bool,
    /// Give up after this many failures of a source in a row
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = failures)]
    pub give_up_after: usize,
    /// Where the answer goes.
    #[command(flatten)]
    pub output: Output,
    /// How the verdict becomes an exit code.
    #[command(flatten)]
    pub exit: Exit,
}

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// The folder of configurations: each NAME.yaml, NAME.json or NAME/canary.yaml is the gate NAME
    #[arg(long, value_name = "DIR")]
    pub configs: PathBuf,
    /// Where to listen; other machines can ask only with the token of DAVY_TOKEN, or a certificate that --client-ca has signed
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7878")]
    pub listen: SocketAddr,
    /// Encrypt: the certificate of the server in PEM, followed by those that vouch for it; davy reads it again when it changes
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The private key of the certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Who asks must show a certificate that one of this file has signed (mTLS)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub client_ca: Option<PathBuf>,
    /// Keep verdicts in this folder, so that they outlive the server
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// How many verdicts to keep; beyond that, davy removes the oldest of the gate that has most
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = keep_at_most)]
    pub keep_at_most: usize,
    /// How many judgements may run at once; davy turns others away
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = at_once)]
    pub at_once: usize,
    /// Seconds until a caller who does not say so hears `pending`; Argo and Flagger give up after ten
    #[arg(long, value_name = "SECONDS", default_value_t = 8)]
    pub wait: u64,
    /// Seconds from SIGTERM until davy ends whatever still goes on
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = grace)]
    pub grace: Duration,
    /// Set a name that configurations refer to as ${NAME}; no request can set it
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_value)]
    pub set: Vec<(String, String)>,
    /// Requests may bring canary configurations of Kayenta, and so ask the stores of `--set` anything
    #[arg(long)]
    pub allow_canary_configs: bool,
    /// Configurations may run programs (`exec`)
    #[arg(long)]
    pub allow_exec: bool,
    /// Requests may hold configurations that ask this; may be repeated. Such as `prometheus=http://prometheus:9090`, with
    /// variables whose values that server may hear: `http=https://api.example.com,API_KEY`
    #[arg(long, value_name = "KIND=ADDRESS", value_parser = Allow::parse)]
    pub allow_inline: Vec<Allow>,
}

/// Arguments of `argo-plugin`.
#[derive(Debug, Args)]
pub struct ArgoPlugin {
    /// The folder of configurations: each NAME.yaml, NAME.json or NAME/canary.yaml is the gate NAME
    #[arg(long, value_name = "DIR")]
    pub configs: PathBuf,
    /// Configurations may run programs (`exec`)
    #[arg(long)]
    pub allow_exec: bool,
    /// An AnalysisTemplate may hold a configuration that asks this; may be repeated, as for `davy serve`. Without a value
    /// it may ask anything, and so send files and secrets of the controller elsewhere
    #[arg(long, value_name = "KIND=ADDRESS", num_args = 0..=1, default_missing_value = "anything", value_parser = allow_inline)]
    pub allow_inline: Vec<AllowInline>,
}

/// Arguments of `lambda`.
#[derive(Debug, Args)]
pub struct Lambda {
    /// Where the configuration is: a file or a folder of the bundle, ssm:/NAME or s3://BUCKET/KEY; with a / at the end, events name
    /// what is below it. Without it, the variable DAVY_CONFIG counts, and then canary.yaml of the bundle
    #[arg(long, value_name = "PLACE")]
    pub config: Option<String>,
    /// The phase of events that name none; without it, the variable DAVY_PHASE counts
    #[arg(long, value_name = "NAME")]
    pub phase: Option<String>,
    /// Set a name that configurations refer to as ${NAME}; no event can set it
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_value)]
    pub set: Vec<(String, String)>,
    /// Configurations may run programs (`exec`)
    #[arg(long)]
    pub allow_exec: bool,
}

/// Arguments of `compare`.
#[derive(Debug, Args)]
#[command(
    override_usage = "davy compare [OPTIONS] [CONFIG]\n       davy compare [OPTIONS] BASELINE CANARY\n       davy compare [OPTIONS] BASELINE --canary NAME=FILE --canary NAME=FILE …\n       davy compare [OPTIONS] --data FILE"
)]
pub struct Compare {
    /// What to compare.
    #[command(flatten)]
    pub files: Files,
    /// How the configuration is resolved.
    #[command(flatten)]
    pub resolve: Resolve,
    /// The form of the answer on stdout: text, markdown, json, html, csv or parquet
    #[arg(long, value_name = "FORMAT", default_value = "text", hide_default_value = true)]
    pub format: ComparedFormat,
    /// Write the comparison to a file as well, or its pictures into a folder (svg=DIR, png=DIR); may be repeated
    #[arg(long, value_name = "FORMAT=PATH", value_parser = compared)]
    pub report: Vec<Compared>,
    /// Write what was read into a folder that is itself a configuration
    #[arg(long, value_name = "DIR")]
    pub record: Option<PathBuf>,
}

/// Arguments of `fetch`.
#[derive(Debug, Args)]
pub struct Fetch {
    /// The configuration: a YAML or JSON file, or a folder with a canary.yaml in it; ./canary.yaml when none is given
    pub config: Option<PathBuf>,
    /// How the configuration is resolved.
    #[command(flatten)]
    pub resolve: Resolve,
    /// Write what was fetched into a folder that is itself a configuration
    #[arg(long, value_name = "DIR")]
    pub record: Option<PathBuf>,
}

/// How a configuration is resolved.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Time and phase")]
pub struct Resolve {
    /// The phase to judge
    #[arg(long, value_name = "NAME")]
    pub phase: Option<String>,
    /// Set a name that the configuration refers to as ${NAME}
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_value)]
    pub set: Vec<(String, String)>,
    /// The beginning of the window (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub from: Option<Timestamp>,
    /// The end of the window (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub to: Option<Timestamp>,
    /// Take this instant for now (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub now: Option<Timestamp>,
}

/// Where the answer goes.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct Output {
    /// The form of the answer on stdout: text, markdown, json, html, junit, github, annotations, csv, prometheus or review
    #[arg(long, value_name = "FORMAT", default_value = "text", hide_default_value = true)]
    pub format: Format,
    /// Write a report to a file as well; may be repeated. `github` without a path, in a step of GitHub Actions: into the step's
    /// summary, with annotations on stderr
    #[arg(long, value_name = "FORMAT=PATH", value_parser = destination)]
    pub report: Vec<Destination>,
    /// Show the numbers and the method behind every finding
    #[arg(long)]
    pub details: bool,
}

/// How the verdict becomes an exit code.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Exit code")]
pub struct Exit {
    /// What an inconclusive verdict exits as
    #[arg(long, value_enum, value_name = "OUTCOME")]
    pub on_inconclusive: Option<OnInconclusive>,
    /// Exit with 12 on a warning
    #[arg(long)]
    pub fail_on_warn: bool,
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// The recordings, or folders with recordings below them
    #[arg(required = true, value_name = "DIR")]
    pub recordings: Vec<PathBuf>,
    /// Say which verdicts differ from the recorded ones, and how; exit with 1 if an answer is another one
    #[arg(long, conflicts_with = "accept")]
    pub check: bool,
    /// With --check, exit with 1 for any difference, such as another number
    #[arg(long, requires = "check")]
    pub strict: bool,
    /// Judge what was recorded by the criteria and the policy of another configuration, and check
    #[arg(long, value_name = "CONFIG", conflicts_with_all = ["accept", "looks"])]
    pub with: Option<PathBuf>,
    /// Make today's verdicts the recorded ones
    #[arg(long)]
    pub accept: bool,
    /// Judge at every planned look, as if the recording were happening now, up to the first that fails
    #[arg(long, conflicts_with_all = ["check", "accept"])]
    pub looks: bool,
    /// How often to look; as the configuration says when it does. Without a soak there, the recording is the soak
    #[arg(long, value_name = "SPAN", requires = "looks", value_parser = span)]
    pub every: Option<SignedDuration>,
    /// Where the answer goes.
    #[command(flatten)]
    pub output: Output,
    /// How the verdict becomes an exit code.
    #[command(flatten)]
    pub exit: Exit,
}

/// Arguments of `diff`.
#[derive(Debug, Args)]
pub struct Diff {
    /// A verdict as JSON, or a recording
    #[arg(value_name = "A")]
    pub before: PathBuf,
    /// Another one
    #[arg(value_name = "B")]
    pub after: PathBuf,
}

/// Arguments of `test`.
#[derive(Debug, Args)]
pub struct Test {
    /// Files with cases
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Where the answer goes.
    #[command(flatten)]
    pub output: Output,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The configurations (files or folders); ./canary.yaml when none is given
    #[arg(value_name = "CONFIG")]
    pub configs: Vec<PathBuf>,
    /// Open the files that the sources name, too, and say what is in them; no service gets a query
    #[arg(long)]
    pub data: bool,
    /// How the configuration is resolved.
    #[command(flatten)]
    pub resolve: Resolve,
}

/// A configuration with its past.
#[derive(Debug, Args)]
pub struct Past {
    /// The configuration: a YAML or JSON file, or a folder with a canary.yaml in it
    #[arg(value_name = "CONFIG")]
    pub config: PathBuf,
    /// The phase to look at
    #[arg(long, value_name = "NAME")]
    pub phase: Option<String>,
    /// Set a name that the configuration refers to as ${NAME}
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_value)]
    pub set: Vec<(String, String)>,
    /// Take this instant for now (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub now: Option<Timestamp>,
    /// The form of the answer on stdout: text, markdown, json or html
    #[arg(long, value_name = "FORMAT", default_value = "text", hide_default_value = true)]
    pub format: PageFormat,
}

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub struct Plan {
    /// What to plan.
    #[command(flatten)]
    pub past: Past,
    /// What the service measured before: a file with the columns that the configuration names, or a folder with files of the
    /// same names
    #[arg(long, value_name = "DATA")]
    pub history: Option<PathBuf>,
}

/// Arguments of `calibrate`.
#[derive(Debug, Args)]
pub struct Calibrate {
    /// What to try.
    #[command(flatten)]
    pub past: Past,
    /// What the service measured before: a file with the columns that the configuration names, or a folder with files of the
    /// same names
    #[arg(long, value_name = "DATA")]
    pub history: PathBuf,
    /// How many windows to judge; more than fit side by side overlap [default: as many as fit]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub windows: Option<u32>,
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Where to write the files
    #[arg(value_name = "DIR", default_value = "davy-demo")]
    pub folder: PathBuf,
}

/// Arguments of `init`.
#[derive(Debug, Args)]
#[command(override_usage = "davy init [OPTIONS] BASELINE CANARY\n       davy init [OPTIONS] --data FILE")]
pub struct Init {
    /// Files without a configuration.
    #[command(flatten)]
    pub files: Files,
    /// Write to a file rather than to stdout; an existing file is never replaced
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct Import {
    /// The files of the other tool: a template and what refers to it, objectives and their queries
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Write to a file, or each gate into a folder that exists; an existing file is never replaced [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
    /// The one gate to write, of several
    #[arg(long, value_name = "NAME")]
    pub gate: Option<String>,
}

/// Arguments of `sketch`.
#[derive(Debug, Args)]
pub struct Sketch {
    /// Files, folders, patterns ('logs/*.gz'), or `-` for standard input
    #[arg(required = true, value_name = "INPUT")]
    pub inputs: Vec<PathBuf>,
    /// Write the sketch (Parquet) to this file
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The inputs are sketches: add them up
    #[arg(long)]
    pub merge: bool,
    /// Write a table per arm and step as CSV, with quantiles in milliseconds; `-` is stdout
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// How the rows are written: csv, ndjson, combined, alb, … (`davy formats` lists them)
    #[arg(long, value_name = "FORMAT", value_parser = crate::config::request_format)]
    pub format: Option<crate::source::requests::Format>,
    /// Where the fields of a line are: '{time} status={status:int} took={latency:ms}'
    #[arg(long, value_name = "LAYOUT", conflicts_with = "format", value_parser = data::layout)]
    pub layout: Option<Arc<Layout>>,
    /// The column with the time
    #[arg(long, value_name = "COLUMN")]
    pub time: Option<String>,
    /// The time zone of times without an offset
    #[arg(long, value_name = "ZONE")]
    pub zone: Option<String>,
    /// The column with the latency, and its unit where the name does not say it: took:ms
    #[arg(long, value_name = "COLUMN[:UNIT]")]
    pub latency: Option<String>,
    /// The column with the status; errors are those of 500 and more
    #[arg(long, value_name = "COLUMN", conflicts_with = "error")]
    pub status: Option<String>,
    /// Which requests are errors: 'status >= 400 and status != 404'
    #[arg(long, value_name = "CONDITION", value_parser = condition)]
    pub error: Option<Condition>,
    /// Only these rows: 'route != "/health"'
    #[arg(long = "where", value_name = "CONDITION", value_parser = condition)]
    pub filter: Option<Condition>,
    /// The arm that all rows are of
    #[arg(long, value_name = "NAME", conflicts_with = "arm_column")]
    pub arm: Option<String>,
    /// The column that tells the arms apart [default: `arm`, if there is one]
    #[arg(long, value_name = "COLUMN")]
    pub arm_column: Option<String>,
    /// Each of this column's values by itself
    #[arg(long, value_name = "COLUMN")]
    pub by: Option<String>,
    /// How long a step is [default: 1m; with --sql the configuration's, or 5m]
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub step: Option<SignedDuration>,
    /// The share of rows that may be unreadable
    #[arg(long, value_name = "SHARE", default_value = "0.1%", value_parser = crate::config::share)]
    pub max_bad_rows: f64,
    /// The input is a configuration: print the query that counts its log in a table, for this engine: duckdb, postgres,
    /// clickhouse, spark, athena (trino), bigquery or snowflake
    #[arg(long, value_name = "DIALECT", value_parser = dialect)]
    pub sql: Option<Dialect>,
    /// The table and how it is counted there.
    #[command(flatten)]
    pub table: Table,
}

/// A table of requests.
#[derive(Debug, Args)]
#[command(next_help_heading = "With --sql")]
pub struct Table {
    /// The table's name: requests, logs.requests. Default that of the configuration
    #[arg(long, value_name = "NAME", requires = "sql")]
    pub table: Option<String>,
    /// What its column with the time holds: timestamptz (an instant), timestamp (without a zone, in UTC), epoch_s, epoch_ms,
    /// epoch_us or epoch_ns. Default what the configuration says
    #[arg(long, value_name = "TYPE", requires = "sql", value_parser = time_type)]
    pub time_type: Option<TimeType>,
    /// A column that holds text although it is compared with numbers; may be repeated
    #[arg(long = "text", value_name = "COLUMN", requires = "sql")]
    pub texts: Vec<String>,
    /// The significant digits of latencies: 1, 2 or 3. Default those of the configuration, else 2
    #[arg(long, value_name = "DIGITS", value_parser = clap::value_parser!(u8).range(1..=3))]
    pub digits: Option<u8>,
    /// Write ${from} and ${to} for the window, which a source `sql` or `http` fills in
    #[arg(long, requires = "sql")]
    pub placeholders: bool,
    /// How the configuration is resolved.
    #[command(flatten)]
    pub resolve: Resolve,
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub struct Report {
    /// A verdict that was written with `--format json`; `-` for standard input
    #[arg(value_name = "VERDICT.json")]
    pub verdict: PathBuf,
    /// Where the answer goes.
    #[command(flatten)]
    pub output: Output,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How messages on stderr are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// One JSON object per line
    Json,
}

/// Of what a schema is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// The configuration file
    Config,
    /// The verdict as JSON
    Verdict,
    /// What `compare` says, as JSON
    Comparison,
}

/// What an inconclusive verdict exits as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnInconclusive {
    /// 0
    Pass,
    /// 0, or 12 with --fail-on-warn
    Warn,
    /// 10
    Fail,
}
