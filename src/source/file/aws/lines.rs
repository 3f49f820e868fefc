//! `--output text` of the AWS command line: a line for each thing, its kind in capitals, its values behind tabs, without names.
//!
//! The values of a datapoint stand in the order of the alphabet. Which statistics they are is certain only where all five are
//! there. `get-metric-data` has one number for each time, and nothing else that a number could be.

use serde_json::{Map, Value};

use crate::source::error::{Error, Place};

type Object = Map<String, Value>;

/// The statistics of CloudWatch, in the order of a text.
const STATISTICS: [&str; 5] = ["Average", "Maximum", "Minimum", "SampleCount", "Sum"];

/// What a text does not say is in the same answer as JSON.
pub(super) fn undecided(problem: &str) -> Error {
    Error::unreadable(problem).hint("Save the answer with `--output json`.")
}

/// The document that a text is of.
pub(super) fn document(text: &str) -> Result<Object, Error> {
    let of_data = text.lines().any(|line| line.starts_with("METRICDATARESULTS\t"));
    let mut document = Object::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.is_empty()) {
        let mut cells = line.split('\t');
        let kind = cells.next().unwrap_or_default();
        let cells: Vec<&str> = cells.collect();
        let read = match (kind, of_data) {
            ("NEXTTOKEN", _) => insert(&mut document, "NextToken", line),
            ("METRICDATARESULTS", true) => begun(&mut document, &cells),
            ("TIMESTAMPS" | "VALUES" | "MESSAGES", true) => of_result(&mut document, kind, &cells),
            ("DATAPOINTS", false) => datapoint(&mut document, &cells),
            ("EXTENDEDSTATISTICS", false) => {
                Err(undecided("does not say which percentiles its numbers are: a text leaves the names out"))
            }
            // what has no kind is a member of the whole: the token of the next page, the label of the datapoints
            _ if cells.is_empty() => insert(&mut document, if of_data { "NextToken" } else { "Label" }, line),
            _ => Err(odd()),
        };
        read.map_err(|error| error.at(Place::line(number)))?;
    }
    Ok(document)
}

fn odd() -> Error {
    undecided("is not a line that davy knows of `--output text`")
}

fn insert(document: &mut Object, name: &str, value: &str) -> Result<(), Error> {
    match document.insert(name.to_owned(), Value::from(value)) {
        // a second page may follow its first
        Some(_) if name != "NextToken" => Err(odd()),
        _ => Ok(()),
    }
}

fn appended(object: &mut Object, name: &str, value: Value) -> Result<(), Error> {
    let list = object.entry(name.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
    list.as_array_mut().ok_or_else(odd).map(|list| list.push(value))
}

fn begun(document: &mut Object, cells: &[&str]) -> Result<(), Error> {
    let [id, label, status] = cells else { return Err(odd()) };
    appended(document, "MetricDataResults", object([("Id", id), ("Label", label), ("StatusCode", status)]))
}

fn of_result(document: &mut Object, kind: &str, cells: &[&str]) -> Result<(), Error> {
    let last = document.get_mut("MetricDataResults").and_then(|all| all.as_array_mut()?.last_mut()?.as_object_mut());
    match (kind, cells, last) {
        ("TIMESTAMPS", [time], Some(result)) => appended(result, "Timestamps", Value::from(*time)),
        ("VALUES", [value], Some(result)) => appended(result, "Values", Value::from(*value)),
        ("MESSAGES", [code, said], result) => {
            let message = object([("Code", code), ("Value", said)]);
            match result {
                // behind a result that is complete, it is one of the next page as a whole
                Some(result) if result.get("StatusCode") != Some(&Value::from("Complete")) => {
                    appended(result, "Messages", message)
                }
                _ => appended(document, "Messages", message),
            }
        }
        _ => Err(odd()),
    }
}

fn object<const N: usize>(members: [(&str, &&str); N]) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), Value::from(*value))).collect())
}

fn datapoint(document: &mut Object, cells: &[&str]) -> Result<(), Error> {
    let (numbers, time, unit) = match cells {
        [numbers @ .., time, unit] if !time.is_empty() && time.parse::<f64>().is_err() => (numbers, time, unit),
        _ => return Err(odd()),
    };
    if numbers.len() != STATISTICS.len() {
        let count = match numbers.len() {
            1 => "its number is".to_owned(),
            0 => return Err(odd()),
            some => format!("its {some} numbers are"),
        };
        return Err(Error::unreadable(format!("does not say which statistic {count}: a text leaves the names out"))
            .hint("Save the answer with `--output json`. A text with all five statistics is read, too."));
    }
    let named = STATISTICS.iter().zip(numbers).chain([(&"Timestamp", time), (&"Unit", unit)]);
    let point =
        named.filter(|(_, value)| !value.is_empty()).map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
    appended(document, "Datapoints", Value::Object(point.collect()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        document(text).unwrap_err().to_string().trim_start_matches([',', ':', ' ']).to_owned()
    }

    #[test]
    fn a_text_is_read_where_it_says_what_its_numbers_are() {
        let five = "Latency\nDATAPOINTS\t120.5\t300.0\t1.0\t10.0\t1205.0\t2026-11-21T10:00:00Z\tMilliseconds\n";
        let read = document(five).unwrap();
        let point = &read["Datapoints"][0];
        let found: Vec<&str> = ["Average", "Maximum", "Minimum", "SampleCount", "Sum", "Timestamp"]
            .map(|name| point[name].as_str().unwrap())
            .into();
        assert_eq!(found, ["120.5", "300.0", "1.0", "10.0", "1205.0", "2026-11-21T10:00:00Z"]);
        assert_eq!(
            refused("Latency\nDATAPOINTS\t120.5\t2026-11-21T10:00:00Z\tMilliseconds\n"),
            "line 2: does not say which statistic its number is: a text leaves the names out. Save the answer with `--output json`. \
             A text with all five statistics is read, too."
        );
        assert!(
            refused("DATAPOINTS\t1\t2\t2026-11-21T10:00:00Z\tNone\n").contains("which statistic its 2 numbers are")
        );
        let percentiles = format!("{five}EXTENDEDSTATISTICS\t200.25\n");
        assert!(
            refused(&percentiles).starts_with("line 3: does not say which percentiles"),
            "{}",
            refused(&percentiles)
        );
        assert!(refused("Latency\nMore\n").starts_with("line 2: is not a line that davy knows"));
        assert!(refused("DATAPOINTS\t1\t2\t3\t4\t5\t6\tNone\n").starts_with("line 1: is not a line that davy knows"));
    }

    #[test]
    fn what_makes_an_answer_of_get_metric_data_incomplete_is_kept() {
        let result = "METRICDATARESULTS\tm1\tLatency\tComplete\nTIMESTAMPS\t2026-11-21T10:00:00Z\nVALUES\t120.0\n";
        let plain = document(result).unwrap();
        assert_eq!((plain.len(), &plain["MetricDataResults"][0]["Values"][0]), (1, &Value::from("120.0")));
        for paged in [format!("abcdef==\n{result}"), format!("{result}NEXTTOKEN\tabcdef==\n")] {
            assert!(document(&paged).unwrap().contains_key("NextToken"), "{paged}");
        }
        let message = "MESSAGES\tMaxMetricsExceeded\tToo many\n";
        for said in [format!("{message}{result}"), format!("{result}{message}{result}")] {
            assert_eq!(document(&said).unwrap()["Messages"][0]["Value"], "Too many", "{said}");
        }
        let partial = document(&format!("{}{message}", result.replace("Complete", "InternalError"))).unwrap();
        assert_eq!(partial["MetricDataResults"][0]["Messages"][0]["Code"], "MaxMetricsExceeded");
        assert!(refused("TIMESTAMPS\t2026-11-21T10:00:00Z\n").contains("line 1"));
        assert!(refused(&format!("{result}VALUES\t1\t2\n")).starts_with("line 4: is not a line"));
        assert!(refused("METRICDATARESULTS\tm1\tComplete\n").starts_with("line 1: is not a line"));
    }
}
