//! What a question to Prometheus says of itself.

use super::asked::Prometheus;
use crate::series::SignedDuration;
use crate::source::ask::Ask;
use crate::source::backend::Backend;
use crate::source::brought::{Brought, Points};
use crate::text::spell::spell;

impl Backend for Prometheus {
    fn describe(&self) -> String {
        self.shown()
    }

    fn question(&self) -> String {
        self.columns.iter().map(|column| column.measure.text()).collect::<Vec<_>>().join("; ")
    }

    fn set_step(&mut self, step: SignedDuration) {
        self.step = step;
    }

    fn clock(&self, _: &Brought) -> String {
        format!("steps of {}", spell(self.step))
    }

    /// Counters without any series, which count as zero beside others that have some: so does one whose name is wrong.
    fn doubts(&self, _: &Ask, brought: &Brought) -> Option<Vec<(String, String)>> {
        let Points::Series(answer) = &brought.points else { return None };
        Some(answer.silent.iter().map(|name| (name.clone(), name.clone())).collect())
    }

    fn advise_when_empty(&self) -> Option<String> {
        let place = if self.scrapes.is_some() { "the scrapes" } else { "Prometheus" };
        Some(format!("Check the selector in {place}, and that the arm's label has this value in the window"))
    }
}
