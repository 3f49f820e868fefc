//! Metrics by `GetMetricData`: many questions, few calls, and every answer whole or an error.
//!
//! ```text
//!  questions ──► series, each once ──► batches ──► pages ──► series ──► a sheet per question
//!                (Wanting)             (batch)               (points)
//! ```
//!
//! What fails in a call fails for the questions that are in it; what fails for one series fails for those that asked for
//! it. A series of which CloudWatch says that it is not complete is asked for again, within the deadline.

mod batch;
mod points;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{MetricDataQuery, ScanBy};

use super::client::Clients;
use super::{Answered, Asked};
use crate::source::Brought;
use crate::source::aws::CloudWatch;
use crate::source::error::listed;
use crate::source::file::Sheet;
use crate::source::{Error, Source, Told};
use batch::{Batch, POINTS, Wanted, Wanting};
use points::{Gathered, Series, Trouble};

/// So often a series that is not complete is asked for again.
const AGAIN: u32 = 2;
/// More pages of one call than any window has.
const PAGES: usize = 1000;
const PAUSE: Duration = Duration::from_millis(500);

/// What came of each series that was wanted.
type Got = Vec<Option<Result<Series, Error>>>;

/// Answers the questions.
pub(super) async fn ask(clients: &Clients<'_>, asked: &[Asked<'_>]) -> Vec<Answered> {
    let mut wanting = Wanting::default();
    let mut questions = Vec::new();
    for (at, question) in asked {
        let Source::CloudWatch(of) = &question.query.source else {
            continue;
        };
        let period = i32::try_from(of.period.as_secs()).unwrap_or(i32::MAX);
        let wanted = |measure| Wanted { access: &of.access, window: question.window, period, measure };
        let places: Vec<usize> = of.columns.iter().map(|column| wanting.place(wanted(&column.measure))).collect();
        questions.push((*at, of, places));
    }
    let fetching = Fetching::new(clients, wanting.wanted);
    fetching.all().await;
    let got = fetching.got.into_inner();
    let answer = |(at, of, places): (usize, &CloudWatch, Vec<usize>)| {
        (at, sheet(of, &places, &got).map_err(|error| error.within(&of.access.shown("CloudWatch"))))
    };
    questions.into_iter().map(answer).collect()
}

/// The columns of a question, as they were asked for.
fn sheet(of: &CloudWatch, places: &[usize], got: &Got) -> Result<Brought, Error> {
    let mut columns: Vec<Series> = Vec::with_capacity(places.len());
    for (column, place) in of.columns.iter().zip(places) {
        let series = got.get(*place).cloned().flatten().unwrap_or_else(|| Err(points::nothing(&column.measure)));
        columns.push(series.map_err(|error| error.column(&column.name))?);
    }
    for (place, column) in of.columns.iter().enumerate() {
        let Some(part) = &column.part_of else { continue };
        let total = of.columns.iter().position(|other| other.name == part.total);
        let total = total.map(|total| columns[total].points.clone()).unwrap_or_default();
        points::counted(&mut columns[place], part, &total).map_err(|error| error.column(&column.name))?;
    }
    let note = |(column, series): (&super::super::Column, &Series)| {
        series.notes.iter().map(|note| format!("{}: {note}", column.name)).collect::<Vec<_>>()
    };
    let notes = of.columns.iter().zip(&columns).flat_map(note).collect();
    let columns: Vec<_> =
        of.columns.iter().zip(columns).map(|(column, series)| (column.name.clone(), series.points)).collect();
    Sheet::of_points(&of.access.shown("CloudWatch"), &columns).map(|sheet| Brought::rows(sheet, notes))
}

/// The calls, four at a time.
struct Fetching<'c, 'q> {
    clients: &'c Clients<'c>,
    wanted: Vec<Wanted<'q>>,
    got: RefCell<Got>,
    /// Points that came, and those that come at most.
    came: Cell<u64>,
    of: Cell<u64>,
}

impl<'c, 'q> Fetching<'c, 'q> {
    fn new(clients: &'c Clients<'c>, wanted: Vec<Wanted<'q>>) -> Self {
        let got = RefCell::new(vec![None; wanted.len()]);
        Fetching { clients, wanted, got, came: Cell::new(0), of: Cell::new(0) }
    }

    async fn all(&self) {
        let batches = batch::batches(&self.wanted);
        self.of.set(batches.iter().map(|batch| batch.points).sum());
        let next = Cell::new(0);
        let work = async || {
            while let Some(batch) = batches.get(next.replace(next.get() + 1)) {
                self.one(batch).await;
            }
        };
        tokio::join!(work(), work(), work(), work());
    }

    /// One batch, and those of its series again that did not come whole.
    async fn one(&self, batch: &Batch) {
        let Some(first) = batch.places.first().map(|place| self.wanted[*place]) else { return };
        let client = match self.clients.cloudwatch(first.access).await {
            Ok(client) => client,
            Err(error) => return self.failed(&batch.places, &error),
        };
        let mut left = self.round(&client, &batch.places).await;
        let again = async {
            for round in 1..=AGAIN {
                if left.is_empty() {
                    break;
                }
                let names = left.iter().map(|place| self.wanted[*place].measure.shown()).collect::<Vec<_>>();
                let names = listed(names.iter().map(String::as_str));
                self.clients.tell_again(format!("GetMetricData did not answer all of {names}; asking again"));
                tokio::time::sleep(PAUSE * round).await;
                left = self.round(&client, &left).await;
            }
        };
        // What did not become whole in time stays the error that it is.
        let _ = tokio::time::timeout(Duration::try_from(first.access.deadline).unwrap_or_default(), again).await;
    }

    fn failed(&self, places: &[usize], error: &Error) {
        places.iter().for_each(|place| self.put(*place, Err(error.clone())));
    }

    fn put(&self, place: usize, series: Result<Series, Error>) {
        if let Some(slot) = self.got.borrow_mut().get_mut(place) {
            *slot = Some(series);
        }
    }

    /// Asks for some series once, with all pages. Those to be asked for again are returned.
    async fn round(&self, client: &Client, places: &[usize]) -> Vec<usize> {
        let mut asked = Vec::new();
        let mut queries = Vec::new();
        for place in places {
            match self.wanted[*place].queries_at(*place) {
                Ok(more) => {
                    queries.extend(more);
                    asked.push(*place);
                }
                Err(error) => self.put(*place, Err(error)),
            }
        }
        if queries.is_empty() {
            return Vec::new();
        }
        let mut gathered = match self.pages(client, &asked, &queries).await {
            Ok(gathered) => gathered,
            Err(error) => {
                self.failed(&asked, &error);
                return Vec::new();
            }
        };
        let mut again = Vec::new();
        for place in asked {
            let series = match gathered.remove(&batch::id(place)).map(Gathered::whole) {
                None => Err(points::nothing(self.wanted[place].measure)),
                Some(Ok(series)) => Ok(series),
                Some(Err(Trouble::Lasting(error))) => Err(error),
                Some(Err(Trouble::Passing(error))) => {
                    again.push(place);
                    Err(error)
                }
            };
            self.put(place, series);
        }
        again
    }

    async fn pages(
        &self,
        client: &Client,
        places: &[usize],
        queries: &[MetricDataQuery],
    ) -> Result<BTreeMap<String, Gathered>, Error> {
        let by_id: BTreeMap<String, &Wanted> =
            places.iter().map(|place| (batch::id(*place), &self.wanted[*place])).collect();
        let mut gathered: BTreeMap<String, Gathered> = BTreeMap::new();
        let (mut token, mut tokens) = (None, BTreeSet::new());
        let Some(window) = places.first().map(|place| self.wanted[*place].window) else { return Ok(gathered) };
        for _ in 0..PAGES {
            let call = client.get_metric_data().set_metric_data_queries(Some(queries.to_vec()));
            let call = call.start_time(instant(window.start)).end_time(instant(window.end));
            let call = call.scan_by(ScanBy::TimestampAscending).max_datapoints(POINTS as i32).set_next_token(token);
            self.clients.add_metrics(queries.iter().filter(|query| query.metric_stat().is_some()).count());
            let page = call.send().await.map_err(|error| self.clients.fault("GetMetricData", &error))?;
            if let Some(message) = page.messages().first() {
                let error = Error::unreachable(format!("GetMetricData answered in part: {}", points::words(message)));
                return Err(error.hint("Ask for less at a time."));
            }
            gathered.values_mut().for_each(Gathered::turn);
            for result in page.metric_data_results() {
                let id = result.id().unwrap_or_default();
                let Some(wanted) = by_id.get(id) else {
                    let error = Error::unreadable("GetMetricData answered what was not asked for").value(id);
                    return Err(error.expected("the ids of the request"));
                };
                gathered.entry(id.to_owned()).or_default().add(result, wanted);
                self.came.set(self.came.get() + result.values().len() as u64);
            }
            if self.of.get() > POINTS {
                let (done, of) = (self.came.get(), Some(self.of.get().max(self.came.get())));
                (self.clients.outside.told)(Told::Progress { what: "datapoints", done, of });
            }
            let next = page.next_token().filter(|next| !next.is_empty()).map(str::to_owned);
            let Some(next) = next else { return Ok(gathered) };
            if !tokens.insert(next.clone()) {
                let error = Error::unreachable("GetMetricData gave the same NextToken twice, so its pages never end");
                return Err(error.hint("What was answered may not be all there is; try again."));
            }
            token = Some(next);
        }
        Err(Error::unreadable(format!("GetMetricData has more than {PAGES} pages for one call")))
    }
}

fn instant(time: crate::series::Timestamp) -> DateTime {
    DateTime::from_secs(time.as_second())
}
