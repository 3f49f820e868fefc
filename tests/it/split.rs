//! How often a split of the traffic is called a mismatch: beside chi-square, and beside what is believed of error rates.
//!
//! `UPDATE=1` writes the table to `reports/calibration/split.md`.

use std::fmt::Write as _;
use std::path::Path;

use davy::stats::dispersion::{DesignEffect, Prior};
use davy::stats::single::{self, TrialStep};
use davy::stats::split;

use crate::soaks::noise::Noise;

const LEVEL: f64 = 0.001;
const HEALTHY: usize = 10_000;
const WRONG: usize = 2_000;
const STEPS: usize = 60;
const REQUESTS: u64 = 600;

/// How requests are routed.
struct Router {
    what: &'static str,
    configured: f64,
    real: f64,
    /// The standard deviation of the log odds from step to step, and their correlation.
    wanders: (f64, f64),
    /// Requests that go the same way together.
    together: u64,
}

const fn calm(what: &'static str, configured: f64, real: f64) -> Router {
    Router { what, configured, real, wanders: (0.0, 0.0), together: 1 }
}

const ROUTERS: [Router; 14] = [
    calm("50 % by lot", 0.5, 0.5),
    calm("5 % by lot", 0.05, 0.05),
    Router { wanders: (0.03, 0.0), ..calm("50 %, wanders by 3 %", 0.5, 0.5) },
    Router { wanders: (0.03, 0.5), ..calm("50 %, wanders by 3 %, φ = .5", 0.5, 0.5) },
    Router { wanders: (0.03, 0.5), ..calm("5 %, wanders by 3 %, φ = .5", 0.05, 0.05) },
    Router { wanders: (0.1, 0.5), ..calm("50 %, wanders by 10 %, φ = .5", 0.5, 0.5) },
    Router { wanders: (0.03, 0.9), ..calm("50 %, wanders by 3 %, φ = .9", 0.5, 0.5) },
    Router { together: 5, ..calm("50 %, sessions of 5 requests", 0.5, 0.5) },
    Router { together: 5, ..calm("5 %, sessions of 5 requests", 0.05, 0.05) },
    calm("50 % is 49 %", 0.5, 0.49),
    calm("5 % is 4.5 %", 0.05, 0.045),
    Router { wanders: (0.03, 0.5), ..calm("50 % is 49 %, wanders by 3 %, φ = .5", 0.5, 0.49) },
    Router { wanders: (0.03, 0.5), ..calm("5 % is 4.5 %, wanders by 3 %, φ = .5", 0.05, 0.045) },
    Router { together: 5, ..calm("50 % is 47 %, sessions of 5 requests", 0.5, 0.47) },
];

impl Router {
    fn is_right(&self) -> bool {
        self.real == self.configured
    }

    fn steps(&self, noise: &mut Noise) -> Vec<Option<TrialStep>> {
        let (sd, phi) = self.wanders;
        let odds = (self.real / (1.0 - self.real)).ln();
        let wander = noise.slow(STEPS, phi);
        let step = |wander: f64| {
            let share = 1.0 / (1.0 + (-odds - sd * wander).exp());
            Some(TrialStep { total: REQUESTS, bad: self.together * noise.binomial(REQUESTS / self.together, share) })
        };
        wander.into_iter().map(step).collect()
    }

    /// How often chi-square, the prior of error rates and that of routers call it a mismatch.
    fn called(&self) -> [f64; 3] {
        let runs = if self.is_right() { HEALTHY } else { WRONG };
        let mut called = [0; 3];
        for run in 0..runs {
            let steps = self.steps(&mut Noise::of(1, self.what, "split", run));
            let canary = steps.iter().flatten().map(|step| step.bad).sum();
            let effects = [
                DesignEffect::independent(),
                single::trial_design_effect(&steps, Prior::default()),
                split::design_effect(&steps, split::CALM),
            ];
            for (called, effect) in called.iter_mut().zip(effects) {
                let p = split::p_value(canary, STEPS as u64 * REQUESTS, self.configured, &effect);
                *called += usize::from(p < LEVEL);
            }
        }
        called.map(|called| called as f64 / runs as f64)
    }
}

fn table(rows: &[(&Router, [f64; 3])]) -> String {
    let mut text = format!(
        "# The split of the traffic

How often {STEPS} steps of {REQUESTS} requests are called a mismatch at {LEVEL}, in {HEALTHY} runs of a router that splits as
configured and {WRONG} of one that does not. Chi-square knows no noise but lots. The noise of error rates is what the judge
believes of errors; of routers it believes in lots, with one chance in twenty of anything else, which the steps decide.

`UPDATE=1 cargo test split` writes this file, and a test holds it.

| Router | Chi-square | Noise of error rates | davy |
|---|--:|--:|--:|
"
    );
    for (router, [chi, errors, davy]) in rows {
        writeln!(text, "| {} | {chi:.4} | {errors:.4} | {davy:.4} |", router.what).unwrap();
    }
    text
}

#[test]
fn a_split_that_is_off_is_called_and_one_that_is_right_hardly_ever() {
    let rows: Vec<(&Router, [f64; 3])> = std::thread::scope(|scope| {
        let threads: Vec<_> = ROUTERS.iter().map(|router| scope.spawn(move || (router, router.called()))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let at_most = LEVEL + 3.0 * (LEVEL / HEALTHY as f64).sqrt();
    for (router, [chi, errors, davy]) in &rows {
        let what = router.what;
        match router.wanders {
            (sd, _) if sd == 0.0 && router.is_right() => assert!(*davy <= at_most, "{what}: {davy}"),
            (_, phi) if phi < 0.7 && router.is_right() => assert!(*davy <= 4.0 * LEVEL, "{what}: {davy}"),
            _ if router.is_right() => assert!(davy <= chi, "{what}: {davy}"),
            (sd, _) if sd == 0.0 && router.together == 1 => assert!(*davy >= 0.75 * chi, "{what}: {davy} of {chi}"),
            _ => assert!(davy >= errors, "{what}: {davy}, {errors}"),
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/calibration/split.md");
    let text = table(&rows);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), text, "UPDATE=1 writes it anew");
}
