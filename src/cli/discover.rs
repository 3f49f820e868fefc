//! Arguments of `discover`: where to look, for what, and who asks.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::spoken::{header, matching};
use crate::source::prometheus::Listing;

/// Arguments of `discover`.
#[derive(Debug, Args)]
pub struct Discover {
    /// Where to look.
    #[command(subcommand)]
    pub service: DiscoverIn,
}

/// Where metrics are looked for.
#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant)] // one is made per run
pub enum DiscoverIn {
    /// Amazon CloudWatch: namespaces, or the metrics of one as a configuration
    Cloudwatch(CloudWatch),
    /// Prometheus, and what speaks its API: the metrics of the last hour as a configuration
    Prometheus(Scraped),
}

/// Arguments of `discover cloudwatch`.
#[derive(Debug, Args)]
pub struct CloudWatch {
    /// Write a configuration for the metrics of a namespace; without it, the namespaces are listed
    #[arg(long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// Only metrics with this text in their name or in a value of their dimensions, in any case
    #[arg(long = "match", value_name = "TEXT")]
    pub matching: Option<String>,
    /// Only metrics that had a point in the last three hours
    #[arg(long)]
    pub recent: bool,
    /// The region; as usual for AWS when not given
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// A profile of the shared AWS configuration
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Another server that speaks the same protocol
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,
}

/// Arguments of `discover prometheus`.
#[derive(Debug, Args)]
pub struct Scraped {
    /// Where the API begins, without /api/v1
    #[arg(long, value_name = "URL")]
    pub url: String,
    /// Only these series: '{job="api"}'; or metrics with this text in their name
    #[arg(long = "match", value_name = "SELECTOR", value_parser = matching)]
    pub matching: Option<Listing>,
    /// The environment variable with a bearer token
    #[arg(long, value_name = "VARIABLE")]
    pub bearer_env: Option<String>,
    /// A user with a password
    #[arg(long, value_name = "NAME", requires = "password_env")]
    pub user: Option<String>,
    /// The environment variable with the password
    #[arg(long, value_name = "VARIABLE", requires = "user")]
    pub password_env: Option<String>,
    /// A header that holds no secret: 'X-Scope-OrgID: shop'. May be repeated
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    pub headers: Vec<(String, String)>,
    /// A header with the environment variable that holds its value: 'X-Api-Key: API_KEY'. May be repeated
    #[arg(long = "header-env", value_name = "NAME: VARIABLE", value_parser = header)]
    pub headers_env: Vec<(String, String)>,
    /// Sign for Amazon Managed Prometheus in this region
    #[arg(long, value_name = "REGION")]
    pub sigv4: Option<String>,
    /// Certificates to trust instead of the machine's (PEM)
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// A certificate to show (PEM)
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,
    /// Its key (PEM)
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
}
