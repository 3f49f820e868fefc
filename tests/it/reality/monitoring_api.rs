//! Answers of real monitoring APIs, from the manual of the AWS command line and recorded from AWS itself.
//!
//! They are short, and the recorded ones have their times masked. What has enough points is judged from end to end;
//! everything else must end in an answer that says what is missing, or in a refusal that names the file and the
//! reason: never in a Pass.

use std::path::Path;

use davy::judge::verdict::Outcome::{Fail, Inconclusive, Pass};
use davy::judge::verdict::Reason;
use serde_json::Value;

use super::{judge, shared};

/// What any of the values would meet.
const LENIENT: &str = "{ metric: m, pass: \"<= 1000\" }";

/// The outputs in a page of the manual: what is indented after each "Output::".
fn outputs(page: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(page).unwrap();
    let outputs = text.split("Output::").skip(1).map(|rest| {
        let lines = rest.lines().skip_while(|line| line.trim().is_empty());
        lines.take_while(|line| line.is_empty() || line.starts_with(' ')).collect::<Vec<_>>().join("\n")
    });
    outputs.collect()
}

/// One gauge of one file, against a threshold or against an earlier window.
fn config(window: &str, value: &str, unit: &str, criteria: &str) -> String {
    format!(
        "name: answer\n{window}sources: {{ answer: {{ file: {{ path: answer.json }} }} }}\n\
         metrics: {{ m: {{ gauge: {{ value: \"{value}\", unit: \"{unit}\" }} }} }}\ncriteria: [{criteria}]\n"
    )
}

#[test]
fn statistics_from_the_manual_are_judged() {
    let Some(root) = shared("monitoring-api") else { return };
    let folder = tempfile::tempdir().unwrap();
    let pages = outputs(&root.join("cloudwatch/get-metric-statistics.rst"));
    std::fs::write(folder.path().join("answer.json"), &pages[0]).unwrap();
    // Hourly maxima of a day, in no order: the later half against the earlier one.
    let window = "window: { from: 2014-04-09T11:18:00Z, to: 2014-04-09T23:18:00Z, step: 1h, \
                  baseline: { from: 2014-04-08T23:18:00Z, to: 2014-04-09T11:18:00Z } }\n";
    let criteria = "{ metric: m, pass: \"<= baseline + 20pp\" }, { metric: m, pass: \"<= 90%\", periods: 1 of 1 }, \
                    { metric: m, pass: \"<= 50%\", periods: 3 of 3 }, { metric: m, pass: \"<= 50%\", periods: 2 of 4 }";
    let verdict = judge(folder.path(), &config(window, "Maximum", "%", criteria)).unwrap();
    verdict.findings.iter().for_each(|finding| println!("{:?} {}", finding.outcome, finding.sentence));
    let answers: Vec<_> = verdict.findings.iter().map(|finding| (finding.outcome, finding.reason)).collect();
    // The earlier half is no partner in time of the later one: eleven hours against twelve, and no mean that rose by twenty points.
    assert_eq!(answers[0], (Pass, Reason::WithinBound));
    assert_eq!(answers[1..], [(Pass, Reason::WithinBound), (Pass, Reason::WithinBound), (Fail, Reason::BeyondBound)]);
    assert_eq!(verdict.findings[3].evidence.estimate.canary, Some(50.85), "the second worst of four decides");
    assert_eq!(verdict.findings[3].evidence.n.canary, 11.0, "23 hours are in the file");
}

#[test]
fn single_values_from_the_manual_are_too_few() {
    let Some(root) = shared("monitoring-api") else { return };
    let folder = tempfile::tempdir().unwrap();
    let pages = outputs(&root.join("cloudwatch/get-metric-data.rst"));
    for (page, id) in pages.iter().zip(["m3", "m1"]) {
        std::fs::write(folder.path().join("answer.json"), page).unwrap();
        let verdict = judge(folder.path(), &config("", id, "units", LENIENT)).unwrap();
        let [finding] = verdict.findings.as_slice() else { panic!("one criterion, one finding") };
        println!("{}", finding.sentence);
        assert_eq!((verdict.outcome, finding.reason), (Inconclusive, Reason::TooFew));
        assert!(finding.sentence.contains("only 1 step can be used, at least 5 are needed"), "{}", finding.sentence);
        let effect = finding.evidence.effect.unwrap();
        assert_eq!(
            (effect.low, effect.high),
            (f64::NEG_INFINITY, f64::INFINITY),
            "one number does not tell how much it varies"
        );
    }
}

/// Why recorded answers are refused: their times are masked, they come in the old XML shape, or they are empty.
const REASONS: [&str; 5] = [
    "refused: answer.json, result 1: \"Timestamps\" is not a list; expected what the AWS command line prints",
    "refused: answer.json, datapoint 1, column \"Timestamp\": \"timestamp\" is not a time",
    "refused: answer.json: \"MetricDataResults\" is not a list; expected what the AWS command line prints",
    "refused: answer.json: no row belongs to either arm, so there is no window to judge. Give the window",
    "refused: answer.json, datapoint 3: is in Seconds, and datapoint 1 is in None",
];

/// Every object inside a document that has a member of that name.
fn holding<'a>(document: &'a Value, member: &str, found: &mut Vec<&'a Value>) {
    match document {
        Value::Object(object) => {
            if object.contains_key(member) {
                found.push(document);
            }
            object.values().for_each(|value| holding(value, member, found));
        }
        Value::Array(values) => values.iter().for_each(|value| holding(value, member, found)),
        _ => {}
    }
}

#[test]
fn recorded_answers_with_masked_times_are_refused_with_the_reason() {
    let Some(root) = shared("monitoring-api") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut told = [0; REASONS.len()];
    for name in ["test_cloudwatch", "test_cloudwatch_metrics"] {
        let text = std::fs::read_to_string(root.join(format!("aws-recorded/cloudwatch/{name}.snapshot.json"))).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        for member in ["MetricDataResults", "Datapoints"] {
            let mut answers = Vec::new();
            holding(&document, member, &mut answers);
            for answer in answers {
                std::fs::write(folder.path().join("answer.json"), answer.to_string()).unwrap();
                let first = &answer[member][0];
                let column = ["Id", "Label"].iter().find_map(|key| first[key].as_str()).unwrap_or("Sum");
                let said = match judge(folder.path(), &config("", column, "units", LENIENT)) {
                    Ok(verdict) => format!("{:?} {}", verdict.outcome, verdict.findings[0].sentence),
                    Err(message) => format!("refused: {message}"),
                };
                println!("{member} {said}");
                let reason = REASONS.iter().position(|reason| said.contains(reason)).expect(&said);
                told[reason] += 1;
                if reason == 3 {
                    let window = "window: { from: 2025-09-19T17:00:00Z, to: 2025-09-19T18:00:00Z, step: 5m }\n";
                    let verdict = judge(folder.path(), &config(window, column, "units", LENIENT)).unwrap();
                    assert_eq!((verdict.outcome, verdict.findings[0].reason), (Inconclusive, Reason::NoData));
                }
            }
        }
    }
    assert_eq!(told, [73, 6, 1, 3, 3]);
}
