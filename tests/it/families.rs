//! Many criteria share one chance of a false alarm: what the healthy ones cost, what a family shares, and that the test of
//! several p-values is the closed one.

use davy::judge::judge;
use davy::judge::verdict::Outcome;
use davy::stats::simes::hommel;
use davy::stats::tail::ln_binomial_upper;
use proptest::prelude::*;

use crate::soaks::families::{Asked, Panel, healthy, worse};
use crate::soaks::noise::Noise;

const SEED: u64 = 7;
const ALLOWED: f64 = 0.05;

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Whether Simes' test rejects a set at a level.
fn simes(set: &[f64], level: f64) -> bool {
    let mut sorted = set.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    (1..).zip(&sorted).any(|(rank, p)| *p <= level * f64::from(rank) / sorted.len() as f64)
}

/// Whether every set with this one is rejected.
fn closed(p: &[f64], at: usize, level: f64) -> bool {
    (0..1_u32 << p.len()).filter(|set| set & 1 << at != 0).all(|set| {
        let members: Vec<f64> = (0..p.len()).filter(|i| set & 1 << i != 0).map(|i| p[i]).collect();
        simes(&members, level)
    })
}

proptest! {
    #[test]
    fn hommel_names_what_every_set_rejects(p in prop::collection::vec(prop_oneof![0.0..1.0_f64, 0.0..0.1_f64], 0..8)) {
        let adjusted = hommel(&p);
        prop_assert_eq!(adjusted.len(), p.len());
        for (at, adjusted) in adjusted.iter().enumerate() {
            prop_assert!(*adjusted >= p[at] && *adjusted <= 1.0);
            if *adjusted < 1.0 {
                prop_assert!(closed(&p, at, adjusted + 1e-9), "{p:?} {at} {adjusted}");
            }
            if *adjusted > 1e-6 {
                prop_assert!(!closed(&p, at, adjusted - 1e-9), "{p:?} {at} {adjusted}");
            }
        }
    }
}

#[test]
fn p_values_that_agree_cost_nothing_and_one_among_many_pays_for_all() {
    assert_eq!(hommel(&[0.01, 0.01, 0.01]), [0.01, 0.01, 0.01]);
    assert_eq!(hommel(&[0.01, 1.0, 1.0, 1.0]), [0.04, 1.0, 1.0, 1.0]);
    assert!(hommel(&[]).is_empty());
}

/// Of fifty rates one has doubled: a judge that divides the budget finds hardly any, an oracle that knows the noise and
/// divides every fifth.
#[test]
fn healthy_criteria_cost_a_worse_one_nothing() {
    const RUNS: usize = 80;
    let of = |asked, criteria| {
        let panels = worse();
        let panel = panels.iter().find(|panel| (panel.asked, panel.criteria, panel.margin) == (asked, criteria, 0.5));
        panel.unwrap().measure(RUNS, SEED, cores())
    };
    let (one, many, routes) = (of(Asked::Rates, 1), of(Asked::Rates, 50), of(Asked::Routes, 50));
    assert!(one.found >= 0.4, "{one:?}");
    for shares in [many, routes] {
        assert!(shares.found > shares.divided + 0.15 && shares.found > shares.oracle, "{shares:?} against {one:?}");
        assert_eq!(shares.wrong, 0.0);
    }
}

#[test]
fn healthy_runs_of_many_criteria_seldom_fail() {
    const RUNS: usize = 20;
    let (mut failed, mut all) = (0, 0);
    for panel in healthy().into_iter().filter(|panel| panel.criteria <= 10) {
        let wrong = (panel.measure(RUNS, SEED, cores()).wrong * RUNS as f64).round() as u64;
        let believable = ln_binomial_upper(wrong, RUNS as u64, ALLOWED) > 0.001_f64.ln();
        assert!(believable, "{}: {wrong} of {RUNS}", panel.name());
        (failed, all) = (failed + wrong, all + RUNS as u64);
    }
    assert!(ln_binomial_upper(failed, all, ALLOWED) > 0.01_f64.ln(), "{failed} of {all}");
}

/// More criteria that are fine never turn a Fail into anything else, and one that is worse too makes no other look better.
#[test]
fn a_verdict_fails_by_the_same_criterion_in_any_order() {
    let panel = *worse().iter().find(|panel| panel.asked == Asked::Rates && panel.criteria == 10).unwrap();
    let panel = Panel { times: 4.0, worse: 3, ..panel };
    let (rules, mut reversed) = (panel.rules(), panel.rules());
    reversed.criteria.reverse();
    for run in 0..5 {
        let data = panel.draw(&mut Noise::of(SEED, "order", "", run));
        let failed = |rules| {
            let findings = judge(rules, &data).findings.into_iter();
            let mut failed: Vec<String> =
                findings.filter(|finding| finding.outcome == Outcome::Fail).map(|finding| finding.metric).collect();
            failed.sort();
            failed
        };
        assert_eq!(failed(&rules), ["it7", "it8", "it9"]);
        assert_eq!(failed(&rules), failed(&reversed));
    }
}
