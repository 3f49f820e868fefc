//! Watching: in the library with a clock that costs nothing, and as the real program over real files and signals.

use std::io::Write;
use std::ops::ControlFlow;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use davy::judge::rules::Rules;
use davy::judge::verdict::Outcome;
use davy::report::Document;
use davy::series::{Dataset, SignedDuration, Timestamp};
use davy::watch::{self, End, Schedule, Taken, Trouble, World};

use super::looking::{at, data, minutes, rules};
use crate::world::{davy, output, root};

/// A world in which waiting takes no time, and sources fail when the test wants them to.
struct Simulated<'a> {
    now: Timestamp,
    data: Dataset,
    /// Whether an attempt at an instant fails, and whether for good.
    fails: &'a dyn Fn(Timestamp) -> Option<bool>,
    interrupted_at: Option<Timestamp>,
    looks: Vec<(usize, Timestamp, Outcome)>,
    heard_at: Vec<Timestamp>,
    asked: Vec<Timestamp>,
    troubles: Vec<(usize, Timestamp)>,
}

impl<'a> Simulated<'a> {
    fn new(now: Timestamp, data: Dataset) -> Simulated<'a> {
        let (looks, heard_at, asked, troubles) = Default::default();
        Simulated { now, data, fails: &|_| None, interrupted_at: None, looks, heard_at, asked, troubles }
    }

    fn numbers(&self) -> Vec<usize> {
        self.looks.iter().map(|(look, ..)| *look).collect()
    }
}

impl World for Simulated<'_> {
    type Error = &'static str;

    fn now(&self) -> Timestamp {
        self.now
    }

    fn wait(&mut self, until: Timestamp) -> ControlFlow<()> {
        if let Some(stop) = self.interrupted_at.filter(|stop| *stop <= until) {
            self.now = self.now.max(stop);
            return ControlFlow::Break(());
        }
        self.now = self.now.max(until);
        ControlFlow::Continue(())
    }

    fn fetch(&mut self, until: Timestamp) -> Result<Dataset, Trouble<&'static str>> {
        match (self.fails)(self.now) {
            Some(true) => return Err(Trouble::Lasting("broken")),
            Some(false) => return Err(Trouble::Passing("silent")),
            None => {}
        }
        self.asked.push(until);
        Ok(self.data.until(until))
    }

    fn looked(&mut self, taken: Taken) -> Result<(), &'static str> {
        assert_eq!(taken.data.windows.canary.end, taken.verdict.windows.canary.end);
        self.looks.push((taken.look, taken.data.windows.canary.end, taken.verdict.outcome));
        self.heard_at.push(self.now);
        Ok(())
    }

    fn troubled(&mut self, _: &&'static str, times: usize, again: Timestamp) {
        self.troubles.push((times, again));
    }
}

fn hour() -> (Rules, Schedule) {
    let rules = rules("soak: 60m\nevery: 5m\n");
    let schedule = Schedule { start: at(0), every: minutes(5), soak: Some(minutes(60)), settle: minutes(2) };
    (rules, schedule)
}

fn healthy() -> Dataset {
    data(60, |_| 40, |_| 0)
}

fn worse() -> Dataset {
    data(60, |_| 60, |_| 0)
}

#[test]
fn looks_are_due_when_their_data_has_settled() {
    let (_, schedule) = hour();
    assert_eq!(schedule.end(1), at(5));
    assert_eq!(schedule.due(1), at(7));
    assert_eq!(schedule.end(12), at(60));
    assert_eq!(schedule.end(40), at(60), "nothing after the soak");
    assert!(schedule.is_last(12) && !schedule.is_last(11));
    for (minute, due) in [(-3, 0), (0, 0), (6, 0), (7, 1), (11, 1), (12, 2), (61, 11), (62, 12), (900, 12)] {
        assert_eq!(schedule.due_at(at(minute)), due, "after {minute} min");
    }
    // a soak that is no whole number of looks ends with one of its own
    let odd = Schedule { every: minutes(25), ..schedule };
    assert_eq!([1, 2, 3].map(|look| odd.end(look)), [at(25), at(50), at(60)]);
    assert_eq!([27, 51, 52, 61, 62].map(|minute| odd.due_at(at(minute))), [1, 1, 2, 2, 3]);
    assert_eq!([at(25), at(30), at(60)].map(|end| odd.look_at(end)), [Some(1), None, Some(3)]);
    let open = Schedule { soak: None, ..schedule };
    assert_eq!(open.due_at(at(902)), 180);
    assert!(!open.is_last(1_000_000));
}

#[test]
fn a_healthy_canary_is_watched_to_the_end_of_the_soak() {
    let (rules, schedule) = hour();
    let mut world = Simulated::new(at(0), healthy());
    assert_eq!(watch::watch(&rules, &schedule, 1, 3, &mut world), End::Answered);
    assert_eq!(world.numbers(), (1..=12).collect::<Vec<_>>());
    // each look is at its own data, no earlier than it has settled
    assert!(world.looks.iter().all(|(look, end, _)| *end == at(5 * *look as i64)));
    assert_eq!(world.heard_at, (1..=12).map(|look| at(5 * look + 2)).collect::<Vec<_>>());
    assert!(world.looks[..11].iter().all(|(.., outcome)| *outcome == Outcome::Inconclusive));
    assert_eq!(world.looks[11].2, Outcome::Pass);
}

#[test]
fn it_ends_with_the_first_fail_and_with_a_pass_where_the_plan_allows_one() {
    let (rules, schedule) = hour();
    let mut world = Simulated::new(at(0), worse());
    assert_eq!(watch::watch(&rules, &schedule, 1, 3, &mut world), End::Answered);
    let (last, before) = world.looks.split_last().unwrap();
    assert_eq!(last.2, Outcome::Fail);
    assert!(last.0 < 12, "at look {}", last.0);
    assert!(before.iter().all(|(.., outcome)| *outcome == Outcome::Inconclusive));

    let early = super::looking::rules("soak: 60m\nevery: 5m\npolicy: { min_soak: 20m }\n");
    let mut world = Simulated::new(at(0), data(60, |_| 30, |_| 0));
    assert_eq!(watch::watch(&early, &schedule, 1, 3, &mut world), End::Answered);
    let (look, _, outcome) = *world.looks.last().unwrap();
    assert_eq!(outcome, Outcome::Pass);
    assert!((4..12).contains(&look), "at look {look}");
}

#[test]
fn a_source_that_fails_is_caught_up_with_and_no_look_is_lost() {
    let (rules, schedule) = hour();
    let mut world = Simulated::new(at(0), healthy());
    let down = |now: Timestamp| (at(20)..at(38)).contains(&now).then_some(false);
    world.fails = &down;
    assert_eq!(watch::watch(&rules, &schedule, 1, 100, &mut world), End::Answered);
    assert_eq!(world.numbers(), (1..=12).collect::<Vec<_>>());
    assert_eq!(world.looks[11].2, Outcome::Pass);
    // attempts are half a minute apart, and what was due meanwhile is looked at in one go
    assert_eq!(world.troubles.len(), 32);
    assert_eq!(world.troubles[0], (1, at(22).saturating_add(SignedDuration::from_secs(30)).unwrap()));
    assert_eq!(world.heard_at[3..7], [at(38); 4]);
    // the answers are those of a watch without trouble
    let mut calm = Simulated::new(at(0), healthy());
    watch::watch(&rules, &schedule, 1, 3, &mut calm);
    assert_eq!(world.looks, calm.looks);
}

#[test]
fn after_so_many_failures_in_a_row_it_gives_up() {
    let (rules, schedule) = hour();
    let mut world = Simulated::new(at(0), healthy());
    world.fails = &|now| (now >= at(20)).then_some(false);
    assert_eq!(watch::watch(&rules, &schedule, 1, 4, &mut world), End::Failed("silent"));
    assert_eq!(world.numbers(), [1, 2, 3]);
    assert_eq!(world.troubles.iter().map(|(times, _)| *times).collect::<Vec<_>>(), [1, 2, 3]);
    // failures that are not in a row do not add up
    let mut world = Simulated::new(at(0), healthy());
    world.fails = &|now| (now.as_second() % 300 == 120).then_some(false);
    assert_eq!(watch::watch(&rules, &schedule, 1, 2, &mut world), End::Answered);
    assert_eq!(world.troubles.len(), 12);
    // what will be the same next time is not tried again
    let mut world = Simulated::new(at(0), healthy());
    world.fails = &|_| Some(true);
    assert_eq!(watch::watch(&rules, &schedule, 1, 9, &mut world), End::Failed("broken"));
    assert!(world.troubles.is_empty());
}

#[test]
fn an_interrupted_watch_goes_on_and_answers_as_if_it_had_not_been() {
    let (rules, schedule) = hour();
    for canary in [healthy(), worse()] {
        let mut whole = Simulated::new(at(0), canary.clone());
        assert_eq!(watch::watch(&rules, &schedule, 1, 3, &mut whole), End::Answered);
        for stop in [1, 8, 23, 40, 61] {
            let mut first = Simulated::new(at(0), canary.clone());
            first.interrupted_at = Some(at(stop));
            let ended = watch::watch(&rules, &schedule, 1, 3, &mut first);
            let mut looks = first.looks.clone();
            if ended == End::Interrupted {
                let taken = looks.last().map_or(0, |(look, ..)| *look);
                let mut second = Simulated::new(at(stop + 17), canary.clone());
                assert_eq!(watch::watch(&rules, &schedule, taken + 1, 3, &mut second), End::Answered);
                looks.extend(second.looks);
            }
            assert_eq!(looks, whole.looks, "interrupted after {stop} min");
        }
    }
}

#[test]
fn a_watch_that_begins_late_looks_at_what_it_missed_in_order() {
    let (rules, schedule) = hour();
    let mut world = Simulated::new(at(600), worse());
    assert_eq!(watch::watch(&rules, &schedule, 1, 3, &mut world), End::Answered);
    assert_eq!(world.asked, [at(60)], "asked once, for everything");
    let mut live = Simulated::new(at(0), worse());
    watch::watch(&rules, &schedule, 1, 3, &mut live);
    assert_eq!(world.looks, live.looks);
}

#[test]
fn without_an_end_it_goes_on_until_there_is_an_answer() {
    let open = super::looking::rules("every: 10m\n");
    let schedule = Schedule { start: at(0), every: minutes(10), soak: None, settle: minutes(0) };
    let mut world = Simulated::new(at(0), data(2_000, |_| 60, |_| 0));
    assert_eq!(watch::watch(&open, &schedule, 1, 3, &mut world), End::Answered);
    assert_eq!(world.looks.last().unwrap().2, Outcome::Fail);
    let mut world = Simulated::new(at(0), data(300, |_| 48, |_| 0));
    world.interrupted_at = Some(at(299));
    assert_eq!(watch::watch(&open, &schedule, 1, 3, &mut world), End::Interrupted);
}

// ---- the real program ----

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const LIVE: &str = "name: live\nwindow: { step: 1s }\nsources: { data: { file: { path: live.csv } } }\n\
    metrics: { errors: { rate: { bad: errors, total: requests } } }\n\
    criteria: [{ metric: errors, pass: \"<= 5%\" }]\n";

/// A row of each arm for each second of a span before now, and then as many as asked for.
fn row(second: i64, bad: u64) -> String {
    let time = Timestamp::from_second(second).unwrap();
    format!("{time},baseline,500,5\n{time},canary,500,{bad}\n")
}

fn now() -> i64 {
    Timestamp::now().as_second()
}

#[test]
fn a_watch_of_the_past_is_a_replay_of_its_looks() {
    for case in ["redis-recorded-killed", "redis-migration-5-healthy", "redis-migration-5-silent"] {
        let path = format!("fixtures/cases/{case}");
        let (watched, replayed) = (output(root(), &["watch", &path]), output(root(), &["replay", "--looks", &path]));
        assert_eq!(watched.status.code(), replayed.status.code(), "{case}");
        let replayed = text(&replayed.stdout);
        let (lines, report) = replayed.split_once("\n\n").unwrap();
        assert_eq!(text(&watched.stdout), report, "{case}");
        let told = text(&watched.stderr);
        let told: Vec<&str> = told.lines().filter(|line| !line.starts_with("note: ")).collect();
        assert_eq!(told, lines.lines().collect::<Vec<_>>(), "{case}");
    }
}

#[test]
fn what_was_watched_is_kept_with_all_its_looks_and_judged_again_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept").display().to_string();
    let watched =
        output(root(), &["watch", "fixtures/cases/redis-recorded-killed", "--record", &kept, "--format", "json"]);
    assert_eq!(watched.status.code(), Some(10));
    let document = Document::read(&text(&watched.stdout)).unwrap();
    assert_eq!(document.looks.len(), 9);
    assert_eq!(document.looks[8].number, Some(7));
    let saved = std::fs::read_to_string(folder.path().join("kept/verdict.json")).unwrap();
    let saved = Document::read(&saved).unwrap();
    assert_eq!(saved.looks, document.looks);
    assert!(saved.queries.is_empty(), "a recording says nothing of where its data came from");
    assert_eq!(output(root(), &["replay", "--check", &kept]).status.code(), Some(0));
    // it has ended: there is nothing to go on with, and its answer is not that of another canary
    let again = output(root(), &["watch", "fixtures/cases/redis-recorded-killed", "--record", &kept, "--resume"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("keeps a watch that has ended, with FAIL at"), "{}", text(&again.stderr));
    assert!(again.stdout.is_empty());
    let other = output(root(), &["watch", "fixtures/cases/redis-migration-5-healthy", "--record", &kept, "--resume"]);
    assert_eq!(other.status.code(), Some(2));
    assert!(text(&other.stderr).contains("was judged by other rules"), "{}", text(&other.stderr));
}

#[test]
fn it_needs_to_know_how_long_and_how_often() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("canary.yaml"), LIVE).unwrap();
    let watched = output(folder.path(), &["watch"]);
    assert_eq!(watched.status.code(), Some(2));
    assert!(text(&watched.stderr).contains("write `soak: 1h` and `every: 5m`"), "{}", text(&watched.stderr));
    let nowhere = output(folder.path(), &["watch", "nowhere.yaml"]);
    assert_eq!(nowhere.status.code(), Some(78));
}

/// A file that grows while it is watched: one row per arm and second, each written in two parts.
#[test]
fn a_growing_file_is_watched_interrupted_and_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let config = format!("{LIVE}soak: 14s\nevery: 2s\n").replace("step: 1s", "step: 1s, settle: 1s, last: 1h");
    std::fs::write(folder.path().join("canary.yaml"), config).unwrap();
    let path = folder.path().join("live.csv");
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(b"time,arm,requests,errors\n").unwrap();
    let writer = std::thread::spawn(move || {
        let until = now() + 24;
        let mut next = now() - 3;
        while next < until {
            if next >= now() {
                std::thread::sleep(Duration::from_millis(20));
                continue;
            }
            let row = row(next, 6);
            let (one, other) = row.split_at(row.len() - 3);
            file.write_all(one.as_bytes()).unwrap();
            file.flush().unwrap();
            std::thread::sleep(Duration::from_millis(60));
            file.write_all(other.as_bytes()).unwrap();
            next += 1;
        }
    });
    let mut first = davy(folder.path(), &["watch", "--record", "kept", "--report", "json=last.json"]);
    let first = first.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let began = Instant::now();
    while !folder.path().join("kept/verdict.json").exists() {
        assert!(began.elapsed() < Duration::from_secs(20), "no look was kept");
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(Duration::from_millis(300));
    let killed = Command::new("kill").args(["-INT", &first.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let first = first.wait_with_output().unwrap();
    assert_eq!(first.status.code(), Some(130), "{}", text(&first.stderr));
    assert!(text(&first.stdout).starts_with("INCONCLUSIVE  live\n"), "{}", text(&first.stdout));
    let last = Document::read(&std::fs::read_to_string(folder.path().join("last.json")).unwrap()).unwrap();
    let taken = last.looks.len();
    assert!(taken >= 1);

    let second = output(folder.path(), &["watch", "--record", "kept", "--resume", "--format", "json"]);
    assert_eq!(second.status.code(), Some(0), "{}\n{}", text(&second.stderr), text(&second.stdout));
    let document = Document::read(&text(&second.stdout)).unwrap();
    assert_eq!(document.looks.len(), 7, "{:?}", document.looks.iter().map(|l| &l.end).collect::<Vec<_>>());
    assert_eq!(document.looks[..taken], last.looks[..], "what was seen before is kept as it was");
    assert_eq!(document.arms.canary.window.start, last.arms.canary.window.start);
    assert_eq!(document.findings[0].evidence.bad.as_ref().unwrap().canary, 14 * 6, "every row, once and whole");
    assert_eq!(output(folder.path(), &["replay", "--check", "kept"]).status.code(), Some(0));
    writer.join().unwrap();
}

#[test]
fn a_file_that_does_not_come_is_given_up_and_one_that_comes_late_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let config = format!("{LIVE}soak: 6s\nevery: 1s\n").replace("step: 1s", "step: 1s, settle: 0s, last: 1h");
    std::fs::write(folder.path().join("canary.yaml"), config).unwrap();
    let gone = output(folder.path(), &["watch", "--give-up-after", "2"]);
    assert_eq!(gone.status.code(), Some(69), "{}", text(&gone.stderr));
    let told = text(&gone.stderr);
    assert!(told.contains("does not exist") && told.contains("(1 of 2 failures in a row)"), "{told}");
    assert!(gone.stdout.is_empty());

    let path = folder.path().join("live.csv");
    let writer = std::thread::spawn(move || {
        let from = now();
        std::thread::sleep(Duration::from_millis(2_500));
        let mut all = String::from("time,arm,requests,errors\n");
        (0..12).for_each(|second| all += &row(from + second, 6));
        std::fs::write(path, all).unwrap();
    });
    let late = output(folder.path(), &["watch"]);
    writer.join().unwrap();
    assert_eq!(late.status.code(), Some(0), "{}", text(&late.stderr));
    assert!(text(&late.stderr).contains("look 3 of 3 "), "{}", text(&late.stderr));
    // a column that is not there is wrong at once
    std::fs::write(folder.path().join("live.csv"), "time,arm,requests,fehler\n2026-01-01T00:00:00Z,canary,1,0\n")
        .unwrap();
    let wrong = output(folder.path(), &["watch"]);
    assert_eq!(wrong.status.code(), Some(65), "{}", text(&wrong.stderr));
}

#[test]
fn all_phases_are_watched_in_turn_and_the_success_criteria_answered() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept").display().to_string();
    let case = "fixtures/cases/api-gateway-iam-rollout-healthy";
    let page = folder.path().join("rollout.html");
    let report = format!("html={}", page.display());
    let all =
        output(root(), &["watch", "--all-phases", case, "--format", "json", "--record", &kept, "--report", &report]);
    assert_eq!(all.status.code(), Some(0), "{}", text(&all.stderr));
    let rollout: serde_json::Value = serde_json::from_slice(&all.stdout).unwrap();
    assert_eq!(rollout["outcome"], "pass");
    let states: Vec<&str> =
        rollout["phases"].as_array().unwrap().iter().map(|p| p["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["judged"; 3]);
    assert!(std::fs::read_to_string(page).unwrap().contains("SC-006"));
    for phase in ["1-10%", "2-50%", "3-100%"] {
        let kept = format!("{kept}/{phase}");
        assert_eq!(output(root(), &["replay", "--check", &kept]).status.code(), Some(0), "{phase}");
    }
    // a rollout that has ended is not gone on with
    let again = output(root(), &["watch", "--all-phases", case, "--record", &kept, "--resume"]);
    assert_eq!(again.status.code(), Some(2), "{}", text(&again.stderr));
    assert!(text(&again.stderr).contains("keeps a rollout that has ended"), "{}", text(&again.stderr));
    // one that was ended after its first phase is
    std::fs::remove_dir_all(folder.path().join("kept/3-100%")).unwrap();
    std::fs::remove_dir_all(folder.path().join("kept/2-50%")).unwrap();
    let rest = output(root(), &["watch", "--all-phases", case, "--record", &kept, "--resume"]);
    assert_eq!(rest.status.code(), Some(0), "{}", text(&rest.stderr));
    let told = text(&rest.stderr);
    assert!(!told.contains("phase 10%: "), "it was judged before: {told}");
    assert!(told.contains("phase 50%: PASS. Promote to phase 100%"), "{told}");
    let answer = text(&rest.stdout);
    assert!(answer.starts_with("PASS  api-gateway-iam, all phases\nAll 3 phases are through."), "{answer}");
    assert!(
        answer.contains("SC-001: calls are authenticated: all at 10 %, later 99.9 %\n  status: PASS\n"),
        "{answer}"
    );
}

#[test]
fn a_rollout_ends_with_the_first_phase_that_does_not_pass() {
    let case = "fixtures/cases/api-gateway-iam-rollout-stopped";
    let stopped = output(root(), &["watch", "--all-phases", case]);
    assert_eq!(stopped.status.code(), Some(10), "{}", text(&stopped.stderr));
    let answer = text(&stopped.stdout);
    insta::assert_snapshot!("rollout_stopped", answer);
    assert!(answer.contains("not begun"));
    assert!(
        answer.contains("  status: FAIL\n") && answer.contains("calls_succeeded >= 99.9%: not judged\n"),
        "{answer}"
    );
    let no_form = output(root(), &["watch", "--all-phases", case, "--report", "junit=x.xml"]);
    assert_eq!(no_form.status.code(), Some(2));
    assert!(text(&no_form.stderr).contains("a whole rollout has no form as junit"), "{}", text(&no_form.stderr));
    assert!(no_form.stdout.is_empty());
}

#[test]
fn hooks_follow_every_look_and_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    std::fs::create_dir(&case).unwrap();
    let from = root().join("fixtures/cases/redis-recorded-killed");
    for entry in std::fs::read_dir(&from).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, case.join(path.file_name().unwrap())).unwrap();
        }
    }
    let log =
        |moment: &str| format!("{{ command: [/bin/sh, -c, 'echo \"$$0 $$DAVY_OUTCOME\" >> hooks.log', {moment}] }}");
    let hooks = format!("hooks: {{ on_look: {}, on_fail: {}, on_pass: {} }}\n", log("look"), log("fail"), log("pass"));
    let config = std::fs::read_to_string(case.join("canary.yaml")).unwrap();
    std::fs::write(case.join("canary.yaml"), config + &hooks).unwrap();
    let watched = output(folder.path(), &["watch", "case"]);
    assert_eq!(watched.status.code(), Some(10), "{}", text(&watched.stderr));
    // what was missed is looked at in one go: the hook of looks hears of the latest
    assert_eq!(std::fs::read_to_string(case.join("hooks.log")).unwrap(), "look fail\nfail fail\n");
}

#[test]
fn a_phase_whose_hook_fails_lets_no_other_begin_and_a_window_that_ends_early_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path();
    let from = root().join("fixtures/cases/api-gateway-iam-rollout-healthy");
    for entry in std::fs::read_dir(&from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, case.join(path.file_name().unwrap())).unwrap();
    }
    let config = std::fs::read_to_string(case.join("canary.yaml")).unwrap();
    std::fs::write(case.join("canary.yaml"), format!("{config}hooks: {{ on_pass: {{ command: [\"false\"] }} }}\n"))
        .unwrap();
    let held = output(case, &["watch", "--all-phases", "--format", "json"]);
    assert_eq!(held.status.code(), Some(11), "{}", text(&held.stderr));
    assert!(text(&held.stderr).contains("phase 50% is not begun"), "{}", text(&held.stderr));
    let rollout: serde_json::Value = serde_json::from_slice(&held.stdout).unwrap();
    assert_eq!(rollout["phases"][1]["state"], "not_begun");
    // a phase that is still to come is no mistake of the one that is judged
    let later = config.replace("from: 2026-03-12T00:00:00Z, to: 2026-03-13T00:00:00Z", "from: 2036-03-12T00:00:00Z");
    std::fs::write(case.join("canary.yaml"), later).unwrap();
    let judged = output(case, &["judge", "--phase", "10%"]);
    assert_eq!(judged.status.code(), Some(0), "{}", text(&judged.stderr));
    let short = config.replace("to: 2026-03-10T14:00:00Z", "to: 2026-03-10T13:30:00Z");
    std::fs::write(case.join("canary.yaml"), short).unwrap();
    let refused = output(case, &["watch", "--phase", "10%"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("leave `to` out of the window"), "{}", text(&refused.stderr));
}
