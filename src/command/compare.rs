//! `davy compare`: everything that was measured of both systems side by side, with what they cost.
//!
//! It is no gate: that a comparison could be made is all that its exit code says. Several canaries are compared one after the
//! other, each with the confidence that lets all answers hold together.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::canaries::{self, Asked, Named};
use super::columnar;
use super::console::Console;
use super::given::Given;
use super::pipeline::Loaded;
use super::places::Places;
use super::raster::Raster;
use super::{Exit, Failure, judge, pipeline};
use crate::cli::{self, Compared, ComparedFormat, PictureFormat};
use crate::comparison::{self, LEVEL, Subject};
use crate::config::plan::Plan;
use crate::judge::rules::{Policy, Rules};
use crate::output;
use crate::plain;
use crate::report::{self, Comparison, Comparisons, Document, Format, Style};
use crate::series::Dataset;

/// What is said: of one canary, or of several.
enum Answer {
    One(Box<Comparison>),
    Several(Comparisons),
}

impl Answer {
    fn bytes(&self, format: ComparedFormat, style: &Style) -> Result<Vec<u8>, Failure> {
        match (self, format) {
            (Answer::One(one), ComparedFormat::Text(format)) => Ok(report::comparison(one, format, style).into_bytes()),
            (Answer::Several(several), ComparedFormat::Text(format)) => {
                Ok(report::comparisons(several, format, style).into_bytes())
            }
            (Answer::One(one), ComparedFormat::Parquet) => columnar::parquet(report::columns(one)),
            (Answer::Several(several), ComparedFormat::Parquet) => {
                columnar::parquet(report::columns_of_several(several))
            }
        }
    }

    fn pictures(&self) -> Vec<(String, String)> {
        match self {
            Answer::One(one) => report::pictures(one),
            Answer::Several(several) => report::pictures_of_several(several),
        }
    }
}

/// What was read of both arms, with how it compares.
struct Read {
    loaded: Loaded,
    plan: Plan,
    dataset: Dataset,
    compared: comparison::Comparison,
}

pub(super) fn run(console: &Console, arguments: cli::Compare) -> Result<Exit, Failure> {
    let now = arguments.resolve.now.unwrap_or_else(Timestamp::now);
    // pictures of an earlier comparison are replaced, as other reports are
    let reports: Vec<PathBuf> = arguments
        .report
        .iter()
        .filter_map(|outlet| match outlet {
            Compared::File(_, path) => Some(path.clone()),
            Compared::Pictures(..) => None,
        })
        .collect();
    binary(console, &arguments)?;
    let is_png = |outlet: &Compared| matches!(outlet, Compared::Pictures(PictureFormat::Png, _));
    // a build that cannot draw says so before anything is read
    let raster = arguments.report.iter().any(is_png).then(Raster::new).transpose()?;
    let places = Places::new(reports, Vec::from_iter(arguments.record.clone()))?;
    match canaries::of(&arguments.files)? {
        Asked::One(files) => {
            let read = read(console, &arguments, &files, &places, now, 1)?;
            answer(console, &arguments, raster.as_ref(), &Answer::One(Box::new(Comparison::from(&read.compared))))?;
            record(console, &arguments, read, now)?;
        }
        Asked::Several(named) => {
            let several = several(console, &arguments, &named, &places, now)?;
            answer(console, &arguments, raster.as_ref(), &Answer::Several(several))?;
        }
    }
    Ok(Exit::Pass)
}

/// Whether this build writes Parquet, and whether no terminal gets it, if anything asks for it.
fn binary(console: &Console, arguments: &cli::Compare) -> Result<(), Failure> {
    let is_parquet = |outlet: &Compared| matches!(outlet, Compared::File(ComparedFormat::Parquet, _));
    let answers = arguments.format == ComparedFormat::Parquet;
    if answers || arguments.report.iter().any(is_parquet) {
        columnar::check()?;
    }
    if answers && console.is_read() {
        let why = "a terminal shows no Parquet: write `--report parquet=FILE`, or `--format parquet > FILE`";
        return Err(Failure::Misused(why.into()));
    }
    Ok(())
}

/// Each canary beside the baseline, with the confidence that all of them need to hold together.
fn several(
    console: &Console,
    arguments: &cli::Compare,
    named: &[Named],
    places: &Places,
    now: Timestamp,
) -> Result<Comparisons, Failure> {
    if arguments.record.is_some() {
        let why = "a recording holds one canary: leave --record out, or compare one canary at a time";
        return Err(Failure::Misused(why.into()));
    }
    let mut compared = Vec::new();
    for Named { name, files } in named {
        let failed = |failure| Failure::Canary { name: name.clone(), failure: Box::new(failure) };
        let aside = console.aside();
        let read = read(&aside, arguments, files, places, now, named.len());
        console.tell(aside, |message| format!("canary {}: {message}", plain::line(name)));
        compared.push((name.clone(), read.map_err(failed)?.compared));
    }
    let names: Vec<&str> = named.iter().map(|one| one.name.as_str()).collect();
    let name = arguments.files.name.clone().unwrap_or_else(|| names.join(", "));
    Ok(Comparisons::of(&name, LEVEL, &compared))
}

/// Reads both arms and compares them as one of so many canaries.
fn read(
    console: &Console,
    arguments: &cli::Compare,
    files: &cli::Files,
    places: &Places,
    now: Timestamp,
    canaries: usize,
) -> Result<Read, Failure> {
    let given = Given::of(files)?;
    places.spare_named(&given)?;
    let loaded = judge::load(console, &given, files)?;
    let options = pipeline::options(&loaded.folder, &arguments.resolve, now);
    let plan = loaded.plan_everything(&options)?;
    places.spare_sources(&plan.queries)?;
    console.detail(&format!("{} queries planned, fingerprint {}", plan.queries.len(), plan.rules.fingerprint));
    let dataset = pipeline::fetch(console, &plan, now)?;
    for (metric, why) in &dataset.lost {
        console.note(&format!("compared without {metric}: {why}"));
    }
    let metrics = loaded.config.metrics();
    let level = comparison::together(LEVEL, canaries);
    let policy = Policy { level: comparison::together(plan.rules.policy.level, canaries), ..plan.rules.policy.clone() };
    let rules = Rules { policy, ..plan.rules.clone() };
    let subject = Subject { rules: &rules, metrics: &metrics, cost: plan.cost.as_ref(), data: &dataset, level };
    let compared = comparison::compare(&subject);
    Ok(Read { loaded, plan, dataset, compared })
}

/// The answer on stdout, and each report.
fn answer(
    console: &Console,
    arguments: &cli::Compare,
    raster: Option<&Raster>,
    answer: &Answer,
) -> Result<(), Failure> {
    console.answer_in_bytes(&answer.bytes(arguments.format, &console.style(false))?)?;
    for outlet in &arguments.report {
        match outlet {
            Compared::File(format, path) => {
                let bytes = answer.bytes(*format, &Style::default())?;
                output::write_with(path, |to| to.write_all(&bytes)).map_err(Failure::output(path))?;
                console.detail(&format!("wrote {}", plain::path(path)));
            }
            Compared::Pictures(format, folder) => {
                let raster = raster.filter(|_| *format == PictureFormat::Png);
                draw(console, answer.pictures(), raster, folder)?;
            }
        }
    }
    Ok(())
}

/// Keeps what was read, with the verdict of the criteria.
fn record(console: &Console, arguments: &cli::Compare, read: Read, now: Timestamp) -> Result<(), Failure> {
    let Some(folder) = &arguments.record else { return Ok(()) };
    let Read { loaded, plan, dataset, compared } = read;
    let verdict = Document::from(&compared.verdict);
    // without criteria there is nothing that a replay could judge
    let verdict = compared.is_judged.then(|| report::render(&verdict, Format::Json, &Style::default()));
    pipeline::record(folder, &loaded.config, &plan, dataset, verdict.as_deref(), now)?;
    console.note(&format!("recorded to {}", plain::path(folder)));
    Ok(())
}

/// Writes each picture of a comparison into a folder: as pixels if there is something that draws them.
fn draw(
    console: &Console,
    pictures: Vec<(String, String)>,
    raster: Option<&Raster>,
    folder: &Path,
) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(Failure::output(folder))?;
    let mut taken = BTreeSet::new();
    for (name, text) in pictures {
        // two metrics may have names that are one as a file's
        let mut own = name.clone();
        for nth in 2.. {
            if taken.insert(own.clone()) {
                break;
            }
            own = format!("{name}-{nth}");
        }
        let path = folder.join(format!("{own}.{}", if raster.is_some() { "png" } else { "svg" }));
        let bytes = match raster {
            Some(raster) => raster.png(&text)?,
            None => text.into_bytes(),
        };
        output::write_with(&path, |to| to.write_all(&bytes)).map_err(Failure::output(&path))?;
    }
    console.note(&format!("wrote {} pictures to {}", taken.len(), plain::path(folder)));
    Ok(())
}
