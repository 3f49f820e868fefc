//! `davy test`: unit tests of a gate. Each case is judged as the configuration under test judges production.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::console::Console;
use super::outlets::Outlets;
use super::pipeline::{self, Judged};
use super::places::Places;
use super::{Exit, Failure, border, suite};
use crate::cli;
use crate::config::{self, Config};
use crate::gate::{self, Case, Cases, Source};
use crate::judge::judge;
use crate::plain;
use crate::report::suite::{Member, State, Suite};

/// A file of cases with the configuration under test.
struct Loaded {
    shown: String,
    folder: PathBuf,
    config: Arc<Config>,
    cases: Cases,
}

pub(super) fn run(console: &Console, arguments: &cli::Test) -> Result<Exit, Failure> {
    let outlets = Outlets::of(&arguments.output)?;
    outlets.for_suite(arguments.output.format)?;
    let places = Places::new(outlets.paths(), Vec::new())?;
    places.spare(arguments.files.iter().map(PathBuf::as_path))?;
    let mut exit = Exit::Pass;
    let (mut loaded, mut members) = (Vec::new(), Vec::new());
    for path in &arguments.files {
        match load(path, &places) {
            Ok(file) => loaded.push(file),
            Err(misused @ Failure::Misused(_)) => return Err(misused),
            Err(failure) => {
                // one broken file must not hide the others
                console.error(&failure.to_string());
                exit = exit.worse(failure.exit());
                let (name, says) = (plain::path(path), vec![failure.to_string()]);
                members.push(Member { name, state: State::Broken, expected: None, outcome: None, says });
            }
        }
    }
    let cases: Vec<(&Loaded, &Case)> =
        loaded.iter().flat_map(|file| file.cases.cases.iter().map(move |case| (file, case))).collect();
    let (judged, worst) =
        suite::each(console, &cases, |(file, case)| called(file, case), |_, (file, case)| run_case(file, case))?;
    members.extend(judged);
    suite::answer(console, &Suite::new("case", members, true), &arguments.output, exit.worse(worst))
}

fn called(file: &Loaded, case: &Case) -> String {
    format!("{}: {}", file.shown, plain::line(&case.name))
}

fn load(path: &Path, places: &Places) -> Result<Loaded, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::Unreadable { path: path.to_owned(), error })?;
    let shown = plain::path(path);
    let cases = gate::load(&text, &shown)?;
    let folder = border::folder_of(path).to_owned();
    let (config, folder) = match &cases.source {
        Source::Path(named) => {
            let file = border::file_of(&folder.join(named));
            places.spare([file.as_path()])?;
            let loaded = pipeline::load(&file)?;
            (loaded.config, loaded.folder)
        }
        Source::Inline(text) => (config::load(text, &format!("{shown} (config)"))?.into(), folder),
    };
    Ok(Loaded { shown, folder, config, cases })
}

fn run_case(file: &Loaded, case: &Case) -> Result<Member, Failure> {
    let resolve = cli::Resolve { phase: case.phase.clone(), set: case.set.clone(), ..cli::Resolve::default() };
    let options = pipeline::options(&file.folder, &resolve, file.cases.start);
    let mut plan = file.config.plan(&options)?;
    // a case has no logs
    plan.rules.signatures.clear();
    let dataset = gate::dataset(&file.cases, case, &plan).map_err(Failure::Unusable)?;
    let dataset = pipeline::priced(dataset, plan.cost.as_ref());
    let verdict = judge(&plan.rules, &dataset);
    let document = Judged::new(plan, dataset, verdict)?.document();
    let says = gate::unmet(&case.expected, &document);
    let expected = match &case.expected.outcomes[..] {
        [one] => Some((*one).into()),
        _ => None,
    };
    let state = if says.is_empty() { State::Same } else { State::Flips };
    Ok(Member { name: called(file, case), state, expected, outcome: Some(document.outcome), says })
}
