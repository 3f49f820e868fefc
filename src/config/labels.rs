//! What the arms are told apart by, and the names that may be set from outside.

use std::collections::BTreeSet;

use super::options::Options;
use super::written::file::File;
use super::{backend, hooks, signatures, values};
use crate::series::{Arm, Pair};
use crate::text::problem::{At, Complaint, Report, suggestion};
use crate::text::scalar::Text;

/// The names that may be set: labels of the arms, and what is referred to as `${NAME}`.
pub(super) fn settable(file: &File) -> BTreeSet<String> {
    let labels = file.arms.iter().flat_map(|arms| arms.baseline.0.iter().chain(&arms.canary.0));
    let mut referenced = backend::referenced(&file.sources, &file.metrics);
    referenced.extend(hooks::referenced(file));
    referenced.extend(signatures::texts(file).flat_map(|text| names(&text.value)));
    let filled = referenced.into_iter().filter(|name| !values::is_built_in(name)).map(str::to_owned);
    let named = labels.clone().flat_map(|(_, value)| names(&value.value.0)).map(str::to_owned);
    labels.map(|(name, _)| name.value.clone()).chain(filled).chain(named).collect()
}

/// The names that a label's value refers to: `${NAME}`. A value with `$${` is meant as it stands.
fn names(text: &str) -> Vec<&str> {
    let parts = text.split("${").skip(if text.contains("$${") { usize::MAX } else { 1 });
    parts.filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect()
}

/// A label's value with what is set filled in; the name that nothing sets, if there is one.
fn filled(text: &str, set: &[(String, String)]) -> Result<String, String> {
    names(text).into_iter().try_fold(text.to_owned(), |text, name| {
        let value = set.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value);
        value.map(|value| text.replace(&format!("${{{name}}}"), value)).ok_or_else(|| name.to_owned())
    })
}

/// The labels of both arms, with what is set from outside.
pub(super) fn labels(file: &File, options: &Options, report: &mut Report) -> Pair<Vec<(String, String)>> {
    let written = |arm: Arm| match (&file.arms, arm) {
        (Some(arms), Arm::Baseline) => arms.baseline.0.as_slice(),
        (Some(arms), Arm::Canary) => arms.canary.0.as_slice(),
        (None, _) => &[],
    };
    for (name, _) in Arm::BOTH.into_iter().flat_map(written) {
        if values::BUILT_IN.contains(&name.value.as_str()) {
            let hint = "call it something else: `${arm}` and `${metric}` are built in";
            report.add_with(name.place, format!("a label cannot be called `{}`", name.value), hint);
        }
    }
    hooks::check_labels(file, Arm::BOTH.into_iter().flat_map(written).map(|(name, _)| name), report);
    let mut labels = Pair::build(|arm| {
        let label = |(name, value): &(At<String>, At<Text>)| {
            let filled = filled(&value.value.0, options.set).unwrap_or_else(|unset| {
                let problem = format!("the label `{}` refers to `${{{unset}}}`, which is not set", name.value);
                report.add_with(value.place, problem, format!("write `--set {unset}=…`"));
                value.value.0.clone()
            });
            (name.value.clone(), filled)
        };
        written(arm).iter().map(label).collect::<Vec<_>>()
    });
    let settable = settable(file);
    for (name, value) in options.set {
        if !settable.contains(name) {
            let hint = suggestion(name, settable.iter().map(String::as_str))
                .unwrap_or("the configuration uses no names".into());
            report.option("--set", Complaint::new(format!("nothing is called `{name}`")).hint(hint));
        }
        for arm in Arm::BOTH {
            let labels = labels.get_mut(arm);
            match labels.iter_mut().find(|(label, _)| label == name) {
                Some((_, old)) => old.clone_from(value),
                None => labels.push((name.clone(), value.clone())),
            }
        }
    }
    labels
}

/// The names among those that may be set that the configuration itself leaves open.
pub(super) fn open(file: &File) -> BTreeSet<String> {
    let labels = file.arms.iter().flat_map(|arms| arms.baseline.0.iter().chain(&arms.canary.0));
    let labels: BTreeSet<&str> = labels.map(|(name, _)| name.value.as_str()).collect();
    settable(file).into_iter().filter(|name| !labels.contains(name.as_str())).collect()
}
