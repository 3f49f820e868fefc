//! Nineteen real CloudWatch series of weeks, judged against themselves: every window against the one before it.
//!
//! Nothing was deployed here, so a Fail is either chance or the machine doing something else than before: nightly
//! jobs, a load balancer in the morning, a cache that fills. Such changes of regime are real effects, and a canary
//! judged against an earlier time would rightly be failed for them; what a gate owes its user is not to fail *more*
//! than the world changes. Windows that touch a labelled anomaly are left out. Three files have repeated times and
//! are refused.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};

use davy::judge::verdict::Outcome::Fail;
use davy::series::Timestamp;

use super::table::{Answers, Judged, Section, Truth};
use super::{judge, shared};

const STEP: i64 = 300;
const HOUR: i64 = 3600;

/// The files with two values for one instant.
const REPEATED: [&str; 3] =
    ["ec2_disk_write_bytes_1ef3de.csv", "ec2_network_in_5abac7.csv", "ec2_request_latency_system_failure.csv"];

/// A file's lines by their instant, and its labelled anomalies.
struct Recording {
    name: String,
    path: PathBuf,
    lines: Vec<(i64, String)>,
    anomalies: Vec<Range<i64>>,
}

/// `2014-04-10 00:04:00`, with a fraction or without, in seconds.
fn seconds(text: &str) -> i64 {
    text.parse::<jiff::civil::DateTime>().unwrap().in_tz("UTC").unwrap().timestamp().as_second()
}

fn recordings(root: &Path) -> Vec<Recording> {
    let labels = std::fs::read_to_string(root.join("labels/combined_windows.json")).unwrap();
    let labels: BTreeMap<String, Vec<[String; 2]>> = serde_json::from_str(&labels).unwrap();
    let mut recordings = Vec::new();
    for folder in ["realAWSCloudwatch", "realKnownCause"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let lines = text.lines().skip(1).map(|line| (seconds(&line[..19]), line.to_owned())).collect();
            let anomalies = labels[&format!("{folder}/{name}")].iter();
            let anomalies = anomalies.map(|[from, to]| seconds(from)..seconds(to) + STEP).collect();
            recordings.push(Recording { name, path, lines, anomalies });
        }
    }
    recordings.sort_by(|a, b| a.name.cmp(&b.name));
    recordings
}

impl Recording {
    fn quiet(&self, span: &Range<i64>) -> bool {
        self.anomalies.iter().all(|anomaly| anomaly.end <= span.start || span.end <= anomaly.start)
    }

    /// The lines of two spans as a file of their own.
    fn csv(&self, spans: &[Range<i64>; 2]) -> String {
        let mut text = "timestamp,value\n".to_owned();
        for span in spans {
            let from = self.lines.partition_point(|(time, _)| *time < span.start);
            let lines = self.lines[from..].iter().take_while(|(time, _)| *time < span.end);
            lines.for_each(|(_, line)| writeln!(text, "{line}").unwrap());
        }
        text
    }

    /// Canary windows of a length, a stride apart, with their baselines some time earlier, as far as both are quiet.
    fn pairs(&self, [length, earlier, stride]: [i64; 3]) -> Vec<[Range<i64>; 2]> {
        let (first, last) = (self.lines[0].0, self.lines[self.lines.len() - 1].0 + STEP);
        let canaries = (0..).map(|i| first + earlier + i * stride).take_while(|start| start + length <= last);
        let pairs = canaries.map(|start| [start - earlier..start - earlier + length, start..start + length]);
        pairs.filter(|pair| pair.iter().all(|span| self.quiet(span))).collect()
    }
}

fn config(path: &Path, [baseline, canary]: &[Range<i64>; 2]) -> String {
    let at = |time: i64| Timestamp::from_second(time).unwrap();
    let span = |span: &Range<i64>| format!("from: {}, to: {}", at(span.start), at(span.end));
    format!(
        "name: quiet\nwindow: {{ {}, step: 5m, baseline: {{ {} }} }}\nsources: {{ data: {{ file: {{ path: {} }} }} }}\n\
         metrics: {{ m: {{ gauge: {{ value: value, unit: units }} }} }}\n\
         criteria: [{{ metric: m, pass: \"<= baseline + 10%\" }}]\n",
        span(canary),
        span(baseline),
        path.display()
    )
}

#[test]
fn all_files_but_those_with_repeated_times_are_judged() {
    let Some(root) = shared("nab-cloudwatch") else { return };
    let mut refused = Vec::new();
    for recording in recordings(&root) {
        let (first, half) = (recording.lines[0].0, recording.lines.len() as i64 / 2 * STEP);
        let halves = [first..first + half, first + half..first + 2 * half];
        match judge(&root, &config(&recording.path, &halves)) {
            Ok(verdict) => assert_eq!(verdict.findings.len(), 1),
            Err(message) => {
                assert!(message.contains("has the same time as line") || message.contains("repeats line"), "{message}");
                refused.push(recording.name);
            }
        }
    }
    assert_eq!(refused, REPEATED);
}

pub fn section(root: &Path) -> Section {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data.csv");
    let mut recordings = recordings(root);
    recordings.retain(|recording| !REPEATED.contains(&recording.name.as_str()));
    // Eighteen hours from one window to the next, so that they come by every time of day.
    let ways = [
        ("6 hours against the 6 before", [6, 6, 18]),
        ("6 hours against the same the day before", [6, 24, 18]),
        ("24 hours against the day before", [24, 24, 24]),
    ];
    let answers = ways.map(|(way, hours)| {
        let mut answers = Answers::new(Truth::Healthy, "10 % of one gauge", way, "once");
        let mut failed = BTreeMap::<&str, usize>::new();
        for recording in &recordings {
            for pair in recording.pairs(hours.map(|h| h * HOUR)) {
                std::fs::write(&data, recording.csv(&pair)).unwrap();
                let verdict = judge(folder.path(), &config(Path::new("data.csv"), &pair)).unwrap();
                *failed.entry(&recording.name).or_default() += usize::from(verdict.outcome == Fail);
                answers.add(&Judged::at_looks([verdict]));
            }
        }
        failed.retain(|_, fails| *fails > 0);
        println!("{way}: {failed:?}");
        // By chance no more than 5 % may fail, and with a margin of 10 % far fewer do. Half of those few are one
        // series, the requests of a load balancer, which do rise by day.
        let all = answers.verdict;
        assert!(all.all() >= 180 && all.share(Fail) <= 0.025, "{way}: {}", all.told());
        answers
    });
    Section { title: "NAB CloudWatch", words: WORDS.to_owned(), answers: answers.into() }
}

const WORDS: &str = "\
Sixteen real CloudWatch series of weeks (of nineteen; three have two values for one instant and are refused), in which nothing was deployed: every window against
an earlier one of the same series, `<= baseline + 10%`, one criterion with the whole 5 %. Windows that touch a labelled anomaly are left out; there are no faults to
detect. What fails is mostly no accident: four of the seven are the requests of a load balancer, which do rise by day. That is what a baseline from another time
costs, and why one beside the canary is better.";
