//! Slices of requests: which of them is named, when the comparison at an equal mix decides and when it must not, and one bad
//! host of many.

use std::collections::BTreeMap;

use davy::judge::rules::*;
use davy::judge::verdict::*;
use davy::judge::{judge, outcomes};
use davy::series::{Dataset, Instances, Pair, Series, SignedDuration, Slices, Timestamp, Window, slice_name};
use rand_distr::{Binomial, Distribution, Poisson};
use rand_pcg::Pcg64;
use rand_pcg::rand_core::SeedableRng;

use crate::judging::{at_most, margin, rate};

const START: i64 = 1_772_366_400;
const STEPS: usize = 40;

/// A slice: requests per step of each arm, and the rate of bad ones in each.
#[derive(Debug, Clone, Copy)]
struct Part {
    values: [&'static str; 2],
    requests: Pair<f64>,
    rate: Pair<f64>,
    /// The step from which on the canary has its rate and, of `late`, its number of requests.
    since: usize,
    late: bool,
    /// How much the canary's number of requests sways from step to step.
    sway: f64,
}

fn part(values: [&'static str; 2], requests: f64, rate: f64) -> Part {
    let both = |value: f64| Pair { baseline: value, canary: value };
    Part { values, requests: both(requests), rate: both(rate), since: 0, late: false, sway: 0.0 }
}

/// Four routes in two regions; the last route is slow to fail.
fn shop() -> Vec<Part> {
    let routes = [("search", 400.0, 0.01), ("item", 250.0, 0.01), ("cart", 120.0, 0.02), ("checkout", 80.0, 0.10)];
    let region = |(region, share): (&'static str, f64)| {
        routes.into_iter().map(move |(route, requests, rate)| part([route, region], share * requests, rate))
    };
    [("eu", 0.6), ("us", 0.4)].into_iter().flat_map(region).collect()
}

fn at(step: usize) -> Timestamp {
    Timestamp::from_second(START + 60 * step as i64).unwrap()
}

fn series(part: &Part, arm: davy::series::Arm, rng: &mut Pcg64) -> Series {
    let (mut total, mut bad) = (Vec::new(), Vec::new());
    for step in 0..STEPS {
        let begun = step >= part.since;
        let requests = if part.late && !begun { part.requests.baseline } else { *part.requests.get(arm) };
        let swayed = (part.sway * (7.0 * (step * step) as f64).sin()).exp();
        let requests = if arm == davy::series::Arm::Canary { requests * swayed } else { requests };
        let n = if requests > 0.0 { Poisson::new(requests).unwrap().sample(rng) as u64 } else { 0 };
        let rate = if begun { *part.rate.get(arm) } else { part.rate.baseline };
        total.push(n);
        bad.push(Binomial::new(n, rate).unwrap().sample(rng));
    }
    Series::Counts { time: (0..STEPS).map(at).collect(), total, bad }
}

fn dataset(parts: &[Part], dimensions: [&str; 2], seed: u64) -> Dataset {
    let mut rng = Pcg64::seed_from_u64(seed);
    let named = Pair::build(|arm| {
        let own = parts.iter().map(|part| (slice_name(part.values), series(part, arm, &mut rng)));
        own.filter(|(_, series)| matches!(series, Series::Counts { total, .. } if total.iter().any(|n| *n > 0)))
            .collect()
    });
    let whole = named.as_ref().map(sum);
    let slices = Slices { dimensions: dimensions.map(str::to_owned).to_vec(), parts: named };
    let window = Window { start: at(0), end: at(STEPS) };
    Dataset {
        metrics: BTreeMap::from([("m".to_owned(), whole)]),
        slices: BTreeMap::from([("m".to_owned(), slices)]),
        ..Dataset::new(Pair { baseline: window, canary: window }, SignedDuration::from_mins(1))
    }
}

fn sum(parts: &Instances) -> Series {
    let (mut all, mut bad_ones) = (vec![0; STEPS], vec![0; STEPS]);
    for part in parts.values() {
        let Series::Counts { total, bad, .. } = part else { continue };
        (0..STEPS).for_each(|step| (all[step], bad_ones[step]) = (all[step] + total[step], bad_ones[step] + bad[step]));
    }
    Series::Counts { time: (0..STEPS).map(at).collect(), total: all, bad: bad_ones }
}

fn rules(share: Option<f64>) -> Rules {
    Rules {
        traffic: share.map(|share| Traffic { share, metric: None, on_mismatch: Mismatch::Warn }),
        policy: Policy { mix: MixDecides::Adjusted, ..Policy::default() },
        ..rate(at_most(margin(0.2)))
    }
}

const DIMENSIONS: [&str; 2] = ["route", "region"];

fn answer(parts: &[Part], share: Option<f64>) -> Verdict {
    judge(&rules(share), &dataset(parts, DIMENSIONS, 1))
}

fn notes(verdict: &Verdict) -> String {
    verdict.findings.iter().flat_map(|finding| finding.notes.clone()).collect::<Vec<_>>().join("\n")
}

/// The same number of requests, but three times as many checkouts, taken from the searches.
fn more_checkouts() -> Vec<Part> {
    let mut parts = shop();
    for part in &mut parts {
        part.requests.canary *= match part.values[0] {
            "checkout" => 3.0,
            "search" => 0.6,
            _ => 1.0,
        };
    }
    parts
}

#[test]
fn the_slice_that_is_worse_is_named_and_no_other() {
    let mut parts = shop();
    parts[0].rate.canary = 0.06;
    let verdict = answer(&parts, Some(0.5));
    let told = &verdict.localised[0];
    let named: Vec<_> = told.found.named.iter().map(|line| line.values.clone()).collect();
    assert_eq!(named, [[Some("search".to_owned()), Some("eu".to_owned())]], "{}", told.says);
    let line = &told.found.named[0];
    assert!(line.interval.0 <= 6.0 && 6.0 <= line.interval.1, "{:?}", line.interval);
    assert!(line.share.unwrap() > 0.8, "{:?}", line.share);
    assert_eq!(verdict.outcome, Outcome::Fail);
    assert!(verdict.summary.contains("search, eu"), "{}", verdict.summary);
}

#[test]
fn a_fault_that_begins_late_has_its_beginning() {
    let mut parts = shop();
    (parts[0].rate.canary, parts[0].since) = (0.06, 20);
    let verdict = answer(&parts, Some(0.5));
    let since = verdict.localised[0].since[0].expect("a beginning");
    let off = since.duration_since(at(20)).as_mins().abs();
    assert!(off <= 3, "{since}");
}

#[test]
fn a_whole_region_is_named_as_the_region() {
    let mut parts = shop();
    parts.iter_mut().filter(|part| part.values[1] == "us").for_each(|part| part.rate.canary *= 2.0);
    let verdict = answer(&parts, Some(0.5));
    let named: Vec<_> = verdict.localised[0].found.named.iter().map(|line| line.values.clone()).collect();
    assert_eq!(named, [[None, Some("us".to_owned())]], "{}", verdict.localised[0].says);
}

#[test]
fn a_difference_everywhere_names_nothing() {
    let mut parts = shop();
    parts.iter_mut().for_each(|part| part.rate.canary *= 2.0);
    let told = &answer(&parts, Some(0.5)).localised[0];
    assert!(told.found.named.is_empty() && told.says.contains("everywhere"), "{}", told.says);
}

#[test]
fn a_healthy_canary_with_another_mix_passes_at_an_equal_one() {
    let parts = more_checkouts();
    let plain = judge(
        &Rules { policy: Policy { mix: MixDecides::Plain, ..Policy::default() }, ..rules(Some(0.5)) },
        &dataset(&parts, DIMENSIONS, 1),
    );
    assert_eq!(plain.outcome, Outcome::Fail);
    assert!(notes(&plain).contains("the plain one decides (`mix: tell`)"), "{}", notes(&plain));
    let verdict = answer(&parts, Some(0.5));
    assert!(verdict.mixes[0].is_adjusted, "{:?}", verdict.mixes[0].obstacles);
    assert_eq!(verdict.outcome, Outcome::Pass, "{}", verdict.summary);
    assert!(notes(&verdict).contains("at the baseline's mix, which decides"), "{}", notes(&verdict));
}

#[test]
fn outcomes_alone_are_those_of_the_whole_verdict() {
    let data = dataset(&more_checkouts(), DIMENSIONS, 1);
    for (mix, wanted) in [(MixDecides::Plain, Outcome::Fail), (MixDecides::Adjusted, Outcome::Pass)] {
        let rules = Rules { policy: Policy { mix, ..Policy::default() }, ..rules(Some(0.5)) };
        let (whole, alone) = (judge(&rules, &data), outcomes(&rules, &data));
        assert_eq!((whole.outcome, alone.verdict), (wanted, wanted), "{mix:?}: {}", whole.summary);
        let each = whole.findings.into_iter().map(|finding| (finding.criterion, finding.outcome));
        assert_eq!(each.collect::<Vec<_>>(), alone.criteria, "{mix:?}");
    }
}

#[test]
fn a_sick_canary_is_not_well_for_its_mix() {
    let mut parts = shop();
    for part in &mut parts {
        part.rate.canary *= 1.7;
        part.requests.canary *= if part.values[0] == "checkout" { 0.4 } else { 1.06 };
    }
    let plain = judge(
        &Rules { policy: Policy { mix: MixDecides::Plain, ..Policy::default() }, ..rules(Some(0.5)) },
        &dataset(&parts, DIMENSIONS, 1),
    );
    assert_ne!(plain.outcome, Outcome::Fail, "{}", plain.summary);
    assert_eq!(answer(&parts, Some(0.5)).outcome, Outcome::Fail);
}

/// Every route fails three times as often, and hardly any of the checkouts, which fail most, came to the canary.
#[test]
fn a_pass_that_fails_at_the_baselines_mix_is_a_warning_even_if_the_mix_is_only_told() {
    let mut parts = routes(&[("home", [700.0, 790.0], [0.002, 0.006]), ("checkout", [100.0, 10.0], [0.2, 0.6])]);
    let told = |parts: &[Part]| {
        let rules = Rules { policy: Policy { mix: MixDecides::Plain, ..Policy::default() }, ..rules(None) };
        let data = dataset(parts, DIMENSIONS, 1);
        let verdict = judge(&rules, &data);
        assert_eq!(outcomes(&rules, &data).verdict, verdict.outcome);
        verdict
    };
    let sick = told(&parts);
    assert_eq!(sick.outcome, Outcome::Warn, "{}", sick.summary);
    assert_eq!(sick.findings[0].reason, Reason::SuspectData);
    assert!(sick.findings[0].sentence.contains("may rest on the other mix"), "{}", sick.findings[0].sentence);
    // as many as it takes to have other shares, too few to bring them to the baseline's
    parts[1].requests.canary = 3.0;
    let thin = told(&parts);
    assert!(notes(&thin).contains("cannot be brought to the baseline's"), "{}", notes(&thin));
    // a canary that is as well as its baseline passes at either mix
    parts.iter_mut().for_each(|part| part.rate.canary = part.rate.baseline);
    parts[1].requests.canary = 10.0;
    assert_eq!(told(&parts).outcome, Outcome::Pass, "{}", told(&parts).summary);
}

/// What may be the canary's own doing never passes by adjusting.
#[test]
fn adjusting_passes_nothing_where_it_could_hide_a_fault() {
    let refused = |name: &str, parts: &[Part], dimensions: [&str; 2], share: Option<f64>, why: &str| {
        let verdict = judge(&rules(share), &dataset(parts, dimensions, 1));
        assert_ne!(verdict.outcome, Outcome::Pass, "{name}: {}", verdict.summary);
        assert!(notes(&verdict).contains(why), "{name}: {}", notes(&verdict));
    };
    let parts = more_checkouts();
    refused("nobody says the share", &parts, DIMENSIONS, None, "would look the same");
    refused("a status", &parts, ["status", "region"], Some(0.5), "says how a request went");

    let mut missing = parts.clone();
    missing.iter_mut().filter(|part| part.values[0] == "item").for_each(|part| part.requests.canary = 0.0);
    refused("missing in the canary", &missing, DIMENSIONS, Some(0.5), "that the canary does not have");
    let mut new = parts.clone();
    new.iter_mut().filter(|part| part.values[0] == "item").for_each(|part| part.requests.baseline = 0.0);
    refused("missing in the baseline", &new, DIMENSIONS, Some(0.5), "that the baseline does not have");

    let mut thin = parts.clone();
    thin.iter_mut().filter(|part| part.values[0] == "item").for_each(|part| part.requests.canary *= 0.06);
    refused("thin", &thin, DIMENSIONS, None, "would be left");

    let mut late = parts.clone();
    late.iter_mut().for_each(|part| (part.since, part.late) = (20, true));
    refused("the mix changes late", &late, DIMENSIONS, Some(0.5), "changes inside the window");

    // clients of a route that fails try again: its share grows, and so does the canary's
    let mut retries = shop();
    for part in retries.iter_mut().filter(|part| part.values[0] == "search") {
        part.rate.canary = 0.03;
        part.requests.canary *= 1.6;
    }
    refused("retries", &retries, DIMENSIONS, None, "is worse by itself");
    // the same without a slice that shows it: only the number of requests does
    let mut again = shop();
    again.iter_mut().filter(|part| part.values[0] == "checkout").for_each(|part| part.requests.canary *= 3.0);
    refused("more requests", &again, DIMENSIONS, Some(0.5), "its share of the traffic");
}

/// Slices of one dimension: requests of each arm per step, and rates of each arm.
fn routes(own: &[(&'static str, [f64; 2], [f64; 2])]) -> Vec<Part> {
    let pair = |of: [f64; 2]| Pair { baseline: of[0], canary: of[1] };
    let one = |(name, requests, rate): &(&'static str, [f64; 2], [f64; 2])| Part {
        requests: pair(*requests),
        rate: pair(*rate),
        ..part([name, "eu"], 0.0, 0.0)
    };
    own.iter().map(one).collect()
}

/// The data of `parts`, with the same slices of another rate that no criterion compares.
fn with_other(parts: &[Part], other: &[Part], dimensions: [&str; 2]) -> (Rules, Dataset) {
    let (mut rules, mut data) = (rules(Some(0.5)), dataset(parts, dimensions, 1));
    let more = dataset(other, dimensions, 2);
    rules.metrics.insert("other".into(), rules.metrics["m"].clone());
    data.metrics.insert("other".into(), more.metrics["m"].clone());
    data.slices.insert("other".into(), more.slices["m"].clone());
    (rules, data)
}

#[test]
fn a_new_slice_that_the_baseline_hardly_has_is_not_left_out() {
    let sick = routes(&[
        ("home", [400.0, 380.0], [0.005, 0.005]),
        ("search", [240.0, 228.0], [0.005, 0.005]),
        ("checkout", [160.0, 144.0], [0.005, 0.005]),
        ("pay", [0.2, 48.0], [0.005, 0.45]),
    ]);
    let verdict = answer(&sick, Some(0.5));
    assert_eq!(verdict.outcome, Outcome::Fail, "{}", verdict.summary);
    assert!(notes(&verdict).contains("fewer than 200 requests in the other arm"), "{}", notes(&verdict));
    // few requests, but most of the bad ones
    let mut few = sick.clone();
    (few[3].requests.canary, few[2].requests.canary) = (7.0, 240.0);
    let verdict = answer(&few, Some(0.5));
    assert_eq!(verdict.outcome, Outcome::Fail, "{}", verdict.summary);
    assert!(notes(&verdict).contains("of the canary's bad or slow requests"), "{}", notes(&verdict));
}

#[test]
fn a_rate_that_no_criterion_compares_shows_the_slice_that_is_worse() {
    let mix =
        |rates: [[f64; 2]; 2]| routes(&[("home", [520.0, 400.0], rates[0]), ("checkout", [280.0, 400.0], rates[1])]);
    let (rules, data) = with_other(&mix([[0.01, 0.01], [0.1, 0.1]]), &mix([[0.002, 0.002], [0.004, 0.03]]), DIMENSIONS);
    let verdict = judge(&rules, &data);
    assert_ne!(verdict.outcome, Outcome::Pass, "{}", verdict.summary);
    assert!(notes(&verdict).contains("checkout is worse by itself in other"), "{}", notes(&verdict));
}

#[test]
fn a_dimension_that_decides_another_rate_is_an_outcome() {
    let kinds =
        |rates: [f64; 2]| routes(&[("fine", [780.0, 760.0], [rates[0]; 2]), ("gave up", [20.0, 40.0], [rates[1]; 2])]);
    let (rules, data) = with_other(&kinds([0.01, 0.4]), &kinds([0.0, 1.0]), ["kind", "region"]);
    let verdict = judge(&rules, &data);
    assert_ne!(verdict.outcome, Outcome::Pass, "{}", verdict.summary);
    assert!(notes(&verdict).contains("may say how a request went"), "{}", notes(&verdict));
}

#[test]
fn columns_are_known_by_their_names() {
    let noted = |name: &str| {
        let verdict = judge(&rules(Some(0.5)), &dataset(&more_checkouts(), [name, "region"], 1));
        notes(&verdict).contains("says how a request went")
    };
    for name in ["statusCode", "http_code", "code", "errorcode", "grpcStatus"] {
        assert!(noted(name), "{name}");
    }
    for name in ["country_code", "zipCode", "route"] {
        assert!(!noted(name), "{name}");
    }
}

#[test]
fn a_share_that_is_hardly_known_has_not_been_checked() {
    let calls = |sway: f64, more: f64| {
        let mut parts = routes(&[("home", [776.0, 776.0 - more], [0.01, 0.01]), ("slow", [24.0, 96.0], [0.2, 0.2])]);
        parts.iter_mut().for_each(|part| part.sway = sway);
        answer(&parts, Some(0.5))
    };
    let swaying = calls(0.5, 0.0);
    assert_ne!(swaying.outcome, Outcome::Pass, "{}", swaying.summary);
    assert!(notes(&swaying).contains("would look the same"), "{}", notes(&swaying));
    let calm = calls(0.0, 72.0);
    assert_eq!(calm.outcome, Outcome::Pass, "{}", notes(&calm));
}

#[test]
fn a_plain_fail_stays_where_too_little_is_left_to_pass() {
    let sick =
        routes(&[("home", [1800.0, 400.0], [0.006, 0.006 * 1.25]), ("item", [200.0, 1600.0], [0.012, 0.012 * 1.25])]);
    let stays = |seed: u64| {
        let verdict = judge(&rules(Some(0.5)), &dataset(&sick, DIMENSIONS, seed));
        assert_eq!(verdict.outcome, Outcome::Fail, "{}", notes(&verdict));
        notes(&verdict).contains("because neither passes")
    };
    assert!((1..=5).filter(|seed| stays(*seed)).count() >= 3);
}

#[test]
fn most_requests_of_a_slice_that_are_bad_make_it_an_outcome() {
    let mut parts = more_checkouts();
    parts.iter_mut().filter(|part| part.values[0] == "checkout").for_each(|part| {
        part.rate = Pair { baseline: 0.9, canary: 0.9 };
    });
    let verdict = answer(&parts, Some(0.5));
    assert_ne!(verdict.outcome, Outcome::Pass);
    assert!(notes(&verdict).contains("may say how a request went"), "{}", notes(&verdict));
}

fn hosts(bad: f64) -> Dataset {
    let mut rng = Pcg64::seed_from_u64(7);
    let named = Pair::build(|arm| -> Instances {
        let host = |at: usize| {
            let mut own = part(["", ""], 60.0, 0.01);
            own.rate.canary = if at == 3 { bad } else { 0.01 };
            (format!("{}-{at:02}", arm.name()), series(&own, arm, &mut rng))
        };
        (0..20).map(host).collect()
    });
    let window = Window { start: at(0), end: at(STEPS) };
    Dataset {
        metrics: BTreeMap::from([("m".to_owned(), named.as_ref().map(sum))]),
        instances: BTreeMap::from([("m".to_owned(), named)]),
        ..Dataset::new(Pair { baseline: window, canary: window }, SignedDuration::from_mins(1))
    }
}

#[test]
fn one_bad_host_of_twenty_is_named_and_the_policy_decides() {
    let with = |one_bad_instance| Rules { policy: Policy { one_bad_instance, ..Policy::default() }, ..rules(None) };
    let finding = |verdict: &Verdict| verdict.findings.iter().find(|one| one.reason == Reason::OneBadInstance).cloned();
    let warned = judge(&with(OneBad::Warn), &hosts(0.08));
    let found = finding(&warned).expect("a finding");
    assert!(found.sentence.contains("canary-03 has"), "{}", found.sentence);
    assert_eq!(found.outcome, Outcome::Warn);
    assert_eq!(finding(&judge(&with(OneBad::Fail), &hosts(0.08))).map(|one| one.outcome), Some(Outcome::Fail));
    assert_eq!(finding(&judge(&with(OneBad::Fail), &hosts(0.01))), None);
}
