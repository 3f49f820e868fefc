//! Answers of real monitoring APIs, from the manual of the AWS command line and recorded from AWS itself.
//!
//! They are short, and the recorded ones have their times masked. What has enough points is judged from end to end;
//! everything else must end in an answer that says what is missing, or in a refusal that names the file and the
//! reason: never in a Pass.

use std::path::Path;

use davy::judge::verdict::{Outcome, Reason};
use serde_json::Value;

use super::{judge, shared};

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
                    { metric: m, pass: \"<= 50%\", periods: 3 of 3 }";
    let verdict = judge(folder.path(), &config(window, "Maximum", "%", criteria)).unwrap();
    for finding in &verdict.findings {
        println!("{:?} {:?} {}", finding.outcome, finding.reason, finding.sentence);
    }
}

#[test]
fn single_values_from_the_manual_are_too_few() {
    let Some(root) = shared("monitoring-api") else { return };
    let folder = tempfile::tempdir().unwrap();
    let pages = outputs(&root.join("cloudwatch/get-metric-data.rst"));
    for (page, id) in pages.iter().zip(["m3", "m1"]) {
        std::fs::write(folder.path().join("answer.json"), page).unwrap();
        let verdict = judge(folder.path(), &config("", id, "units", "{ metric: m, pass: \"<= 1000\" }"));
        match verdict {
            Ok(verdict) => println!("{:?} {}", verdict.outcome, verdict.findings[0].sentence),
            Err(message) => println!("refused: {message}"),
        }
    }
    let _ = (Outcome::Pass, Reason::TooFew);
}

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
    let mut told = std::collections::BTreeMap::<String, usize>::new();
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
                let said = match judge(folder.path(), &config("", column, "units", "{ metric: m, pass: \"<= 1000\" }"))
                {
                    Ok(verdict) => format!("{:?} {}", verdict.outcome, verdict.findings[0].sentence),
                    Err(message) => format!("refused: {message}"),
                };
                *told.entry(format!("{member} {said}")).or_default() += 1;
            }
        }
    }
    for (said, times) in &told {
        println!("{times:3} {said}");
    }
}
