//! The answer of the rule that somebody used so far, beside davy's: in every report, and deciding only if it is to.

use davy::report::document::{Action, AsWritten, Decider, Document, Outcome, WrittenMetric};
use davy::report::{Format, Style, beside, render, schema};

use crate::reports::samples;

fn answer(document: &Document, decides: Decider) -> AsWritten {
    let metric = |metric: &str, name: &str, label: &str, reason: Option<&str>| WrittenMetric {
        name: name.into(),
        metric: Some(metric.into()),
        label: label.into(),
        outcome: Some(if label == "Pass" { Outcome::Pass } else { Outcome::Inconclusive }),
        severity: None,
        reason: reason.map(str::to_owned),
        value: None,
    };
    let first = document.findings[0].metric.as_str();
    AsWritten {
        by: "Kayenta's rule (NetflixACAJudge-v1.0)".into(),
        decides,
        outcome: Outcome::Pass,
        score: davy::report::document::Number::new(85.0),
        sentence: "Pass, 85".into(),
        davy: None,
        metrics: vec![
            metric(first, "Errors of | all", "Pass", Some("The Canary and Baseline data are identical")),
            metric("nothing", "Gone", "Nodata", Some("Missing data for Gone")),
        ],
        notes: vec!["Kayenta's rule lets `Gone` pass without data".into()],
    }
}

#[test]
fn it_stands_beside_and_changes_nothing() {
    let plain = Document::from(&samples::fail());
    let both = beside(plain.clone(), answer(&plain, Decider::Davy));
    assert_eq!((both.outcome, &both.summary, &both.findings), (plain.outcome, &plain.summary, &plain.findings));
    let style = Style { color: false, width: 100, details: false };
    for format in [Format::Terminal, Format::Markdown, Format::Html] {
        let text = render(&both, format, &style).replace('\\', "").replace('\u{a0}', " ").replace("</strong>", "");
        let one_line = text.replace("**", "").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(one_line.contains("Kayenta's rule (NetflixACAJudge-v1.0): Pass, 85; davy: FAIL, "), "{text}");
        assert!(one_line.contains("Missing data for Gone") && one_line.contains("not judged"), "{text}");
        assert!(one_line.contains("lets `Gone` pass without data"), "{text}");
        assert!(!render(&plain, format, &style).contains("NetflixACA"));
    }
}

#[test]
fn it_decides_if_it_is_to_and_says_so() {
    let plain = Document::from(&samples::fail());
    let both = beside(plain.clone(), answer(&plain, Decider::AsWritten));
    assert_eq!((both.outcome, both.recommendation.action), (Outcome::Pass, Action::Promote));
    assert!(both.summary.starts_with("Kayenta's rule (NetflixACAJudge-v1.0) decides: Pass, 85; davy: FAIL"));
    let own = both.as_written.as_ref().unwrap().davy.as_ref().unwrap();
    assert_eq!((own.outcome, &own.summary), (Outcome::Fail, &plain.summary));
    assert_eq!(both.findings, plain.findings);
}

#[test]
fn the_contract_has_it() {
    let plain = Document::from(&samples::fail());
    let both = beside(plain.clone(), answer(&plain, Decider::Davy));
    let text = render(&both, Format::Json, &Style::default());
    assert!(jsonschema::validator_for(&schema()).unwrap().is_valid(&serde_json::from_str(&text).unwrap()));
    assert_eq!(Document::read(&text).unwrap(), both);
}

/// A suite that Kayenta's rule decided, with these labels.
fn decided(outcome: Outcome, labels: [(&str, Outcome); 2]) -> Document {
    let plain = Document::from(&samples::fail());
    let mut answer = answer(&plain, Decider::AsWritten);
    (answer.outcome, answer.sentence) = (outcome, format!("{outcome:?}, 40"));
    answer.score = davy::report::document::Number::new(40.0);
    for (metric, (label, outcome)) in answer.metrics.iter_mut().zip(labels) {
        (metric.label, metric.outcome) = (label.into(), Some(outcome));
    }
    beside(plain, answer)
}

#[test]
fn reports_for_programs_list_what_decided_and_say_whose_it_is() {
    let style = Style::default();
    let by = "Kayenta&apos;s rule (NetflixACAJudge-v1.0)";
    let fail = decided(Outcome::Fail, [("High (+31.0 %)", Outcome::Fail), ("Pass", Outcome::Pass)]);
    let junit = render(&fail, Format::Junit, &style).replace('\'', "&apos;");
    assert!(
        junit.contains("tests=\"2\"") && junit.contains("failures=\"1\"") && junit.contains("errors=\"0\""),
        "{junit}"
    );
    assert!(junit.contains(&format!("name=\"decided by\" value=\"{by}\"")), "{junit}");
    assert!(junit.contains("value=\"40 of 100\"") && junit.contains(&format!("classname=\"{by}\"")), "{junit}");
    assert!(junit.contains("type=\"high\"") && junit.contains(&format!("High (+31.0 %) by {by}")), "{junit}");
    assert!(junit.contains("note: davy, which does not decide: PASS errors"), "{junit}");
    let lines = render(&fail, Format::Annotations, &style);
    let errors: Vec<&str> = lines.lines().filter(|line| line.starts_with("::error ")).collect();
    assert_eq!(errors.len(), 2, "{lines}");
    assert!(
        errors[0].contains("Kayenta's rule (NetflixACAJudge-v1.0) decides")
            && errors[1].contains("title=FAIL%3A Errors of | all"),
        "{lines}"
    );
    assert!(!lines.contains("::warning ") && errors[1].contains("davy, which does not decide"), "{lines}");
    let slack = davy::report::slack(&fail);
    assert!(slack.matches('•').count() == 1 && slack.contains("High (+31.0 %) by Kayenta's rule"), "{slack}");
    // tables have both, and davy's rows never decide
    let csv = render(&fail, Format::Csv, &style);
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    let column = |name: &str| rows_of(&csv, name);
    assert_eq!(rows.records().count(), 2 + fail.findings.len());
    assert_eq!(column("outcome")[..2], ["fail", "pass"]);
    assert!(column("severity")[2..].iter().all(|severity| severity == "muted"), "{csv}");
    let metrics = render(&fail, Format::Prometheus, &style);
    assert!(metrics.lines().any(|line| line.starts_with("davy_score{") && line.ends_with(" 40")), "{metrics}");
    assert!(metrics.contains("criterion=\"Errors of | all\""), "{metrics}");
    assert!(render(&fail, Format::Review, &style).contains("Errors of"));
}

fn rows_of(csv: &str, name: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let at = reader.headers().unwrap().iter().position(|own| own == name).unwrap();
    reader.records().map(|row| row.unwrap()[at].to_owned()).collect()
}

#[test]
fn a_suite_is_as_green_as_the_rule_that_decides() {
    let counts = |document: &Document| {
        let junit = render(document, Format::Junit, &Style::default());
        let number =
            |name: &str| junit.split_once(&format!(" {name}=\"")).unwrap().1.split('"').next().unwrap().to_owned();
        [number("failures"), number("errors")]
    };
    // a score may pass what one metric does not; davy's own findings turn no suite red
    let high = ("High (+31.0 %)", Outcome::Fail);
    assert_eq!(counts(&decided(Outcome::Pass, [high, ("Nodata", Outcome::Inconclusive)])), ["0", "0"]);
    assert_eq!(counts(&decided(Outcome::Inconclusive, [high, ("Pass", Outcome::Pass)])), ["0", "1"]);
    // where no metric says what the verdict says, a case of its own does
    assert_eq!(counts(&decided(Outcome::Fail, [("Pass", Outcome::Pass), ("Pass", Outcome::Pass)])), ["1", "0"]);
    let plain = Document::from(&samples::fail());
    assert_eq!(
        counts(&plain),
        counts(&beside(plain.clone(), answer(&plain, Decider::Davy))),
        "beside it changes nothing"
    );
}
