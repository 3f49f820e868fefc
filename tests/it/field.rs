//! The cases from the field: every situation in which davy once answered wrongly, run through the program.
//!
//! The cases lie in the shared folder (`DAVY_SHARED`), not in this repository. Each is a command in a folder of its own and
//! the exit codes that are right. `reports/field.md` is the table of what davy answers, written under `UPDATE=1` and
//! compared otherwise. A case that falls short fails the test.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use assert_cmd::Command;

use crate::wire::shared_folder;

const HEAD: &str = "\
# Cases from the field

Each row is a situation in which a gate answered wrongly, with the exit codes that are right and the one davy answers. The cases come from three places:

- *Situations*: public bug reports of other gates and monitoring tools, rebuilt as files.
- *Pairs of files*: files of a baseline and a canary in the layouts that tools write.
- *Hostile input*: damaged files and attempts to make a broken canary pass.

The inputs are not in this repository. `tests/it/field.rs` runs every command in a copy of its folder and compares the answer with this table;
`UPDATE=1 cargo test field` writes it. An exit code alone does not show that an answer is right; the tests of each feature check the rest.
";

/// The groups of the cases, by the folder that holds them.
const GROUPS: [(&str, &str); 3] =
    [("field-1", "Situations"), ("files-1", "Pairs of files"), ("redteam-1", "Hostile input")];

/// Commands that are answered with doubt where an expert is sure: the tests have to become sharper for them. Five pairs of steps
/// are too few for ranks, seven days hold three bad hours within the margin, few requests of the arms share a step.
const TOO_TIMID: [(&str, &str); 5] = [
    ("field-1/a01-kayenta-510-zero-mean", "--baseline b.csv "),
    ("field-1/a01-kayenta-510-zero-mean", "--baseline cpu-b.csv "),
    ("field-1/a01-kayenta-510-zero-mean", "--baseline b10.csv "),
    ("field-1/a41-rollouts-long-window", "--baseline base.csv "),
    ("field-1/a57-le-tf-1102-low-volume-all-fail", "--baseline b2.csv "),
];

/// One command with what is expected of it.
struct Case {
    name: String,
    title: String,
    command: String,
    expected: Vec<String>,
}

/// What the table says of one command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Holds,
    Short,
    /// Inconclusive, where an expert is sure.
    Timid,
    /// This build does not read its files.
    NotRun,
}

const STATES: [State; 4] = [State::Holds, State::Short, State::Timid, State::NotRun];

impl State {
    fn name(self) -> &'static str {
        match self {
            State::Holds => "holds",
            State::Short => "**falls short**",
            State::Timid => "open: too timid",
            State::NotRun => "not run",
        }
    }
}

impl Case {
    /// Whether this build reads the case's files.
    fn runs(&self) -> bool {
        cfg!(feature = "frames") || !self.command.contains(".parquet")
    }

    /// The exit code, or why there is none.
    fn run(&self, cases: &Path) -> String {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(&cases.join(&self.name), copy.path());
        let mut davy = Command::cargo_bin("davy").unwrap();
        davy.current_dir(copy.path()).env_remove("COLUMNS").timeout(Duration::from_secs(60));
        let output = davy.args(self.command.split_whitespace().skip(1)).output().unwrap();
        output.status.code().map_or("no exit code in 60 s".to_owned(), |code| code.to_string())
    }

    fn state(&self, answered: &str) -> State {
        if self.expected.iter().any(|code| code == answered) {
            return State::Holds;
        }
        if answered == "11" && self.is_too_timid() {
            return State::Timid;
        }
        State::Short
    }

    fn is_too_timid(&self) -> bool {
        TOO_TIMID.iter().any(|(name, command)| *name == self.name && self.command.contains(command))
    }

    /// The row up to the answer, by which it is found in the recorded table.
    fn row(&self) -> String {
        let name = self.name.split_once('/').unwrap().1;
        let expected = self.expected.iter().map(|code| meaning(code)).collect::<Vec<_>>().join(" or ");
        format!("| {name} | {} | `{}` | {expected} |", self.title, self.command)
    }
}

fn meaning(code: &str) -> String {
    let word = match code {
        "0" => "pass",
        "10" => "fail",
        "11" => "inconclusive",
        "12" => "warn",
        "65" => "bad data",
        "64" | "69" | "74" | "78" => "refused",
        _ => return code.to_owned(),
    };
    format!("{code} {word}")
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The commands of `codes.tsv`: case, command or the number of its line in the case's `cmd`, exit codes.
fn read_cases(folder: &Path) -> Vec<Case> {
    let text = fs::read_to_string(folder.join("codes.tsv")).unwrap();
    let mut previous = String::new();
    let case = |line: &str| {
        let mut cells = line.split('\t');
        let [name, command, expected] = [(); 3].map(|()| cells.next().unwrap());
        let own = folder.join(name);
        let command = match command.parse::<usize>() {
            Ok(number) => fs::read_to_string(own.join("cmd")).unwrap().lines().nth(number - 1).unwrap().to_owned(),
            Err(_) => command.to_owned(),
        };
        let command = format!("davy {}", command.trim_start_matches("davy "));
        let expected = expected.split(',').map(str::to_owned).collect();
        // several commands of one case share its title
        let title = if previous == name { String::new() } else { title(&own) };
        name.clone_into(&mut previous);
        Case { name: name.to_owned(), title, command, expected }
    };
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(case).collect()
}

/// One line on what the case is, from the file that describes it.
fn title(folder: &Path) -> String {
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let line = if let Some(text) = read("README") {
        text.lines().next().unwrap_or_default().to_owned()
    } else if let Some(text) = read("case.txt") {
        text.lines().find_map(|line| line.strip_prefix("expected: ")).unwrap_or_default().to_owned()
    } else {
        // below the command, or as its comment
        let text = read("CMD").unwrap_or_default();
        let below = text.lines().nth(1).map(str::to_owned);
        below.or_else(|| Some(text.split_once("# ")?.1.trim().to_owned())).unwrap_or_default()
    };
    // what davy did once is not what the case is
    let cut =
        ["; today", "; davy ", ", actual", ": PASS 0", ", PASS 0"].iter().filter_map(|then| line.find(then)).min();
    shortened(&line[..cut.unwrap_or(line.len())], 120).replace('|', "\\|")
}

/// A text of at most so many characters, cut between words.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let cut: String = text.chars().take(most).collect();
    format!("{} …", cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words).trim_end_matches([',', ';', ':']))
}

/// Runs the cases in as many threads as there are processors.
fn answers(cases: &[Case], folder: &Path) -> Vec<Option<String>> {
    let next = Mutex::new(0..cases.len());
    let answers = Mutex::new(vec![None; cases.len()]);
    let work = || {
        while let Some(i) = { next.lock().unwrap().next() } {
            let answer = cases[i].runs().then(|| cases[i].run(folder));
            answers.lock().unwrap()[i] = answer;
        }
    };
    let threads = std::thread::available_parallelism().map_or(2, |threads| threads.get());
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    answers.into_inner().unwrap()
}

/// The table; a case that this build cannot run keeps what the recorded table says of it.
fn markdown(cases: &[Case], answers: &[Option<String>], recorded: &str) -> String {
    let mut counts = [0; STATES.len()];
    let mut tables = String::new();
    for (folder, heading) in GROUPS {
        write!(
            tables,
            "\n## {heading}\n\n| Case | What it is | Command | Expected | Answered | |\n|---|---|---|---|---|---|\n"
        )
        .unwrap();
        for (case, answer) in cases.iter().zip(answers).filter(|(case, _)| case.name.starts_with(folder)) {
            let row = case.row();
            let (line, state) = match (answer, recorded.lines().find(|line| line.starts_with(&row))) {
                (None, Some(line)) => (line.to_owned(), recorded_state(line)),
                _ => {
                    let state = answer.as_deref().map_or(State::NotRun, |answer| case.state(answer));
                    let answer = answer.as_deref().map_or("—".to_owned(), meaning);
                    (format!("{row} {answer} | {} |", state.name()), state)
                }
            };
            counts[state as usize] += 1;
            writeln!(tables, "{line}").unwrap();
        }
    }
    let [hold, short, timid, left] = counts;
    let counts = format!(
        "{hold} hold, {timid} are inconclusive where an expert is sure, {short} fall short, \
         {left} not run"
    );
    format!("{HEAD}\nOf {} commands {counts}.\n{tables}", cases.len())
}

fn recorded_state(line: &str) -> State {
    STATES.into_iter().find(|state| line.ends_with(&format!("| {} |", state.name()))).unwrap_or(State::NotRun)
}

#[test]
fn every_case_from_the_field_is_answered_rightly() {
    let Some(folder) = shared_folder("cases") else { return };
    let cases = read_cases(&folder);
    assert!(cases.len() > 100, "the cases are gone");
    let answers = answers(&cases, &folder);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/field.md");
    let recorded = fs::read_to_string(&path).unwrap_or_default();
    let fresh = markdown(&cases, &answers, &recorded);
    for place in ["/work", "/root", "/tmp", "/home"] {
        assert!(!fresh.contains(place), "the report names a place of this machine: {place}");
    }
    let short: Vec<String> = cases
        .iter()
        .zip(&answers)
        .filter_map(|(case, answer)| Some((case, answer.as_deref()?)))
        .filter(|(case, answer)| case.state(answer) == State::Short)
        .map(|(case, answer)| format!("{} exits {}", case.row(), meaning(answer)))
        .collect();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &fresh).unwrap();
    } else {
        assert!(short.is_empty(), "{} fall short:\n{}", short.len(), short.join("\n"));
        assert!(recorded == fresh, "reports/field.md is stale (UPDATE=1 cargo test field writes it)");
    }
}

#[test]
fn the_test_of_the_cases_can_fail() {
    let case = |name: &str, expected: &[&str]| Case {
        name: name.into(),
        title: "a case".into(),
        command: "davy judge".into(),
        expected: expected.iter().map(|code| (*code).to_owned()).collect(),
    };
    let (early, late) = (case("files-1/05-a", &["10", "65"]), case("files-1/36-b", &["10"]));
    assert_eq!(
        ["0", "10", "65", "11"].map(|code| early.state(code)),
        [State::Short, State::Holds, State::Holds, State::Short]
    );
    assert_eq!(["0", "10", "65"].map(|code| late.state(code)), [State::Short, State::Holds, State::Short]);
    let row = late.row();
    let recorded = markdown(&[late], &[Some("65".into())], "");
    assert!(recorded.contains(&format!("{row} 65 bad data | **falls short** |")), "{recorded}");
    // what a build does not run stays as it was recorded
    let late = case("files-1/36-b", &["10"]);
    assert_eq!(markdown(&[late], &[None], &recorded), recorded);
}
