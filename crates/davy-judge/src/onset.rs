//! Worse since when: the evidence of a Fail, gathered over all steps and over the steps since later starts.
//!
//! What begins in the middle of a window is half hidden in the mean of the window and inflates its noise. Each start has a
//! fit of its own, with a level or rate before it that tells of the noise alone. A Fail may rest on any start; a Pass
//! always takes all steps together. One arm's counts and requests against a limit are asked as a whole only: that answer is
//! about what happened during all of these steps.

use std::cell::OnceCell;
use std::rc::Rc;

use super::compare::{Comparison, Course};
use davy_stats::counts::Scatter;
use davy_stats::{Direction, onset};

/// Below this, steps that were independent are no evidence.
const LITTLE: f64 = 1.0;

/// A comparison in the direction of a Fail, with its later starts.
#[derive(Debug)]
pub(super) struct Onset {
    of: Rc<dyn Comparison>,
    /// All steps together, as evidence that no step carries alone.
    whole: Rc<dyn Comparison>,
    direction: Direction,
    later: Vec<(usize, OnceCell<Rc<dyn Comparison>>)>,
    scatter: OnceCell<Scatter>,
}

impl Onset {
    pub(super) fn new(of: Rc<dyn Comparison>, direction: Direction) -> Onset {
        let starts = of.course().map(|course| onset::starts(course.steps())).unwrap_or_default();
        let later = starts.into_iter().map(|start| (start, OnceCell::new())).collect();
        let whole = of.course().map_or_else(|| of.clone(), |course| course.tamed(direction));
        Onset { of, whole, direction, later, scatter: OnceCell::new() }
    }

    /// Of a ratio of quantiles: the same at a limit, as the ratio of the slow ones' rates that is one there.
    fn counted(&self, limit: f64) -> Option<Onset> {
        let counts = self.of.course()?.counted(limit, self.direction)?;
        Some(Onset::new(counts, self.direction))
    }

    fn since(&self, course: &dyn Course, place: usize) -> &Rc<dyn Comparison> {
        let (start, cell) = &self.later[place];
        cell.get_or_init(|| course.since(*start, self.direction, &self.scatter))
    }

    fn later_z(&self, limit: f64) -> Vec<f64> {
        let Some(course) = self.of.course() else { return Vec::new() };
        let starts: Vec<usize> = self.later.iter().map(|(start, _)| *start).collect();
        let independent = course.independent_z(&starts, limit, self.direction);
        let z = |(place, z): (usize, f64)| match z < LITTLE {
            true => 0.0,
            false => self.since(course, place).z(limit, self.direction),
        };
        independent.into_iter().enumerate().map(z).collect()
    }

    /// The evidence that the quantity lies beyond a limit, as a whole or since a start.
    pub(super) fn z(&self, limit: f64) -> f64 {
        match self.counted(limit) {
            Some(counted) => counted.z(1.0),
            None => onset::combined(self.whole.z(limit, self.direction), &self.later_z(limit)),
        }
    }

    /// All steps together, where that is other evidence than the comparison: it is not carried by a step alone.
    pub(super) fn tamed(&self) -> Option<&Rc<dyn Comparison>> {
        (!Rc::ptr_eq(&self.whole, &self.of)).then_some(&self.whole)
    }

    /// What the evidence of all steps together must reach by itself.
    pub(super) fn alone(&self, critical: f64) -> f64 {
        if self.later.is_empty() { critical } else { onset::alone(critical) }
    }

    /// The later start whose evidence against a limit is stronger by `more` than that of all steps, and the strongest, with
    /// the comparison since then.
    pub(super) fn loudest(&self, limit: f64, more: f64) -> Option<(usize, &Rc<dyn Comparison>)> {
        let (whole, later) = match self.counted(limit) {
            Some(counted) => (counted.whole.z(1.0, self.direction), counted.later_z(1.0)),
            None => (self.whole.z(limit, self.direction), self.later_z(limit)),
        };
        let (place, z) = later.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
        let course = self.of.course().filter(|_| z > whole + more)?;
        Some((self.later[place].0, self.since(course, place)))
    }
}
