//! `davy compare`: everything that was measured of both systems side by side, with what they cost.
//!
//! It is no gate: that a comparison could be made is all that its exit code says.

use jiff::Timestamp;

use super::console::Console;
use super::given::Given;
use super::places::Places;
use super::{Exit, Failure, judge, pipeline};
use crate::cli;
use crate::comparison::{self, Subject};
use crate::output;
use crate::plain;
use crate::report::{self, Comparison, Document, Format, Style};

pub(super) fn run(console: &Console, arguments: cli::Compare) -> Result<Exit, Failure> {
    let now = arguments.resolve.now.unwrap_or_else(Timestamp::now);
    let reports = arguments.report.iter().map(|(_, path)| path.clone()).collect();
    let places = Places::new(reports, arguments.record.iter().cloned().collect())?;
    let given = Given::of(&arguments.files)?;
    places.spare_named(&given)?;
    let loaded = judge::load(console, &given, &arguments.files)?;
    let options = pipeline::options(&loaded.folder, &arguments.resolve, now);
    let plan = loaded.plan_everything(&options)?;
    places.spare_sources(&plan.queries)?;
    console.detail(&format!("{} queries planned, fingerprint {}", plan.queries.len(), plan.rules.fingerprint));
    let dataset = pipeline::fetch(console, &plan, now)?;
    for (metric, why) in &dataset.lost {
        console.note(&format!("compared without {metric}: {why}"));
    }
    let metrics = loaded.config.metrics();
    let subject = Subject { rules: &plan.rules, metrics: &metrics, cost: plan.cost.as_ref(), data: &dataset };
    let compared = comparison::compare(&subject);
    let document = Comparison::from(&compared);
    console.answer(&report::comparison(&document, arguments.format, &console.style(false)))?;
    for (format, path) in &arguments.report {
        let text = report::comparison(&document, *format, &Style::default());
        output::write(path, &text).map_err(Failure::output(path))?;
        console.detail(&format!("wrote {}", plain::path(path)));
    }
    if let Some(folder) = &arguments.record {
        let verdict = Document::from(&compared.verdict);
        // without criteria there is nothing that a replay could judge
        let verdict = compared.is_judged.then(|| report::render(&verdict, Format::Json, &Style::default()));
        pipeline::record(folder, &loaded.config, &plan, dataset, verdict.as_deref(), now)?;
        console.note(&format!("recorded to {}", plain::path(folder)));
    }
    Ok(Exit::Pass)
}
