//! No damage makes a broken canary pass: thousands of mutations of pairs of files, each judged.
//!
//! Four laws hold for any files. Damage to the canary's data never turns another answer into a pass. Nor does anything
//! that makes the canary worse. The unit that a column's name gives does not matter. And no missing step lets a canary pass
//! that is shown to be beyond its limit.
//!
//! Bases (a comparison in files) and mutations (what is done to it) come from fixed seeds, so that what fails once fails again.
//! A mutation that breaks a law is judged again by the program, and its files are left in a folder that the message names.
//! `DAVY_MUTATIONS` multiplies how many are made (1 by default).

mod bases;
mod damage;
mod fixtures;
mod judge;
mod logs;
mod tables;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;

use tempfile::TempDir;

use self::bases::{Base, CONTENTS, FAULTS, Fault};
use self::judge::{Answer, beyond_its_limit, judge, run};
use self::logs::LOGS;
use self::tables::Form;
use crate::soaks::noise::Noise;

/// How many times as many mutations as usual.
fn effort() -> f64 {
    std::env::var("DAVY_MUTATIONS").ok().and_then(|times| times.parse().ok()).unwrap_or(1.0)
}

/// A law that was broken.
struct Breach {
    base: String,
    mutation: String,
    said: String,
    folder: TempDir,
}

/// What one thread tries: bases by number, each with its own folder.
struct Trials {
    tried: usize,
    breaches: Vec<Breach>,
}

/// Runs the bases in as many threads as there are processors; `law` adds what it finds.
fn on_all(bases: Vec<Base>, law: impl Fn(&Base, &mut Trials) + Sync) -> Trials {
    let next = Mutex::new(bases.iter());
    let work = || {
        let mut trials = Trials { tried: 0, breaches: Vec::new() };
        while let Some(base) = { next.lock().unwrap().next() } {
            law(base, &mut trials);
        }
        trials
    };
    let threads = std::thread::available_parallelism().map_or(2, |threads| threads.get());
    let mut all = Trials { tried: 0, breaches: Vec::new() };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for thread in running {
            let own = thread.join().unwrap();
            all.tried += own.tried;
            all.breaches.extend(own.breaches);
        }
    });
    all
}

impl Trials {
    /// Judges a mutated base in a new folder.
    fn judge(&mut self, base: &Base) -> (Answer, TempDir) {
        self.tried += 1;
        let folder = tempfile::Builder::new().prefix("davy-mutation-").tempdir().unwrap();
        (judge(base, folder.path()), folder)
    }

    /// Keeps what looks like a breach, if the program answers the same.
    fn suspect(&mut self, base: &Base, mutation: String, said: String, folder: TempDir) {
        let (code, text) = run(base, folder.path());
        if code != 0 && code != 101 {
            println!("not confirmed by the program (exit {code}): {}: {mutation}", base.name);
            return;
        }
        let said = if said.is_empty() { text } else { said };
        self.breaches.push(Breach { base: base.name.clone(), mutation, said, folder });
    }

    /// Fails with the breaches, of each kind a few, and leaves their files.
    fn settle(self, law: &str) {
        println!("{}: {} mutations", law, self.tried);
        if self.breaches.is_empty() {
            return;
        }
        let count = self.breaches.len();
        let mut kinds: BTreeMap<String, Vec<Breach>> = BTreeMap::new();
        for breach in self.breaches {
            // the kind of a mutation is what it says without its numbers
            let kind: String = breach.mutation.chars().filter(|c| !c.is_ascii_digit()).collect();
            kinds.entry(kind).or_default().push(breach);
        }
        let mut text = format!("{law}: {count} of {} mutations break it\n", self.tried);
        for breach in kinds.into_values().flat_map(|breaches| breaches.into_iter().take(2)) {
            let folder = breach.folder.keep();
            writeln!(
                text,
                "- {}\n  {}\n  {}\n  files: {}",
                breach.base,
                breach.mutation,
                breach.said,
                folder.display()
            )
            .unwrap();
        }
        panic!("{text}");
    }
}

/// Tables in every format, layout and way, healthy or broken; logs; and the cases.
fn generated(faults: &[Option<Fault>], most: usize) -> Vec<Base> {
    let mut bases = Vec::new();
    let mut turn = 0_usize;
    for content in CONTENTS {
        for fault in faults {
            for layout in 0..bases::LAYOUTS {
                // each combination meets the formats in turn
                let form = Form::TABLES[(turn * 7 + turn / 6) % Form::TABLES.len()];
                bases.push(bases::table(content, *fault, form, turn % 4 == 3, layout, turn as u64));
                turn += 1;
            }
        }
    }
    for log in LOGS {
        for fault in faults {
            for layout in 0..logs::LAYOUTS {
                // values are latencies, and only errors are wrong here
                let fault = fault.map(|fault| Fault { one: fault.one && layout != 4, ..fault });
                bases.push(logs::log(log, fault, layout, turn % 5 == 4, turn as u64));
                turn += 1;
            }
        }
    }
    let every = bases.len().div_ceil(most).max(1);
    bases.into_iter().step_by(every).collect()
}

fn faults() -> Vec<Option<Fault>> {
    FAULTS.into_iter().map(Some).collect()
}

fn seeded(base: &Base, law: &str, i: usize) -> Noise {
    Noise::of(13, law, &base.name, i)
}

/// The answer to the base as it is, and whether it is one that no mutation may turn into a pass.
fn as_it_is(base: &Base, trials: &mut Trials) -> Option<Answer> {
    let (answer, folder) = trials.judge(base);
    if answer.passes() && base.broken_since.is_some() {
        let said = answer.said.clone();
        trials.suspect(base, "nothing: the canary is broken, and passes".into(), said, folder);
    }
    (!answer.passes()).then_some(answer)
}

#[test]
fn damage_to_the_canary_never_makes_a_pass() {
    let times = effort();
    let trials = on_all(generated(&faults(), usize::MAX), |base, trials| {
        let Some(answer) = as_it_is(base, trials) else { return };
        // reading thousands of rows takes longer; each base begins with another kind
        let each = if base.requests { 0.25 } else { 0.75 };
        let first = damage::below(&mut seeded(base, "first", 0), damage::DAMAGES);
        for i in 0..(each * times * damage::DAMAGES as f64) as usize {
            let mut noise = seeded(base, "damage", i);
            let mut mutated = base.clone();
            let kind = (first + i) % damage::DAMAGES;
            // what is undecided may be decided by fewer rows that were chosen by chance; a failure may not
            if damage::SAMPLES.contains(&kind) && answer.code != 10 {
                continue;
            }
            let Some(mutation) = damage::damage(&mut mutated, kind, &mut noise) else { continue };
            let (answer, folder) = trials.judge(&mutated);
            if answer.passes() || answer.code == 101 {
                trials.suspect(&mutated, format!("{mutation} (mutation {i})"), answer.said, folder);
            }
        }
    });
    trials.settle("damage to the canary never makes a pass");
}

#[test]
fn damage_to_the_canary_of_a_case_never_makes_a_pass() {
    let times = effort();
    let trials = on_all(fixtures::bases(), |base, trials| {
        let Some(answer) = as_it_is(base, trials) else { return };
        let bytes: usize = base.files.iter().map(|file| file.bytes().len()).sum();
        let each = (1_500_000 / bytes).clamp(3, 24) as f64;
        for i in 0..(each * times) as usize {
            let mut noise = seeded(base, "damage", i);
            let mut mutated = base.clone();
            let kind = damage::below(&mut noise, damage::DAMAGES);
            if damage::SAMPLES.contains(&kind) && answer.code != 10 {
                continue;
            }
            let Some(mutation) = damage::damage(&mut mutated, kind, &mut noise) else { continue };
            let (answer, folder) = trials.judge(&mutated);
            if answer.passes() || answer.code == 101 {
                trials.suspect(&mutated, format!("{mutation} (mutation {i})"), answer.said, folder);
            }
        }
    });
    trials.settle("damage to the canary of a case never makes a pass");
}

#[test]
fn a_worse_canary_is_never_judged_better() {
    let times = effort();
    let mut bases = generated(&faults(), usize::MAX);
    bases
        .extend(fixtures::bases().into_iter().filter(|base| base.files.iter().all(|file| file.bytes().len() < 60_000)));
    let trials = on_all(bases, |base, trials| {
        let (before, _) = trials.judge(base);
        if before.passes() {
            return;
        }
        for i in 0..(if base.requests { 1.0 } else { 4.0 } * times) as usize {
            let mut noise = seeded(base, "worse", i);
            let mut mutated = base.clone();
            let Some(mutation) = damage::worsen(&mut mutated, &mut noise) else { continue };
            let (answer, folder) = trials.judge(&mutated);
            if answer.passes() || answer.code == 101 {
                trials.suspect(&mutated, format!("{mutation} (mutation {i})"), answer.said, folder);
            }
        }
    });
    trials.settle("a worse canary is never judged better");
}

#[test]
fn the_unit_in_a_name_does_not_matter() {
    let times = effort();
    let mut all = vec![None];
    all.extend(faults());
    let bases = generated(&all, usize::MAX).into_iter().filter(|base| !matches!(base.way, bases::Way::Config(_)));
    let trials = on_all(bases.collect(), |base, trials| {
        let (before, _) = trials.judge(base);
        for i in 0..(6.0 * times) as usize {
            let mut noise = seeded(base, "units", i);
            let mut mutated = base.clone();
            let Some(mutation) = damage::convert(&mut mutated, &mut noise) else { continue };
            let (answer, folder) = trials.judge(&mutated);
            let alike = before.verdict.is_some() == answer.verdict.is_some() && before.outcomes() == answer.outcomes();
            if answer.code != before.code || !alike {
                let said = format!("{} before, {} after: {}", before.code, answer.code, answer.said);
                trials.breaches.push(Breach { base: base.name.clone(), mutation, said, folder });
            }
        }
    });
    trials.settle("the unit in a name does not matter");
}

#[test]
fn no_missing_step_lets_a_canary_pass_beyond_its_limit() {
    let times = effort();
    let mut all = vec![None, None];
    all.extend(faults());
    let mut bases = generated(&all, usize::MAX);
    bases
        .extend(fixtures::bases().into_iter().filter(|base| base.files.iter().all(|file| file.bytes().len() < 60_000)));
    let trials = on_all(bases, |base, trials| {
        for i in 0..(if base.requests { 1.0 } else { 4.0 } * times) as usize {
            let mut noise = seeded(base, "gaps", i);
            let mut mutated = base.clone();
            let mut told = Vec::new();
            for canary in [false, true].into_iter().filter(|_| noise.happens(0.7)).collect::<Vec<_>>() {
                let part = damage::Part::of(damage::below(&mut noise, 5), base.broken_since, &mut noise);
                for file in mutated.files_of(canary) {
                    damage::remove(&mut mutated.files[file], canary, &part);
                }
                told.push(format!("{} {part:?} removed", if canary { "canary" } else { "baseline" }));
            }
            let (answer, folder) = trials.judge(&mutated);
            let shown = answer.verdict.iter().flat_map(|(rules, verdict)| {
                verdict.findings.iter().filter_map(|f| Some((f.criterion.clone(), beyond_its_limit(rules, f)?)))
            });
            let shown: Vec<String> = shown.map(|(criterion, what)| format!("{criterion} passes: {what}")).collect();
            if !shown.is_empty() || answer.code == 101 {
                let breach = Breach {
                    base: base.name.clone(),
                    mutation: told.join(", "),
                    said: format!("exit {}: {}", answer.code, shown.join("; ")),
                    folder,
                };
                trials.breaches.push(breach);
            }
        }
    });
    trials.settle("no missing step lets a canary pass beyond its limit");
}

/// What the laws rest on: a healthy canary passes, and one that is far worse does not.
#[test]
fn the_bases_are_what_they_are_called() {
    let healthy = generated(&[None], usize::MAX);
    let trials = on_all(healthy, |base, trials| {
        let (answer, _) = trials.judge(base);
        // a log of an hour is not always enough for a pass, and one in a hundred healthy ones may fail
        assert!([0, 10, 11].contains(&answer.code), "{} exits {}: {}", base.name, answer.code, answer.said);
        if answer.code == 10 {
            println!("{} fails: {}", base.name, answer.said);
            trials.tried += 1_000_000;
        } else if !answer.passes() {
            println!("{} is undecided: {}", base.name, answer.said);
            trials.tried += 1_000;
        }
    });
    let (failed, undecided) = (trials.tried / 1_000_000, trials.tried % 1_000_000 / 1_000);
    assert!(failed < 3 && undecided < 35, "of healthy canaries {failed} fail and {undecided} are undecided");
}

/// The shortcut through the library and the program answer alike.
#[test]
fn the_program_answers_as_the_library() {
    let mut all = vec![None];
    all.extend(faults());
    let bases = generated(&all, 60);
    let trials = on_all(bases, |base, trials| {
        for i in 0..2 {
            let mut noise = seeded(base, "program", i);
            let mut mutated = base.clone();
            let kind = damage::below(&mut noise, damage::DAMAGES);
            let mutation = damage::damage(&mut mutated, kind, &mut noise).unwrap_or_default();
            let (answer, folder) = trials.judge(&mutated);
            let (code, text) = run(&mutated, folder.path());
            assert_eq!(code, answer.code, "{}: {mutation}: {text}{}", base.name, answer.said);
        }
    });
    assert!(trials.tried > 60);
}
