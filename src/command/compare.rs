//! `davy compare`: everything that was measured of both systems side by side, with what they cost.
//!
//! It is no gate: that a comparison could be made is all that its exit code says.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;

use super::console::Console;
use super::given::Given;
use super::places::Places;
use super::{Exit, Failure, judge, pipeline};
use crate::cli::{self, Compared};
use crate::comparison::{self, Subject};
use crate::output;
use crate::plain;
use crate::report::{self, Comparison, Document, Format, Style};

pub(super) fn run(console: &Console, arguments: cli::Compare) -> Result<Exit, Failure> {
    let now = arguments.resolve.now.unwrap_or_else(Timestamp::now);
    // pictures of an earlier comparison are replaced, as other reports are
    let reports = arguments.report.iter().filter_map(|outlet| match outlet {
        Compared::File(_, path) => Some(path.clone()),
        Compared::Pictures(_) => None,
    });
    let places = Places::new(reports.collect(), Vec::from_iter(arguments.record.clone()))?;
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
    for outlet in &arguments.report {
        match outlet {
            Compared::File(format, path) => {
                let text = report::comparison(&document, *format, &Style::default());
                output::write(path, &text).map_err(Failure::output(path))?;
                console.detail(&format!("wrote {}", plain::path(path)));
            }
            Compared::Pictures(folder) => draw(console, &document, folder)?,
        }
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

/// Writes each picture of a comparison into a folder.
fn draw(console: &Console, document: &Comparison, folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(Failure::output(folder))?;
    let mut taken = BTreeSet::new();
    for (name, text) in report::pictures(document) {
        // two metrics may have names that are one as a file's
        let mut own = name.clone();
        for nth in 2.. {
            if taken.insert(own.clone()) {
                break;
            }
            own = format!("{name}-{nth}");
        }
        let path = folder.join(format!("{own}.svg"));
        output::write(&path, &text).map_err(Failure::output(&path))?;
    }
    console.note(&format!("wrote {} pictures to {}", taken.len(), plain::path(folder)));
    Ok(())
}
