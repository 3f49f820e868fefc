//! The calls: one runtime for all of them, every service at the same time.

mod alarms;
mod client;
mod discover;
mod fault;
mod insights;
mod log_events;
mod metrics;
mod together;

use std::time::Duration;

use super::{Access, Listed, Listing};
use crate::source::{Brought, Error, Interrupt, Outside, Question, Source};
use client::Clients;

/// How often it is looked whether somebody wants an end.
const TICK: Duration = Duration::from_millis(20);

/// What a question at some place in the list brought.
type Answered = (usize, Result<Brought, Error>);

/// A question with its place in the list.
type Asked<'a> = (usize, Question<'a>);

/// Asks all questions and answers each, in their order.
///
/// # Errors
///
/// For each question by itself: unreachable with the metric, the service's message and what is missing; unreadable
/// when it answered what cannot be an answer; interrupted.
pub fn fetch(questions: &[Question], outside: &Outside) -> Vec<Result<Brought, Error>> {
    let failed = |error: &Error| questions.iter().map(|_| Err(error.clone())).collect();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&Error::unreachable(format!("no calls can be made here ({error})"))),
    };
    let of = |which: fn(&Source) -> bool| -> Vec<Asked> {
        let asked = questions.iter().enumerate().filter(|(_, question)| which(&question.query.source));
        asked.map(|(at, question)| (at, *question)).collect()
    };
    let clients = Clients::new(outside);
    let (metrics, alarms) =
        (of(|source| matches!(source, Source::CloudWatch(_))), of(|source| matches!(source, Source::Alarms(_))));
    let (insights, events) =
        (of(|source| matches!(source, Source::Insights(_))), of(|source| matches!(source, Source::LogEvents(_))));
    let all = async {
        let (one, two, three, four) = tokio::join!(
            metrics::ask(&clients, &metrics),
            alarms::ask(&clients, &alarms),
            insights::ask(&clients, &insights),
            log_events::ask(&clients, &events),
        );
        let mut answers: Vec<Result<Brought, Error>> =
            questions.iter().map(|_| Err(Error::unreachable("was not asked"))).collect();
        for (at, answer) in one.into_iter().chain(two).chain(three).chain(four) {
            answers[at] = answer;
        }
        answers
    };
    runtime.block_on(async {
        let answered = tokio::select! {
            answered = all => Ok(answered),
            () = interrupted(&outside.interrupt) => Err(Error::interrupted()),
        };
        match answered {
            Ok(answered) => {
                clients.tell_cost();
                answered
            }
            Err(error) => {
                clients.stop_queries().await;
                failed(&error)
            }
        }
    })
}

/// Ends when somebody wants to stop.
async fn interrupted(interrupt: &Interrupt) {
    use tokio::signal::unix::{SignalKind, signal};
    if matches!(interrupt, Interrupt::Flags(_)) {
        while !interrupt.is_raised() {
            tokio::time::sleep(TICK).await;
        }
        return;
    }
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

/// What there is to be asked for.
///
/// # Errors
///
/// As [`fetch`].
pub fn discover(access: &Access, listing: &Listing, outside: &Outside) -> Result<Vec<Listed>, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::unreachable(format!("no calls can be made here ({error})")))?;
    let clients = Clients::new(outside);
    runtime.block_on(async {
        tokio::select! {
            listed = discover::list(&clients, access, listing) => {
                clients.tell_cost();
                listed
            }
            () = interrupted(&outside.interrupt) => Err(Error::interrupted()),
        }
    })
}
