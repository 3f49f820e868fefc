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
