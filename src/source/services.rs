//! Asking the services: backends of one family share clients and limits and are fetched together.

use super::aws;
use super::brought::Brought;
use super::error::Error;
use super::exec;
use super::http;
use super::outside::Outside;
use super::prometheus;
use super::registry::{Question, Source};
use super::sql;
use super::together::Call;

/// Backends whose questions are fetched together, because they share clients and limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Aws,
    Exec,
    Http,
    Prometheus,
    Sql,
}

impl Family {
    const ALL: [Family; 5] = [Family::Aws, Family::Exec, Family::Http, Family::Prometheus, Family::Sql];

    /// Nothing for files, which nobody has to be asked for.
    fn of(source: &Source) -> Option<Family> {
        match source {
            Source::File(_) | Source::Requests(_) | Source::Lost(_) => None,
            Source::CloudWatch(_) | Source::Alarms(_) | Source::Insights(_) | Source::LogEvents(_) => Some(Family::Aws),
            Source::Exec(_) => Some(Family::Exec),
            Source::Http(_) => Some(Family::Http),
            Source::Prometheus(_) => Some(Family::Prometheus),
            Source::Sql(_) => Some(Family::Sql),
        }
    }

    fn fetch(self, questions: &[Question], outside: &Outside) -> Vec<Result<Brought, Error>> {
        match self {
            Family::Aws => aws::fetch(questions, outside),
            Family::Exec => exec::fetch(&calls(questions, Source::exec), outside),
            Family::Http => http::fetch(&calls(questions, Source::http), outside),
            Family::Sql => sql::fetch(&calls(questions, Source::sql), outside),
            Family::Prometheus => {
                let calls = calls(questions, Source::prometheus);
                let asked: Vec<prometheus::Asked> = calls
                    .iter()
                    .map(|call| prometheus::Asked { asked: call.asked, ask: call.ask, window: call.window })
                    .collect();
                let answers = prometheus::fetch(&asked, outside);
                answers.into_iter().map(|answer| answer.map(Brought::series)).collect()
            }
        }
    }
}

/// Questions to one kind of source, taken apart.
fn calls<'q, A>(questions: &[Question<'q>], kind: impl Fn(&'q Source) -> Option<&'q A>) -> Vec<Call<'q, A>> {
    let call = |question: &Question<'q>| {
        let query = question.query;
        let by = query.column();
        Some(Call { asked: kind(&query.source)?, ask: &query.ask, arm: query.arm, by, window: question.window })
    };
    questions.iter().filter_map(call).collect()
}

/// Asks the services; different families at the same time. The answers are in the order of the questions.
///
/// # Errors
///
/// For each question by itself: unreachable with the service's message and the remedy, unreadable, or interrupted.
pub fn fetch(questions: &[Question], outside: &Outside) -> Vec<Result<Brought, Error>> {
    let family = |question: &Question| Family::of(&question.query.source);
    let places =
        |of: Family| -> Vec<usize> { (0..questions.len()).filter(|at| family(&questions[*at]) == Some(of)).collect() };
    let ask = |of: Family| {
        let places = places(of);
        let own: Vec<Question> = places.iter().map(|at| questions[*at]).collect();
        let answers = if own.is_empty() { Vec::new() } else { of.fetch(&own, outside) };
        places.into_iter().zip(answers).collect::<Vec<_>>()
    };
    let mut answers: Vec<Option<Result<Brought, Error>>> = questions.iter().map(|_| None).collect();
    std::thread::scope(|scope| {
        let families = Family::ALL.map(|of| scope.spawn(move || ask(of)));
        for family in families {
            let answered = family.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            answered.into_iter().for_each(|(at, answer)| answers[at] = Some(answer));
        }
    });
    let unanswered =
        |at: usize| Error::unreadable("the source is not a service").within(&questions[at].query.source.shown());
    answers.into_iter().enumerate().map(|(at, answer)| answer.unwrap_or_else(|| Err(unanswered(at)))).collect()
}
