//! Clients with credentials, retries and deadlines, made once for each account that is asked, and what they cost.
//!
//! Nothing is looked up that the configuration has said: with a region there, no profile and no instance is asked for one;
//! credentials are sought at the first call.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_cloudwatch::config::interceptors::{BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef};
use aws_sdk_cloudwatch::config::retry::RetryConfig;
use aws_sdk_cloudwatch::config::timeout::TimeoutConfig;
use aws_sdk_cloudwatch::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_cloudwatch::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};

use super::fault;
use crate::source::aws::Access;
use crate::source::{Error, Outside, Told};
use crate::url::Url;

/// One attempt may take so long.
const ATTEMPT: Duration = Duration::from_secs(30);
/// Attempts are as many as the deadline leaves room for; this only bounds a server that refuses at once, for ever.
const ATTEMPTS: u32 = 12;

/// Attempts and the pauses between them, doubled and jittered. Not the SDK's adaptive mode: its rate limiter answers the
/// first throttled call with some nine seconds of silence for all of them, where a second attempt would have done.
fn retries() -> RetryConfig {
    let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS);
    retries.with_initial_backoff(Duration::from_millis(250)).with_max_backoff(Duration::from_secs(10))
}

/// The clients of one fetch.
pub(super) struct Clients<'o> {
    /// What the program lets hear, and when it is.
    pub outside: &'o Outside<'o>,
    made: RefCell<Vec<(Access, SdkConfig)>>,
    spent: Arc<Spent>,
    scanned: Cell<u64>,
    metrics: Cell<u64>,
    /// Queries of Logs Insights that run at the moment: to be stopped when everything is.
    pub running: RefCell<Vec<(Access, String)>>,
}

impl<'o> Clients<'o> {
    pub fn new(outside: &'o Outside<'o>) -> Self {
        let (made, running) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
        Clients { outside, made, spent: Arc::default(), scanned: Cell::new(0), metrics: Cell::new(0), running }
    }

    /// The client for metrics and alarms.
    pub async fn cloudwatch(&self, access: &Access) -> Result<aws_sdk_cloudwatch::Client, Error> {
        let config = self.config(access).await?;
        let config = aws_sdk_cloudwatch::config::Builder::from(&config).interceptor(Counting(self.spent.clone()));
        Ok(aws_sdk_cloudwatch::Client::from_conf(config.build()))
    }

    /// The client for logs.
    pub async fn logs(&self, access: &Access) -> Result<aws_sdk_cloudwatchlogs::Client, Error> {
        let config = self.config(access).await?;
        let config = aws_sdk_cloudwatchlogs::config::Builder::from(&config).interceptor(Counting(self.spent.clone()));
        Ok(aws_sdk_cloudwatchlogs::Client::from_conf(config.build()))
    }

    async fn config(&self, access: &Access) -> Result<SdkConfig, Error> {
        if let Some((_, config)) = self.made.borrow().iter().find(|(known, _)| known == access) {
            return Ok(config.clone());
        }
        let config = self.connect(access).await?;
        self.made.borrow_mut().push((access.clone(), config.clone()));
        Ok(config)
    }

    async fn connect(&self, access: &Access) -> Result<SdkConfig, Error> {
        let deadline = Duration::try_from(access.deadline).unwrap_or(ATTEMPT);
        let timeout = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .operation_attempt_timeout(ATTEMPT.min(deadline))
            .operation_timeout(deadline);
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        loader = loader.retry_config(retries()).timeout_config(timeout.build());
        if let Some(region) = &access.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = &access.profile {
            // A profile that is named is meant: what the environment has besides is another account's, perhaps.
            let named = ProfileFileCredentialsProvider::builder().profile_name(profile).build();
            loader = loader.profile_name(profile).credentials_provider(named);
        }
        if let Some(url) = &access.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        let config = loader.load().await;
        if config.region().is_none() {
            let error = Error::unreachable("no region is set").within(&access.shown("CloudWatch"));
            return Err(error.hint(
                "Write `region: us-east-1` in the source (`--region us-east-1` to discover), or set AWS_REGION.",
            ));
        }
        let Some(role) = &access.assume_role else { return Ok(config) };
        let mut provider =
            aws_config::sts::AssumeRoleProvider::builder(&role.arn).session_name("davy").configure(&config);
        if let Some(id) = &role.external_id {
            provider = provider.external_id(id);
        }
        let credentials = SharedCredentialsProvider::new(provider.build().await);
        Ok(config.into_builder().credentials_provider(credentials).build())
    }

    /// Lets hear what the calls were.
    pub fn tell_cost(&self) {
        self.spent.again().into_iter().for_each(|what| self.tell_again(what));
        let metrics = Some(self.metrics.get()).filter(|metrics| *metrics > 0).map(metrics_cost);
        let scanned = Some(self.scanned.get()).filter(|scanned| *scanned > 0).map(scan_cost);
        let cost: Vec<String> = self.spent.told().into_iter().chain(metrics).chain(scanned).collect();
        if !cost.is_empty() {
            (self.outside.told)(Told::Cost(cost.join("; ")));
        }
    }

    /// Adds metrics that were requested, which is what they cost.
    pub fn add_metrics(&self, metrics: usize) {
        self.metrics.set(self.metrics.get() + metrics as u64);
    }

    /// Adds what Logs Insights has scanned, which is what it costs.
    pub fn add_scanned(&self, bytes: u64) {
        self.scanned.set(self.scanned.get().saturating_add(bytes));
    }

    /// An error of an operation; where the time was over, with what the attempt before had brought.
    pub fn fault<E>(&self, operation: &str, error: &SdkError<E, HttpResponse>) -> Error
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let fault = fault::of(operation, error);
        match (error, self.spent.last(operation)) {
            (SdkError::TimeoutError(_), Some(last)) => fault::after(fault, operation, &last),
            _ => fault,
        }
    }

    /// Lets hear that something is tried again.
    pub fn tell_again(&self, what: String) {
        (self.outside.told)(Told::Again(what));
    }

    /// Stops the queries that still run: they cost money. Gives up after a few seconds.
    pub async fn stop_queries(&self) {
        let running = self.running.take();
        let stop = async {
            for (access, query) in &running {
                if let Ok(logs) = self.logs(access).await {
                    // There is nobody left to tell of a query that cannot be stopped.
                    let _ = logs.stop_query().query_id(query).send().await;
                }
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(5), stop).await;
    }
}

/// `18 metrics requested, 0.00018 USD at 0.01 USD per 1,000`, the price of most regions.
fn metrics_cost(metrics: u64) -> String {
    let dollars = format!("{:.5}", metrics as f64 / 1000.0 * 0.01);
    format!("{metrics} metrics requested, {} USD at 0.01 USD per 1,000", dollars.trim_end_matches('0'))
}

/// `12.3 MB scanned by Logs Insights, about 0.00006 USD at 0.005 USD per GB`, the price of most regions.
fn scan_cost(scanned: u64) -> String {
    let dollars = scanned as f64 / 1e9 * 0.005;
    let dollars = match () {
        () if dollars < 0.00001 => "less than 0.00001".to_owned(),
        () if dollars < 0.01 => format!("about {}", format!("{dollars:.5}").trim_end_matches('0')),
        () => format!("about {dollars:.2}"),
    };
    format!("{} scanned by Logs Insights, {dollars} USD at 0.005 USD per GB", bytes(scanned))
}

/// Bytes in words: `12.3 MB`.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    let (mut value, mut unit) = (count as f64, "B");
    for larger in UNITS {
        // what would be rounded to 1000 is one of the next
        if value < 999.95 {
            break;
        }
        (value, unit) = (value / 1000.0, larger);
    }
    if unit == "B" { format!("{count} B") } else { format!("{value:.1} {unit}") }
}

/// Attempts by operation, and what went wrong with them.
#[derive(Debug, Default)]
struct Spent(Mutex<BTreeMap<String, Attempts>>);

#[derive(Debug, Default)]
struct Attempts {
    made: u64,
    failed: u64,
    /// What the last attempt brought, unless it was an answer.
    last: Option<String>,
    /// What one that failed brought.
    why: Option<String>,
}

impl Spent {
    fn add(&self, operation: &str, made: u64, failed: u64) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let attempts = all.entry(operation.to_owned()).or_default();
        attempts.made += made;
        attempts.failed += failed;
    }

    fn set_last(&self, operation: &str, last: Option<String>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let attempts = all.entry(operation.to_owned()).or_default();
        attempts.why = last.clone().or(attempts.why.take());
        attempts.last = last;
    }

    fn last(&self, operation: &str) -> Option<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(operation).and_then(|attempts| attempts.last.clone())
    }

    /// What was asked for again, and why: one sentence for each operation.
    fn again(&self) -> Vec<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let one = |(operation, attempts): (&String, &Attempts)| {
            let times = if attempts.failed == 1 { "once".to_owned() } else { format!("{} times", attempts.failed) };
            let why = attempts.why.as_ref().filter(|_| attempts.last.is_none())?;
            Some(format!("{operation} failed {times} and was asked again: {why}"))
        };
        all.iter().filter_map(one).collect()
    }

    /// `GetMetricData 3 (1 failed), StartQuery 2`.
    fn told(&self) -> Option<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let one = |(operation, attempts): (&String, &Attempts)| match attempts.failed {
            0 => format!("{operation} {}", attempts.made),
            failed => format!("{operation} {} ({failed} failed)", attempts.made),
        };
        let calls: Vec<String> = all.iter().map(one).collect();
        (!calls.is_empty()).then(|| format!("API calls: {}", calls.join(", ")))
    }
}

const PLAIN: &str =
    "the address of the service is not encrypted, and requests to it hold credentials: write `https://…`";

/// Counts the attempts of a client, and lets none go out in clear text.
#[derive(Debug)]
struct Counting(Arc<Spent>);

fn operation(config: &ConfigBag) -> &str {
    config.load::<Metadata>().map_or("?", Metadata::name)
}

impl Intercept for Counting {
    fn name(&self) -> &'static str {
        "counting"
    }

    /// Whoever set the address, the environment included: what is signed goes to nobody in clear text but to this machine.
    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match Url::parse(context.request().uri()) {
            Ok(url) if url.is_readable_on_the_way() => Err(PLAIN.into()),
            _ => Ok(()),
        }
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.add(operation(config), 1, 0);
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let failed = context.output_or_error().and_then(|outcome| outcome.err());
        if failed.is_some() {
            self.0.add(operation(config), 0, 1);
        }
        self.0.set_last(operation(config), failed.map(|error| fault::shortly(error)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{bytes, scan_cost};

    #[test]
    fn bytes_are_told_in_units_a_person_reads() {
        let all = [0, 999, 1000, 123_456, 999_949, 999_950, 1_200_000_000, u64::MAX].map(bytes);
        assert_eq!(all, ["0 B", "999 B", "1.0 kB", "123.5 kB", "999.9 kB", "1.0 MB", "1.2 GB", "18446.7 PB"]);
    }

    #[test]
    fn scanning_is_told_with_its_price() {
        let told = "12.3 MB scanned by Logs Insights, about 0.00006 USD at 0.005 USD per GB";
        assert_eq!(scan_cost(12_300_000), told);
        assert!(scan_cost(1_200_000_000).contains("about 0.006 USD"));
        assert!(scan_cost(123_456).contains("less than 0.00001 USD"));
        assert!(scan_cost(20_000_000_000).contains("about 0.10 USD"));
    }
}
