//! One query, from its start to rows that are complete; by halves of its window where one answer cannot hold them.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::config::Builder;
use aws_sdk_cloudwatchlogs::config::interceptors::InterceptorContext;
use aws_sdk_cloudwatchlogs::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_cloudwatchlogs::operation::get_query_results::GetQueryResultsOutput;
use aws_sdk_cloudwatchlogs::operation::start_query::StartQueryError;
use aws_sdk_cloudwatchlogs::types::QueryStatus;
use aws_smithy_runtime_api::client::retries::classifiers::RetryClassifierPriority;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::super::client::Clients;
use super::meter::Meter;
use super::wording::{Cuts, Wording};
use crate::series::Window;
use crate::source::Error;
use crate::source::aws::Insights;
use crate::source::aws::known::group;
use crate::source::file::Sheet;

/// Names and values of one result.
pub(super) type Row = Vec<(String, String)>;

/// The rows that are asked for at most, and come in one answer.
const LIMIT: u64 = 10_000;
/// Between two looks at a query, at first and at last.
const LOOK: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(2));
/// Between two attempts to start while too many queries run, at first and at last.
const WAIT: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));
/// Nobody waits longer for a query to stop.
const STOP: Duration = Duration::from_secs(5);

/// A query and what it may use.
pub(super) struct Run<'r> {
    pub clients: &'r Clients<'r>,
    pub asked: &'r Insights,
    /// How many may run at the same time.
    pub gate: &'r Semaphore,
    /// What its source has scanned.
    pub meter: &'r Meter,
    /// What its text says.
    pub wording: Wording,
    /// What it has scanned itself.
    pub scanned: Cell<u64>,
}

/// How far an execution is.
#[derive(Default)]
struct Progress {
    /// Its id, while it may be running.
    running: RefCell<Option<String>>,
    /// Why it was not let start.
    refused: RefCell<Option<String>>,
    /// What is already counted of what it has scanned.
    counted: Cell<u64>,
}

impl Run<'_> {
    /// All rows of the window. Halves are asked for one after the other: where nothing helps, little was scanned for it.
    pub async fn rows(&self, whole: Window) -> Result<Vec<Row>, Error> {
        let (mut all, mut pending) = (Vec::new(), vec![whole]);
        while let Some(window) = pending.pop() {
            let mut rows = self.one(window).await?;
            let cut_off = self.is_cut_off(rows.len() as u64)?;
            if cut_off || window != whole {
                rows = before(rows, &window, self.asked.time.as_deref())?;
            }
            if !cut_off {
                all.append(&mut rows);
                continue;
            }
            let (one, two) = self.wording.halves(window).ok_or_else(|| self.indivisible(window))?;
            pending.extend([two, one]);
        }
        Ok(all)
    }

    /// Whether there may be more rows than were answered.
    fn is_cut_off(&self, rows: u64) -> Result<bool, Error> {
        if let Some(limit) = self.wording.limit.filter(|limit| rows >= *limit) {
            let error = Error::unreadable(format!("stopped at the query's own `limit {limit}`: rows are missing"));
            return Err(error.hint("Leave the `limit` out of the query; davy fetches more rows in parts."));
        }
        Ok(rows == LIMIT || (rows > LIMIT && self.wording.limit.is_none()))
    }

    fn indivisible(&self, window: Window) -> Error {
        let why = match &self.wording.cuts {
            Cuts::Never(why) => format!("the query {why}, so it cannot be asked for in parts"),
            _ => format!("{} to {} cannot be cut further", window.start, window.end),
        };
        let problem = format!("has {LIMIT} rows or more, and AWS answers with {LIMIT} at most; {why}");
        Error::unreadable(problem).hint("Aggregate in the query: `stats … by bin(5m)`.")
    }

    /// One execution, for at most the deadline.
    async fn one(&self, window: Window) -> Result<Vec<Row>, Error> {
        let closed = |_| Error::unreachable("no query is started any more");
        let _permit = self.gate.acquire().await.map_err(closed)?;
        if let Some(error) = self.meter.over() {
            return Err(error);
        }
        let logs = self.clients.logs(&self.asked.access).await?;
        let progress = Progress::default();
        let deadline = self.asked.access.deadline;
        let within = Duration::try_from(deadline).unwrap_or(Duration::ZERO);
        let rows = timeout(within, self.attend(&logs, window, &progress)).await;
        let left = progress.running.take();
        match (rows, left) {
            (Ok(rows), None) => rows,
            (Ok(rows), Some(id)) => {
                let stopped = self.stop(&logs, &id).await;
                rows.map_err(|error| also(error, stopped))
            }
            (Err(_), Some(id)) => {
                let stopped = self.stop(&logs, &id).await;
                let error =
                    Error::unreachable(format!("was not complete within the deadline of {deadline:#}; {stopped}"));
                Err(error.hint("Narrow the window, the log groups or the query, or raise `deadline` of the source."))
            }
            (Err(_), None) => Err(self.never_started(progress.refused.take())),
        }
    }

    fn never_started(&self, refused: Option<String>) -> Error {
        let deadline = self.asked.access.deadline;
        let why = refused.map(|said| format!(" ({said})")).unwrap_or_default();
        let error = Error::unreachable(format!("could not be started within the deadline of {deadline:#}{why}"));
        error.hint(
            "Lower `concurrency` of the source, wait until fewer queries run in the account, or raise `deadline`.",
        )
    }

    /// Starts it and looks at it until it ends.
    async fn attend(&self, logs: &Client, window: Window, progress: &Progress) -> Result<Vec<Row>, Error> {
        let id = self.start(logs, window, progress).await?;
        self.clients.running.borrow_mut().push((self.asked.access.clone(), id.clone()));
        *progress.running.borrow_mut() = Some(id.clone());
        let mut pause = LOOK.0;
        loop {
            sleep(pause).await;
            pause = (pause * 3 / 2).min(LOOK.1);
            let answer = logs.get_query_results().query_id(&id).send().await;
            let answer = answer.map_err(|error| self.clients.fault("GetQueryResults", &error))?;
            self.count(&answer, progress);
            let status = answer.status.clone();
            if !matches!(status, Some(QueryStatus::Scheduled | QueryStatus::Running)) {
                progress.running.take();
                self.ended(&id);
            }
            if let Some(error) = self.meter.over() {
                return Err(error);
            }
            match status {
                Some(QueryStatus::Scheduled | QueryStatus::Running) => {}
                Some(QueryStatus::Complete) => return self.pages(logs, &id, answer).await,
                other => return Err(ended_badly(other.as_ref())),
            }
        }
    }

    /// Starts it, as soon as the account lets another query run.
    async fn start(&self, logs: &Client, window: Window, progress: &Progress) -> Result<String, Error> {
        let (start, end) = seconds(window);
        let groups: Vec<String> = self.asked.groups.iter().map(|name| group(name).to_owned()).collect();
        let mut call = logs.start_query().query_string(&self.asked.query);
        call = call.start_time(start).end_time(end).limit(i32::try_from(LIMIT).unwrap_or(i32::MAX));
        call = match groups.iter().any(|name| name.starts_with("arn:")) {
            true => call.set_log_group_identifiers(Some(groups)),
            false => call.set_log_group_names(Some(groups)),
        };
        let mut pause = WAIT.0;
        loop {
            let waits = Builder::new().retry_classifier(ManyQueries);
            let error = match call.clone().customize().config_override(waits).send().await {
                Ok(started) => {
                    let none = || Error::unreachable("StartQuery answered without the id of a query");
                    return started.query_id.ok_or_else(none);
                }
                Err(error) => error,
            };
            let too_many = error.as_service_error().filter(|error| error.is_limit_exceeded_exception());
            let Some(said) = too_many else { return Err(self.clients.fault("StartQuery", &error)) };
            let said =
                format!("StartQuery: {}", said.meta().message().unwrap_or("too many queries run in the account"));
            if progress.refused.replace(Some(said.clone())).is_none() {
                self.clients.tell_again(format!("{said}; waiting until one ends"));
            }
            sleep(pause).await;
            pause = (pause * 2).min(WAIT.1);
        }
    }

    /// The rows of the answer that says it is complete, and of the pages that follow.
    async fn pages(&self, logs: &Client, id: &str, mut answer: GetQueryResultsOutput) -> Result<Vec<Row>, Error> {
        let mut rows = Vec::new();
        loop {
            rows.extend(answer.results.take().unwrap_or_default().into_iter().map(|fields| {
                let named = fields.into_iter().filter(|field| field.field() != Some("@ptr"));
                named.map(|field| (field.field.unwrap_or_default(), field.value.unwrap_or_default())).collect::<Row>()
            }));
            let Some(token) = answer.next_token.take() else { return Ok(rows) };
            let next = logs.get_query_results().query_id(id).next_token(&token).send().await;
            answer = next.map_err(|error| self.clients.fault("GetQueryResults", &error))?;
            if answer.next_token.as_ref() == Some(&token) || answer.status != Some(QueryStatus::Complete) {
                return Err(Error::unreachable("GetQueryResults did not go on with its pages").hint("Ask again."));
            }
        }
    }

    /// Counts what was scanned since the last look.
    fn count(&self, answer: &GetQueryResultsOutput, progress: &Progress) {
        let now = answer.statistics.as_ref().map_or(0.0, |statistics| statistics.bytes_scanned) as u64;
        let more = now.saturating_sub(progress.counted.get());
        progress.counted.set(now.max(progress.counted.get()));
        self.scanned.set(self.scanned.get().saturating_add(more));
        self.meter.add(more);
        self.clients.add_scanned(more);
    }

    /// Stops it, and says whether that worked.
    async fn stop(&self, logs: &Client, id: &str) -> &'static str {
        let stopped = timeout(STOP, logs.stop_query().query_id(id).send()).await;
        self.ended(id);
        match stopped {
            Ok(Ok(_)) => "the query was stopped",
            _ => "the query could not be stopped and may still run",
        }
    }

    /// It runs no longer.
    fn ended(&self, id: &str) {
        let mut running = self.clients.running.borrow_mut();
        running.retain(|(access, other)| *access != self.asked.access || other != id);
    }
}

/// Adds a sentence's end to what is wrong.
fn also(mut error: Error, what: &str) -> Error {
    error.about.problem = format!("{}; {what}", error.about.problem);
    error
}

/// `startTime` and `endTime`: the second that the window begins in, and the one at whose begin it has ended.
fn seconds(window: Window) -> (i64, i64) {
    let (start, end) = (window.start.as_millisecond(), window.end.as_millisecond());
    (start.div_euclid(1000), -(-end).div_euclid(1000))
}

/// The rows before a window's end: what happened at it belongs to the next half.
fn before(rows: Vec<Row>, window: &Window, time: Option<&str>) -> Result<Vec<Row>, Error> {
    let sheet = Sheet::of_fields("", time, &rows)?;
    let timed = rows.into_iter().zip(sheet.times());
    Ok(timed.filter(|(_, instant)| **instant < window.end).map(|(row, _)| row).collect())
}

fn ended_badly(status: Option<&QueryStatus>) -> Error {
    let status = status.map_or("no status", QueryStatus::as_str);
    let hint = match status {
        "Cancelled" => "Somebody stopped it; ask again.",
        "Timeout" => "Narrow the window, the log groups or the query.",
        "Failed" => "Run the query in the console to see why, or ask again.",
        _ => "Ask again.",
    };
    Error::unreachable(format!("ended with the status {status}, without an answer")).expected("Complete").hint(hint)
}

/// Too many queries is no throttling, which the SDK would wait out by itself: others have to end first.
#[derive(Debug)]
struct ManyQueries;

impl ClassifyRetry for ManyQueries {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error = context.output_or_error().and_then(Result::err).and_then(|error| error.as_operation_error());
        let error = error.and_then(|error| error.downcast_ref::<StartQueryError>());
        match error.is_some_and(StartQueryError::is_limit_exceeded_exception) {
            true => RetryAction::RetryForbidden,
            false => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "too many queries"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_before(RetryClassifierPriority::http_status_code_classifier())
    }
}
