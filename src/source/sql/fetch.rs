//! Asking PostgreSQL: each distinct query once, in a read-only transaction, within the deadline.

use std::cell;
use std::time::Duration;

use futures_util::TryStreamExt;
use tokio::time::{sleep, timeout};
use tokio_postgres::Statement as Prepared;
use tokio_postgres::types::ToSql;

use super::asked::Sql;
use super::cell::{Bound, Cell, is_readable};
use super::connect::{Connected, Way};
use super::trouble;
use crate::series::Window;
use crate::source::backend::Backend;
use crate::source::brought::Brought;
use crate::source::error::{Error, Place};
use crate::source::file::{Sheet, Wanted};
use crate::source::outside::{Outside, Told};
use crate::source::together::{Call, Rows, each_once};

/// More of an answer than this is not read.
const MOST_BYTES: usize = 256 << 20;
/// So often a question is asked that fails for now.
const ATTEMPTS: u32 = 3;
/// The first wait before another attempt; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// Asks the databases of the questions.
///
/// # Errors
///
/// For each question by itself: unreachable with PostgreSQL's message and the remedy; unreadable when a column or a cell is
/// not what it should be.
pub fn fetch(calls: &[Call<Sql>], outside: &Outside) -> Vec<Result<Brought, Error>> {
    each_once(calls, is_same, |call, wanted| {
        rows(call, wanted, outside).map_err(|error| error.within(&call.asked.describe()))
    })
}

/// Whether one answer does for both: whose rows are read from it does not matter.
fn is_same(one: &Call<Sql>, other: &Call<Sql>) -> bool {
    let Sql { place, password, authorities, statement, deadline, file, step } = one.asked;
    let there = other.asked;
    *place == there.place
        && *password == there.password
        && *authorities == there.authorities
        && *statement == there.statement
        && *deadline == there.deadline
        && *step == there.step
        && file.reads_the_same(&there.file)
        && one.window == other.window
}

fn rows(call: &Call<Sql>, wanted: &Wanted, outside: &Outside) -> Result<Rows, Error> {
    let asked = call.asked;
    let table = table(asked, call.window, outside)?;
    if table.rows.is_empty() {
        (outside.told)(Told::Doubt(format!("{}: the query has no row in this window", asked.describe())));
    }
    Ok((Sheet::of_rows(&asked.file, &table.names, &table.rows, wanted)?, Vec::new()))
}

/// The answer of a database as CSV. An empty cell is no value.
///
/// # Errors
///
/// Unreachable with PostgreSQL's message and the remedy; unreadable when a column is not what it should be.
pub fn answer(asked: &Sql, window: Window, outside: &Outside) -> Result<Vec<u8>, Error> {
    let about = |error: Error| error.within(&asked.describe());
    let table = table(asked, window, outside).map_err(about)?;
    let unwritten =
        |error: csv::Error| about(Error::unreadable(format!("has a row that cannot be written as CSV ({error})")));
    let mut text = csv::Writer::from_writer(Vec::new());
    text.write_record(&table.names).map_err(unwritten)?;
    for row in &table.rows {
        text.write_record(row.iter().map(|cell| cell.as_deref().unwrap_or(""))).map_err(unwritten)?;
    }
    text.into_inner().map_err(|error| about(Error::unreadable(error.to_string())))
}

fn table(asked: &Sql, window: Window, outside: &Outside) -> Result<Table, Error> {
    outside.interrupt.check()?;
    let way = Way::of(asked, outside)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::unreachable(format!("cannot be asked ({error})")))?;
    runtime.block_on(attempt((asked, window), &way, outside)).map_err(|failure| match failure {
        Failure::Server(error) => trouble::error(asked, &error),
        Failure::Told(error) => error,
    })
}

/// Why there is no answer.
enum Failure {
    /// The server says so, or the way to it is broken.
    Server(tokio_postgres::Error),
    /// The answer is not what it should be.
    Told(Error),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Failure {
        Failure::Server(error)
    }
}

/// An answer.
struct Table {
    names: Vec<String>,
    rows: Vec<Vec<Option<String>>>,
}

/// Asks, again after a pause where that may help.
async fn attempt(question: (&Sql, Window), way: &Way, outside: &Outside<'_>) -> Result<Table, Failure> {
    let (asked, _) = question;
    let paused_for = cell::Cell::new(None);
    let answer = timeout(asked.deadline.unsigned_abs(), async {
        let mut wait = FIRST_WAIT;
        for _ in 1..ATTEMPTS {
            match attempt_once(question, way).await {
                Err(Failure::Server(error)) if trouble::may_pass(&error) => {
                    let why = trouble::error(asked, &error);
                    (outside.told)(Told::Again(format!("{}: {}; again", asked.describe(), why.about.problem)));
                    paused_for.set(Some(error));
                }
                ended => return ended,
            }
            sleep(wait).await;
            paused_for.take();
            wait *= 2;
        }
        attempt_once(question, way).await
    });
    // where a pause is cut short, what it was for is what failed
    let late = |_| Err(paused_for.take().map_or_else(|| Failure::Told(trouble::deadline(asked)), Failure::Server));
    answer.await.unwrap_or_else(late)
}

async fn attempt_once(question: (&Sql, Window), way: &Way) -> Result<Table, Failure> {
    let connected = way.connect().await?;
    let table = transaction(question, &connected).await;
    connected.close().await;
    table
}

async fn transaction((asked, window): (&Sql, Window), connected: &Connected) -> Result<Table, Failure> {
    let client = &connected.client;
    // settings of a transaction pass a pool of connections, those of a session do not
    let milliseconds = asked.deadline.unsigned_abs().as_millis().max(1);
    let begin = format!(
        "BEGIN READ ONLY; SET LOCAL statement_timeout = {milliseconds}; SET LOCAL TimeZone = 'UTC'; \
         SET LOCAL standard_conforming_strings = on"
    );
    client.batch_execute(&begin).await?;
    let prepared = client.prepare(&asked.statement.text).await?;
    check(&prepared).map_err(Failure::Told)?;
    let bound = |bind: &super::statement::Bind| Bound(bind.value.fill(window, asked.step));
    let values: Vec<Bound> = asked.statement.binds.iter().map(bound).collect();
    let parameters = values.iter().map(|value| value as &(dyn ToSql + Sync));
    let stream = client.query_raw(&prepared, parameters).await?;
    let mut stream = std::pin::pin!(stream);
    let (mut rows, mut bytes) = (Vec::new(), 0);
    while let Some(row) = stream.try_next().await? {
        let number = rows.len() as u64 + 1;
        let cell = |at: usize| match row.try_get::<_, Option<Cell>>(at) {
            Ok(cell) => Ok(cell.map(|cell| cell.0)),
            Err(error) => Err(unread(&error, &prepared, at).at(Place { what: "row", number })),
        };
        let cells = (0..row.len()).map(cell).collect::<Result<Vec<_>, Error>>().map_err(Failure::Told)?;
        bytes += cells.iter().flatten().map(|cell| cell.len() + 8).sum::<usize>();
        if bytes > MOST_BYTES {
            let error = Error::unreachable("the answer is longer than 256 MiB");
            return Err(Failure::Told(error.hint("Aggregate it per step, or ask for a shorter window.")));
        }
        rows.push(cells);
    }
    client.batch_execute("ROLLBACK").await?;
    Ok(Table { names: prepared.columns().iter().map(|column| column.name().to_owned()).collect(), rows })
}

/// Complains of a query without rows, and of columns that are neither a number, nor a text, nor a time.
fn check(prepared: &Prepared) -> Result<(), Error> {
    if prepared.columns().is_empty() {
        return Err(Error::unreachable("the statement gives no rows").hint("Write a `SELECT`."));
    }
    match prepared.columns().iter().find(|column| !is_readable(column.type_())) {
        None => Ok(()),
        Some(column) => {
            let name = column.type_().name();
            Err(Error::unreadable(format!("is of the type {name}, which is not a number, a text or a time"))
                .column(column.name())
                .hint("Cast it: `::float8`, `::text`; of an interval, `extract(epoch from …)` has the seconds."))
        }
    }
}

fn unread(error: &tokio_postgres::Error, prepared: &Prepared, at: usize) -> Error {
    let column = &prepared.columns()[at];
    let why = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    Error::unreadable(format!("holds what cannot be read as {}: {why}", column.type_().name())).column(column.name())
}
