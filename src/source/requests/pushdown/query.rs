//! The whole query: rows, what each of them is, the cells that they fall into, and how many there are of each.

use std::collections::BTreeSet;

use super::value::Columns;
use super::{Refused, Table, condition, flag, log_mark};
use crate::source::requests::{Arms, Condition, Counted, Requests, Slice, Valued};

/// What is asked of the log by all slices together.
struct Asked<'a> {
    groups: Vec<&'a str>,
    conditions: Vec<&'a Condition>,
    errors: bool,
    latency: bool,
}

/// The query with comments before it, which say what a person should know of it.
///
/// # Errors
///
/// What SQL, or this dialect of it, cannot say.
pub fn explained(log: &Requests, slices: &[Slice], table: &Table) -> Result<String, Refused> {
    Ok(head(log, &gather(slices)?, table) + &query(log, slices, table)?)
}

/// The query that counts a log for these slices, whose answer is read as the format `buckets`.
///
/// # Errors
///
/// What SQL, or this dialect of it, cannot say.
pub fn query(log: &Requests, slices: &[Slice], table: &Table) -> Result<String, Refused> {
    let asked = gather(slices)?;
    let mut all: Vec<&Condition> = asked.conditions.clone();
    all.extend(log.filter.iter().chain(&log.columns.error));
    if let Arms::When(arms) = &log.arms {
        all.extend(arms.iter().map(|(_, when)| when));
    }
    let columns = Columns::of(table, &all);
    let names: Vec<String> = (1..=asked.groups.len()).map(|at| format!("davy_group_{at}")).collect();
    let flags: Vec<String> = (1..=asked.conditions.len()).map(|at| format!("davy_if_{at}")).collect();
    let mut keys = vec!["davy_step".to_owned(), "davy_arm".to_owned()];
    keys.extend(names.iter().chain(&flags).cloned());
    keys.extend(asked.latency.then(|| "davy_cell".to_owned()));
    Ok(format!(
        "WITH davy_rows AS (\n  SELECT\n    {}\n  FROM {}\n  WHERE {}\n),\ndavy_known AS (\n  SELECT *, {} AS davy_is_read\n  FROM davy_rows\n),\n\
         davy_read AS (\n  SELECT\n    {}\n  FROM davy_known\n),\n\
         davy_cells AS (\n  SELECT\n    {},\n    {} AS davy_requests,\n    {} AS davy_errors,\n    {} AS davy_unread\n  \
         FROM davy_read\n  GROUP BY {}\n)\nSELECT\n  {}\nFROM davy_cells\n",
        rows(log, &asked, table, &columns)?.join(",\n    "),
        table.dialect.table(&table.name)?,
        chosen(log, table, &columns)?.join("\n    AND "),
        is_read(log),
        read(&asked, table, &columns).join(",\n    "),
        keys.join(", "),
        table.dialect.sum("davy_is_read"),
        table.dialect.sum("davy_is_error"),
        table.dialect.sum(if asked.latency { "1 - davy_is_read + davy_is_wrong" } else { "1 - davy_is_read" }),
        keys.join(", "),
        answer(log, &asked, table)?.join(",\n  "),
    ))
}

fn gather(slices: &[Slice]) -> Result<Asked<'_>, Refused> {
    let mut asked = Asked { groups: Vec::new(), conditions: Vec::new(), errors: false, latency: false };
    let mut known = BTreeSet::new();
    for slice in slices {
        let groups = slice.by.iter().map(|by| &by.column).chain(&slice.split);
        for group in groups.filter(|group| known.insert((*group).clone())) {
            let mut letters = group.chars();
            if !letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
                || !letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
            {
                let problem = format!("no dialect has an answer with a column `by_{group}`");
                let hint = "read the log from a view that gives the column a name of letters, digits and `_`";
                return Err(Refused::new(problem, hint).about(group));
            }
            asked.groups.push(group);
        }
        let counted = slice.counted.iter().filter_map(|(_, counted)| match counted {
            Counted::When(condition) => Some(condition),
            _ => None,
        });
        for condition in slice.filter.iter().chain(counted).filter(|condition| known.insert(flag(condition))) {
            asked.conditions.push(condition);
        }
        asked.errors |= slice.counted.iter().any(|(_, counted)| *counted == Counted::Errors);
        match &slice.valued {
            Some(Valued::Column(column)) => {
                let problem = format!("the answer has one histogram, of the latency, and none of {column:?}");
                let hint =
                    "write `value: latency`, and name the column in the source's `latency`, of a source of its own";
                return Err(Refused::new(problem, hint).about(column));
            }
            Some(Valued::Latency | Valued::LatencyIfKnown) => asked.latency = true,
            None => {}
        }
    }
    Ok(asked)
}

/// What a person should know of the query.
fn head(log: &Requests, asked: &Asked, table: &Table) -> String {
    let seconds = table.step.as_secs();
    let plain = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    let mut lines = vec![
        format!(
            "davy sketch --sql {}: requests of {} per step, arm and cell",
            table.dialect.word(),
            plain(&table.name)
        ),
        format!("steps of {seconds} seconds (--step), latencies to {} significant digits (--digits)", table.digits),
    ];
    if table.from.is_none() || table.to.is_none() {
        lines.push("all rows of the table count: --from and --to choose a window".to_owned());
    }
    if log.filter.is_some() {
        lines.push("rows that the source's `where` leaves out are not counted".to_owned());
    }
    for condition in &asked.conditions {
        lines.push(format!("{} is 1 where {}", flag(condition), plain(&condition.to_string())));
    }
    lines.iter().map(|line| format!("-- {}\n", line.replace("${", "$ {"))).collect()
}

/// What is known of each row.
fn rows(log: &Requests, asked: &Asked, table: &Table, columns: &Columns) -> Result<Vec<String>, Refused> {
    let dialect = table.dialect;
    let Some(time) = &log.columns.time else {
        return Err(Refused::new("nothing says which column has the time", "write `time: COLUMN` in the source"));
    };
    let mut all = vec![format!("{} AS davy_seconds", dialect.seconds(&columns.name(time)?, table.time))];
    all.push(format!("{} AS davy_arm", arm(log, columns)?));
    for (at, group) in asked.groups.iter().enumerate() {
        let text = columns.text(group)?;
        all.push(format!("CASE WHEN {text} IS NULL THEN '' ELSE {text} END AS davy_value_{}", at + 1));
    }
    for (at, one) in asked.conditions.iter().enumerate() {
        all.push(format!("CASE WHEN {} THEN 1 ELSE 0 END AS davy_holds_{}", condition::holds(columns, one)?, at + 1));
    }
    let ended = match (&log.columns.error, &log.columns.status) {
        (Some(error), _) => format!("CASE WHEN {} THEN 2 ELSE 0 END", condition::holds(columns, error)?),
        (None, Some(status)) => columns.ended(status)?,
        (None, None) if asked.errors => {
            let hint = "write `status: COLUMN` or `error: \"…\"` in the source";
            return Err(Refused::new("nothing says which requests are errors", hint));
        }
        (None, None) => "0".to_owned(),
    };
    all.push(format!("{ended} AS davy_ended"));
    if asked.latency {
        let hint = "write `latency: { column: …, unit: ms }` in the source";
        let none = || Refused::new("nothing says which column has the latency", hint);
        let latency = log.columns.latency.as_ref().ok_or_else(none)?;
        all.push(format!("{} AS davy_ns", columns.nanoseconds(latency)?));
        all.push(format!("CASE WHEN {} THEN 1 ELSE 0 END AS davy_wrong", columns.is_wrong(&latency.column)?));
    }
    Ok(all)
}

/// Whose request a row is; null where the row does not say it.
fn arm(log: &Requests, columns: &Columns) -> Result<String, Refused> {
    let dialect = columns.dialect;
    match &log.arms {
        Arms::All(_) => {
            let hint = "name the column that tells the arms apart: `arm: { column: version, baseline: \"41\", canary: \"42\" }`";
            Err(Refused::new("each arm has files of its own, and a table is one", hint))
        }
        Arms::Column(column) => {
            let name = dialect.trimmed(&columns.text(column.as_deref().unwrap_or("arm"))?);
            Ok(format!("CASE WHEN {name} IN ('', '-') THEN NULL ELSE {name} END"))
        }
        Arms::When(arms) => {
            let when = |(name, when): &(String, Condition)| {
                Ok(format!(" WHEN {} THEN {}", condition::holds(columns, when)?, dialect.literal(name)?))
            };
            Ok(format!("CASE{} END", arms.iter().map(when).collect::<Result<String, Refused>>()?))
        }
    }
}

/// The conditions of which a row meets all that counts.
fn chosen(log: &Requests, table: &Table, columns: &Columns) -> Result<Vec<String>, Refused> {
    let mut all = vec!["1 = 1".to_owned()];
    if let Some(filter) = &log.filter {
        all.push(condition::holds(columns, filter)?);
    }
    let time = columns.name(log.columns.time.as_deref().unwrap_or_default())?;
    let mut range = Vec::new();
    for (edge, sign) in [(&table.from, ">="), (&table.to, "<")] {
        if let Some(edge) = edge {
            range.push(format!("{time} {sign} {}", table.dialect.edge(edge, table.time)?));
        }
    }
    if !range.is_empty() {
        // a row without a time may be one of these: it is counted as one that cannot be read
        all.push(format!("({} OR {time} IS NULL)", range.join(" AND ")));
    }
    Ok(all)
}

/// Whether a row can be read: 1 or 0.
fn is_read(log: &Requests) -> String {
    let armed = if matches!(log.arms, Arms::Column(_)) { " AND davy_arm IS NOT NULL" } else { "" };
    format!(
        "CASE WHEN davy_seconds IS NOT NULL AND davy_seconds >= 0 AND davy_ended IS NOT NULL{armed} THEN 1 ELSE 0 END"
    )
}

/// The step and the cell of each row that can be read; of others, that they cannot.
fn read(asked: &Asked, table: &Table, columns: &Columns) -> Vec<String> {
    let only_read = |from: &str, to: &str| format!("CASE WHEN davy_is_read = 1 THEN {from} END AS {to}");
    let step = table.dialect.multiple("davy_seconds", table.step.as_secs());
    let mut all = vec![only_read(&step, "davy_step"), "davy_arm".to_owned()];
    all.extend((1..=asked.groups.len()).map(|at| only_read(&format!("davy_value_{at}"), &format!("davy_group_{at}"))));
    all.extend((1..=asked.conditions.len()).map(|at| only_read(&format!("davy_holds_{at}"), &format!("davy_if_{at}"))));
    if asked.latency {
        let cell = columns.cell("davy_ns", table.digits);
        all.push(format!(
            "CASE WHEN davy_is_read = 1 AND davy_ns IS NOT NULL THEN\n      {cell}\n    END AS davy_cell"
        ));
        all.push("CASE WHEN davy_is_read = 1 AND davy_wrong = 1 THEN 1 ELSE 0 END AS davy_is_wrong".to_owned());
    }
    all.push("davy_is_read".to_owned());
    all.push("CASE WHEN davy_is_read = 1 AND davy_ended = 2 THEN 1 ELSE 0 END AS davy_is_error".to_owned());
    all
}

/// The columns of the answer, by names that say how it was counted.
fn answer(log: &Requests, asked: &Asked, table: &Table) -> Result<Vec<String>, Refused> {
    let dialect = table.dialect;
    let mut all = vec![("davy_step".to_owned(), format!("step_{}s", table.step.as_secs()))];
    all.push(("davy_arm".to_owned(), "arm".to_owned()));
    let groups = asked.groups.iter().enumerate();
    all.extend(groups.map(|(at, group)| (format!("davy_group_{}", at + 1), format!("by_{group}"))));
    let flags = asked.conditions.iter().enumerate();
    all.extend(flags.map(|(at, condition)| (format!("davy_if_{}", at + 1), flag(condition))));
    all.extend(asked.latency.then(|| ("davy_cell".to_owned(), format!("bucket_{}", table.digits))));
    // where nothing says which requests are errors, none of them is known to be one, and no zero says otherwise
    let errors = log.columns.error.is_some() || log.columns.status.is_some();
    let counts = ["requests"].into_iter().chain(errors.then_some("errors")).chain(["unread"]);
    all.extend(counts.map(|name| (format!("davy_{name}"), name.to_owned())));
    all.push((dialect.sum_of_all("davy_requests + davy_unread"), format!("total_{}", log_mark(log))));
    let named = |(from, to): (String, String)| Ok(format!("{from} AS {}", dialect.name(&to)?));
    all.into_iter().map(named).collect()
}
