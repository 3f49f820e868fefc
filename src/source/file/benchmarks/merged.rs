//! The results of one arm, of one file or of several, as a table: a column for each quantity of a benchmark.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::super::rewritten::numbered_day;
use super::super::table::{Column, Keep, Table};
use super::results::{Results, Unit};
use crate::series::Remark;
use crate::source::error::{Error, quoted};

/// So many runs are the fewest that can pass.
const ENOUGH: usize = 5;

/// The table of the results of one arm, each with its file.
///
/// # Errors
///
/// Unreadable when a column is too large to be held.
pub(in super::super) fn table(all: &[(PathBuf, Results)], keep: Keep) -> Result<Table, Error> {
    // of each quantity the runs of each file that has it, in the order in which they appear
    type Quantity<'a> = ((&'a str, Unit), Vec<&'a [Vec<f64>]>);
    let mut quantities: Vec<Quantity> = Vec::new();
    for one in all.iter().flat_map(|(_, results)| &results.all) {
        let key = (one.name.as_str(), one.unit);
        match quantities.iter_mut().find(|(known, _)| *known == key) {
            Some((_, files)) => files.push(&one.runs),
            None => quantities.push((key, vec![&one.runs])),
        }
    }
    let trouble = |(path, results): &(PathBuf, Results)| -> Vec<Remark> {
        let told = |what: &String| Remark::incomplete(format!("{}: {what}, so nothing passes", path.display()));
        results.trouble.iter().map(told).collect()
    };
    let trouble: Vec<Remark> = all.iter().flat_map(trouble).collect();
    let most = quantities.iter().map(|(_, files)| files.len()).max().unwrap_or(0);
    let (mut table, mut known) = (Table::new("sample"), BTreeMap::<String, Vec<Remark>>::new());
    table.columns.push(Column::new("time", keep));
    let mut columns = Vec::new();
    for ((name, unit), files) in &quantities {
        let numbers = numbers(files);
        let column = format!("{name}{}", unit.suffix());
        let remarks = known.entry(column.clone()).or_default();
        remarks.extend(numbers.is_of_one_run.then(|| of_one_run(&column)));
        if files.len() < most {
            let (name, some) = (quoted(&column), files.len());
            remarks.push(Remark::incomplete(format!("only {some} of {most} runs have {name}, so nothing passes")));
        }
        remarks.extend(trouble.iter().cloned());
        let alias = (*unit == Unit::Time).then(|| (*name).to_owned());
        let kept = |column: &str| keep(column) || alias.as_deref().is_some_and(keep);
        let mut own = Column::new(&column, &kept);
        own.alias.clone_from(&alias);
        table.columns.push(own);
        columns.push(numbers.all);
    }
    let written: Vec<u8> = columns.iter().flatten().flat_map(|number| number.to_le_bytes()).collect();
    let begins = numbered_day([written.as_slice()]);
    for row in 0..columns.iter().map(Vec::len).max().unwrap_or(0) {
        let time = (0, (begins + row as u64).to_string());
        let cell = |(at, numbers): (usize, &Vec<f64>)| (at + 1, numbers.get(row).map_or(String::new(), f64::to_string));
        let cells: Vec<(usize, String)> = std::iter::once(time).chain(columns.iter().enumerate().map(cell)).collect();
        table.push(row as u64 + 1, cells.iter().map(|(at, cell)| (*at, cell.as_str())))?;
    }
    table.benchmarks = Some(known);
    Ok(table.finish())
}

struct Numbers {
    all: Vec<f64>,
    is_of_one_run: bool,
}

/// One number of each run; of a single run its samples.
fn numbers(files: &[&[Vec<f64>]]) -> Numbers {
    let mean = |samples: &[f64]| samples.iter().sum::<f64>() / samples.len() as f64;
    let forks = |forks: &[Vec<f64>]| -> Vec<f64> {
        forks.iter().filter(|samples| !samples.is_empty()).map(|samples| mean(samples)).collect()
    };
    match files {
        [one] if forks(one).len() == 1 => Numbers { all: one.iter().flatten().copied().collect(), is_of_one_run: true },
        [one] => Numbers { all: forks(one), is_of_one_run: false },
        several => Numbers { all: several.iter().map(|one| mean(&forks(one))).collect(), is_of_one_run: false },
    }
}

fn of_one_run(column: &str) -> Remark {
    Remark::incomplete(format!(
        "{} comes from a single run. How much runs differ is unknown, so nothing passes. Give {ENOUGH} runs and more of each arm, as a \
         folder or a pattern of results",
        quoted(column)
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(runs: &[&[f64]]) -> Results {
        let mut results = Results::default();
        for (at, samples) in runs.iter().enumerate() {
            results.time("x", at, samples.iter().copied());
        }
        results
    }

    fn numbers_of(files: &[&[&[f64]]]) -> (Vec<String>, usize) {
        let all: Vec<(PathBuf, Results)> =
            files.iter().enumerate().map(|(at, runs)| (PathBuf::from(at.to_string()), of(runs))).collect();
        let table = table(&all, &|_| true).unwrap();
        let told = table.benchmarks.as_ref().unwrap()["x (ms)"].len();
        (table.columns[1].cells().map(str::to_owned).collect(), told)
    }

    #[test]
    fn a_run_among_several_is_one_number() {
        assert_eq!(numbers_of(&[&[&[1.0, 2.0, 3.0]]]), (vec!["1".into(), "2".into(), "3".into()], 1));
        assert_eq!(numbers_of(&[&[&[1.0, 3.0], &[4.0]]]), (vec!["2".into(), "4".into()], 0));
        assert_eq!(numbers_of(&[&[&[1.0, 3.0], &[4.0]], &[&[8.0]]]), (vec!["3".into(), "8".into()], 0));
    }
}
