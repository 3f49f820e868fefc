//! The same questions to every server: each answer is the truth, or says what it lacks.

use davy::series::{Gravity, Series, SignedDuration, Timestamp, Window};
use davy::source::file::Answer;
use davy::source::prometheus::{Access, Asked, Authentication, Column, Measure, Prometheus, Secret, Tls, fetch};
use davy::source::{Ask, Error, Kind as Failing, Least, Missing, Outside};

use super::server::{Kind, Server};
use super::truth::{Counts, EDGES, START, Truth};

/// What is asked for in most tests.
pub const TOTAL: &str = r#"http_requests_total{version="ARM"}"#;
pub const BAD: &str = r#"http_requests_total{version="ARM",code=~"5.."}"#;

pub fn access(url: &str) -> Access {
    Access {
        url: url.to_owned(),
        authentication: Authentication::None,
        tls: Tls::default(),
        headers: Vec::new(),
        deadline: SignedDuration::from_secs(20),
    }
}

pub fn column(name: &str, measure: Measure) -> Column {
    Column { name: name.into(), measure }
}

pub fn prometheus(url: &str, step: i64, columns: Vec<Column>) -> Prometheus {
    Prometheus {
        access: access(url),
        scrapes: None,
        columns,
        step: SignedDuration::from_secs(step),
        instance: None,
        group: None,
        without: Vec::new(),
        lookback: SignedDuration::from_mins(5),
    }
}

/// The counts of an arm.
pub fn counts(url: &str, arm: &str, step: i64) -> Prometheus {
    let counter = |text: &str| Measure::Counter(text.replace("ARM", arm));
    let columns = vec![column("total", counter(TOTAL)), column("bad", counter(BAD))];
    Prometheus { instance: Some("instance".into()), ..prometheus(url, step, columns) }
}

pub fn of_counts() -> Ask {
    Ask::Counts {
        total: Some("total".into()),
        bad: Some("bad".into()),
        good: None,
        missing: Missing::Zero,
        instance: Some("instance".into()),
        counter: None,
    }
}

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

pub fn window(start: i64, end: i64) -> Window {
    Window { start: at(start), end: at(end) }
}

pub fn one(asked: &Prometheus, ask: &Ask, window: Window) -> Result<Answer, Error> {
    fetch(&[Asked { asked, ask, window }], &Outside::quiet(window.end)).remove(0)
}

pub fn counted(series: &Series) -> Counts {
    let Series::Counts { time, total, bad } = series else { panic!("{series:?}") };
    time.iter().zip(total.iter().zip(bad)).map(|(time, (total, bad))| (time.as_second(), (*total, *bad))).collect()
}

/// Everything that a server with the truth in it has to answer.
fn answers_the_truth(kind: Kind) {
    let truth = Truth::new(7);
    let Some(server) = Server::start(kind, &truth.openmetrics(), false) else { return };
    for (step, shift) in [(15, 0), (15, 7), (30, 7), (60, 0), (60, 7), (300, 7)] {
        let (start, end) = (START + 600 + shift, START + 600 + shift + 4_500);
        for arm in ["baseline", "canary"] {
            let answer = one(&counts(&server.url, arm, step), &of_counts(), window(start, end)).unwrap();
            let shown = format!("{kind:?}, {arm}, step {step} s shifted by {shift} s");
            assert_eq!(counted(&answer.series), truth.counts(arm, None, (start, end, step)), "{shown}");
            let instances = answer.instances.unwrap();
            assert_eq!(instances.keys().collect::<Vec<_>>(), truth.instances(arm), "{shown}");
            for (name, series) in &instances {
                assert_eq!(counted(series), truth.counts(arm, Some(name), (start, end, step)), "{shown}, {name}");
            }
        }
    }
    says_what_happened(&server);
    histograms_are_the_truth(&server, &truth);
    gauges_and_refusals(&server, kind);
}

fn says_what_happened(server: &Server) {
    let (start, end) = (START + 600, START + 5_100);
    let notes = |arm: &str| {
        let answer = one(&counts(&server.url, arm, 60), &of_counts(), window(start, end)).unwrap();
        answer.notes.into_iter().map(|note| (note.gravity, note.text)).collect::<Vec<_>>()
    };
    let has = |notes: &[(Gravity, String)], gravity: Gravity, words: &str| {
        let found = notes.iter().any(|(own, text)| *own == gravity && text.contains(words));
        assert!(found, "{gravity:?} {words}: {notes:#?}");
    };
    let (baseline, canary) = (notes("baseline"), notes("canary"));
    has(&baseline, Gravity::Note, "series start again from zero, such as http_requests_total");
    has(&baseline, Gravity::Note, "were counted while scrapes were missing, such as those of http_requests_total");
    has(&canary, Gravity::Note, "series begin inside the window and count from zero");
    has(&canary, Gravity::Note, "series end before the window does; the last sample is that of");
    let worst = baseline.iter().chain(&canary).map(|(gravity, _)| *gravity).max();
    assert!(worst <= Some(Gravity::Suspect), "{baseline:#?} {canary:#?}");
}

fn histograms_are_the_truth(server: &Server, truth: &Truth) {
    let (start, end) = (START + 607, START + 607 + 4_500);
    for arm in ["baseline", "canary"] {
        let selector = format!("latency_seconds_bucket{{version=\"{arm}\"}}");
        let asked = prometheus(&server.url, 60, vec![column("latency", Measure::Histogram(selector))]);
        let ask = Ask::Histograms { column: "latency".into(), factor: 1_000.0 };
        let Series::Buckets { bins, scale, .. } = one(&asked, &ask, window(start, end)).unwrap().series else {
            panic!()
        };
        let mut counts = vec![0; EDGES.len() + 1];
        bins.iter().flat_map(|bins| bins.cells().collect::<Vec<_>>()).for_each(|(at, n)| counts[at as usize] += n);
        assert_eq!(counts, truth.latencies(arm, (start, end)), "{arm}");
        let edges = bins[0].grid().edges().unwrap();
        let shown: Vec<f64> = edges.iter().map(|edge| *edge as f64 * scale / 1_000.0).collect();
        assert!(shown.iter().zip(EDGES).all(|(own, edge)| (own - edge).abs() < 1e-9), "{shown:?}");

        let by = Prometheus { group: Some("instance".into()), ..asked };
        let groups = one(&by, &ask, window(start, end)).unwrap().groups.unwrap();
        let parts = groups.values().map(|series| match series {
            Series::Buckets { bins, .. } => bins.iter().map(|bins| bins.total()).sum::<u64>(),
            _ => 0,
        });
        assert_eq!((groups.len(), parts.sum::<u64>()), (3, counts.iter().sum()), "{arm}");

        // a limit at an edge is a count of its own
        let up_to = |edge: &str| {
            let selector = format!("latency_seconds_bucket{{version=\"{arm}\",le=\"{edge}\"}}");
            Measure::Counter(selector)
        };
        let columns = vec![column("total", up_to("+Inf")), column("good", up_to("0.25"))];
        let ask = Ask::Counts {
            total: Some("total".into()),
            bad: None,
            good: Some("good".into()),
            missing: Missing::Zero,
            instance: None,
            counter: None,
        };
        let asked = prometheus(&server.url, 60, columns);
        let slow = counted(&one(&asked, &ask, window(start, end)).unwrap().series);
        let slow = slow.values().fold((0, 0), |sum, step| (sum.0 + step.0, sum.1 + step.1));
        assert_eq!(slow, (counts.iter().sum(), counts[4..].iter().sum()), "{arm}");
    }
}

fn gauges_and_refusals(server: &Server, kind: Kind) {
    let gauge = |text: &str| prometheus(&server.url, 60, vec![column("value", Measure::Gauge(text.into()))]);
    let ask = Ask::Gauge { value: "value".into(), factor: 2.0, requests: None, least: Least::Any, counter: None };
    let (start, end) = (START + 600, START + 5_400);
    let asked = gauge(r#"queue_length{instance="10.0.1.2:80"}"#);
    let Series::Gauge { time, value, .. } = one(&asked, &ask, window(start, end)).unwrap().series else { panic!() };
    // born after minute 19, over at minute 52, and not for another five minutes of looking back
    let minutes: Vec<i64> = time.iter().map(|time| (time.as_second() - START) / 60).collect();
    assert_eq!(minutes, (19..52).collect::<Vec<_>>(), "{kind:?}");
    assert!(value.iter().all(|value| value % 2.0 == 0.0 && *value <= 12.0));
    let error = |text: &str| one(&gauge(text), &ask, window(start, end)).unwrap_err();
    assert!(error("queue_length").to_string().contains("6 series answer, and one is wanted"), "{kind:?}");
    let by = Prometheus { group: Some("instance".into()), ..gauge("queue_length") };
    let groups = one(&by, &ask, window(start, end)).unwrap().groups.unwrap();
    assert_eq!((groups.len(), groups["10.0.1.2:80"].time()), (6, &time[..]), "{kind:?}");
    assert!(error("sum(queue_length) / 0").to_string().contains("beyond everything"), "{kind:?}");
    let nothing = one(&gauge("sum(queue_length) * NaN"), &ask, window(start, end)).unwrap();
    assert!(nothing.series.is_empty(), "{kind:?}: not a number is a gap");
    // more points than one answer may have
    let many = Prometheus { step: SignedDuration::from_millis(400), ..gauge("sum(queue_length)") };
    let Series::Gauge { time, .. } = one(&many, &ask, window(start, end)).unwrap().series else { panic!() };
    assert_eq!(time.len(), 12_000, "{kind:?}");

    // the server refuses what only it can know
    let refused = error("label_replace(queue_length, \"a\", \"b\", \"c\", \"(\")");
    assert_eq!(refused.kind, Failing::Unreadable, "{kind:?}: {refused}");
    let mut nobody = counts(&server.url, "nobody", 60);
    let nothing = one(&nobody, &of_counts(), window(start, end)).unwrap();
    assert!(nothing.series.is_empty() && nothing.silent.is_empty(), "{nothing:?}");
    nobody.columns[1].measure = Measure::Counter("http_requests_total".into());
    let error = one(&nobody, &of_counts(), window(start, end)).unwrap_err().to_string();
    assert!(error.contains("without any sample of the total"), "{kind:?}: {error}");
    let silent = {
        let mut asked = counts(&server.url, "canary", 60);
        asked.columns[1].measure = Measure::Counter("http_failures_total".into());
        one(&asked, &of_counts(), window(start, end)).unwrap()
    };
    assert_eq!(silent.silent, ["bad"], "{kind:?}: zero throughout, and said");
    let mut wrong = counts(&format!("{}/elsewhere", server.url), "canary", 60);
    let error = one(&wrong, &of_counts(), window(start, end)).unwrap_err();
    assert_eq!(error.kind, Failing::Unreachable, "{kind:?}: {error}");
    wrong.access.authentication = Authentication::Bearer(Secret::Variable("NOT_SET".into()));
    let error = one(&wrong, &of_counts(), window(start, end)).unwrap_err().to_string();
    assert!(error.contains("the environment variable NOT_SET, which holds the token, is not set"), "{error}");
    coarse(server);
}

fn coarse(server: &Server) {
    let asked = counts(&server.url, "baseline", 10);
    let error = one(&asked, &of_counts(), window(START + 600, START + 1_200)).unwrap_err().to_string();
    assert!(error.contains("is scraped every 15 s, which is longer than the step of 10 s"), "{error}");
}

#[test]
fn prometheus_2_answers_the_truth() {
    answers_the_truth(Kind::Prometheus2);
}

#[test]
fn prometheus_3_answers_the_truth() {
    answers_the_truth(Kind::Prometheus3);
}

#[test]
fn victoria_1_79_answers_the_truth() {
    answers_the_truth(Kind::Victoria179);
}

#[test]
fn victoria_1_answers_the_truth() {
    answers_the_truth(Kind::Victoria1);
}

/// What `increase()` says of the canary's requests and errors, beside the truth: the table of `docs/sources/prometheus.md`.
/// Its counts also spread more than the true ones do, which no interval of theirs knows.
#[test]
fn increase_is_not_a_count() {
    let truth = Truth::new(7);
    let (start, end) = (START + 607, START + 607 + 4_500);
    let ask = Ask::Gauge { value: "v".into(), factor: 1.0, requests: None, least: Least::Any, counter: None };
    let dispersion = |counts: &[f64]| {
        let mean = counts.iter().sum::<f64>() / counts.len() as f64;
        counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / (counts.len() - 1) as f64 / mean
    };
    for kind in [Kind::Prometheus2, Kind::Prometheus3, Kind::Victoria179, Kind::Victoria1] {
        let Some(server) = Server::start(kind, &truth.openmetrics(), false) else { continue };
        for step in [30, 60, 300] {
            let increase = |matchers: &str| {
                let text = format!("sum(increase(http_requests_total{{{matchers}}}[{step}s]))");
                let asked = prometheus(&server.url, step, vec![column("v", Measure::Gauge(text))]);
                let Series::Gauge { value, .. } = one(&asked, &ask, window(start, end)).unwrap().series else {
                    panic!()
                };
                value
            };
            let [all, bad] = ["", ",code=~\"5..\""].map(|code| increase(&format!("version=\"canary\"{code}")));
            let [all, bad] = [all, bad].map(|counts| counts.iter().sum::<f64>());
            let counts = truth.counts("canary", None, (start, end, step));
            let (requests, errors) = counts.values().fold((0, 0), |sum, step| (sum.0 + step.0, sum.1 + step.1));
            let steady = truth.counts("baseline", Some("10.0.0.1:80"), (start, end, step));
            let steady: Vec<f64> = steady.values().map(|(all, _)| *all as f64).collect();
            let spread = dispersion(&increase("instance=\"10.0.0.1:80\",version=\"baseline\""));
            println!(
                "{kind:?} | {step} s | {all:.1} / {bad:.1} | {requests} / {errors} | {spread:.2} | {:.2}",
                dispersion(&steady)
            );
            let is_exact = (all - requests as f64).abs() < 0.5 && (bad - errors as f64).abs() < 0.5;
            assert_eq!(is_exact, kind.is_victoria(), "{kind:?}, {step} s");
        }
    }
}

/// Prometheus scrapes itself: its own latencies are native histograms, and how often it was asked is known.
#[test]
fn native_histograms_count_what_was_asked() {
    let Some(server) = Server::start(Kind::Prometheus3, &Truth::new(7).openmetrics(), true) else { return };
    let now = || Timestamp::now().as_millisecond() / 1_000;
    let start = now() - 60;
    (0..17).for_each(|_| assert_eq!(server.http("GET", "/api/v1/labels", "").unwrap().0, 200));
    let selector = r#"prometheus_http_request_duration_seconds_bucket{handler="/api/v1/labels"}"#;
    let asked = prometheus(&server.url, 60, vec![column("latency", Measure::Histogram(selector.into()))]);
    let ask = Ask::Histograms { column: "latency".into(), factor: 1_000.0 };
    // it begins to scrape some five seconds after it is ready
    let scraped = (0..60).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(500));
        Some(one(&asked, &ask, window(start, now())).unwrap().series).filter(|series| !series.is_empty())
    });
    let Some(Series::Buckets { bins, .. }) = scraped else { panic!("{scraped:?}") };
    assert_eq!(bins.iter().map(|bins| bins.total()).sum::<u64>(), 17, "{bins:?}");
    assert!(bins.iter().any(|bins| bins.grid().edges().is_some_and(|edges| edges.len() > 400)));
}
