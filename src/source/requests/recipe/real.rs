//! Recipes over files that others wrote, against numbers that other programs count in them. The program is in the comment
//! above each number; `data` is the folder with the files.

use super::super::Value;
use super::super::condition::{Condition, Literal, Relation, Test};
use super::super::split::attributes::Attributes;
use super::super::split::json::Json;
use super::super::split::records::Records;
use super::super::split::spaced::Spaced;
use super::super::split::{Is, Split};
use super::*;

/// The columns that a condition is about.
fn columns(condition: &Condition, found: &mut Vec<String>) {
    match condition {
        Condition::Is(test) => found.push(test.column.clone()),
        Condition::Not(inner) => columns(inner, found),
        Condition::All(inner) | Condition::Any(inner) => inner.iter().for_each(|inner| columns(inner, found)),
    }
}

fn holds(condition: &Condition, cell: &dyn Fn(&str) -> Option<String>) -> bool {
    match condition {
        Condition::Not(inner) => !holds(inner, cell),
        Condition::All(inner) => inner.iter().all(|inner| holds(inner, cell)),
        Condition::Any(inner) => inner.iter().any(|inner| holds(inner, cell)),
        Condition::Is(Test { column, relation, values }) => {
            let Some(text) = cell(column) else { return false };
            match (relation, &values[0]) {
                (Relation::Equal, Literal::Text(value)) => text == *value,
                (Relation::Equal, Literal::Number(value)) => text.parse() == Ok(*value),
                (Relation::AtLeast, Literal::Number(value)) => text.parse().is_ok_and(|number: f64| number >= *value),
                (Relation::Like, Literal::Text(value)) => text.starts_with(value.strip_suffix('*').unwrap()),
                other => panic!("{other:?}"),
            }
        }
    }
}

fn latency_columns(latency: &LatencyFrom) -> Vec<String> {
    match latency {
        LatencyFrom::Column(name, _) | LatencyFrom::Written(name) => vec![name.clone()],
        LatencyFrom::Sum(names, _) => names.clone(),
        LatencyFrom::Between(from, to, _) => vec![from.clone(), to.clone()],
    }
}

fn time_columns(time: &TimeFrom) -> Vec<String> {
    match time {
        TimeFrom::Column(name) | TimeFrom::Formed(name, _) => vec![name.clone()],
        TimeFrom::DateAndTime(date, time) | TimeFrom::LocalDateAndTime(date, time) => vec![date.clone(), time.clone()],
    }
}

/// Separated lines as the `csv` crate reads them.
fn delimited(data: &[u8], by: Option<u8>, names: Names, wanted: &[String]) -> Vec<Vec<Option<String>>> {
    let by = by.unwrap_or_else(|| head::header(data).unwrap().1);
    let mut reader = csv::ReaderBuilder::new().delimiter(by).has_headers(false).flexible(true).from_reader(data);
    let mut rows = reader.records().map(|record| record.unwrap());
    let header: Vec<String> = match names {
        Names::Fixed(names) => names.iter().map(|name| name.to_string()).collect(),
        Names::FirstLine => rows.next().unwrap().iter().map(str::to_string).collect(),
        Names::LineWith(start) => {
            let line = head::lines(data).find_map(|line| line.strip_prefix(start.as_bytes())).unwrap();
            std::str::from_utf8(line).unwrap().split_whitespace().map(str::to_string).collect()
        }
    };
    let places: Vec<Option<usize>> = wanted.iter().map(|name| header.iter().position(|known| known == name)).collect();
    let pick = |row: csv::StringRecord| {
        let cells = places.iter().map(|place| row.get((*place)?).filter(|cell| !cell.is_empty()).map(str::to_string));
        cells.collect()
    };
    rows.filter(|row| !row[0].starts_with('#')).map(pick).collect()
}

fn rows(recipe: &Recipe, data: &[u8], wanted: &[String]) -> Vec<Vec<Option<String>>> {
    let split: Box<dyn Split> = match &recipe.lines {
        Lines::Delimited { by, names } => return delimited(data, *by, *names, wanted),
        Lines::Spaced { names } => Box::new(Spaced::new(names, wanted).ok().unwrap()),
        Lines::Attributes { elements, indent } => Box::new(Attributes::new(elements, *indent, wanted)),
        Lines::Records { kind, by, names } => Box::new(Records::new(kind, *by, names, wanted).ok().unwrap()),
        Lines::Laid(_) => panic!("no file here has a layout"),
        Lines::Access(access) => Box::new(Spaced::access(access, wanted).ok().unwrap()),
        Lines::Json => Box::new(Json::new(wanted)),
        Lines::JsonWithin { within } => Box::new(Json::within(wanted, within)),
    };
    let mut fields = vec![Value::Missing; wanted.len()];
    let text = |value: &Value| match value {
        Value::Text(text) => Some(String::from_utf8(text.to_vec()).unwrap()),
        Value::Unescaped(text) => Some(String::from_utf8(text.to_vec()).unwrap()),
        other => (*other != Value::Missing).then(|| panic!("{other:?}")),
    };
    let mut rows = Vec::new();
    for line in head::lines(data) {
        if split.split(line, &mut fields).unwrap() == Is::Row {
            rows.push(fields.iter().map(text).collect());
        }
    }
    rows
}

/// Requests, errors, and the sum of their latencies in the format's unit, in thousandths.
pub(super) fn counted(data: &[u8], format: Format) -> (usize, usize, i64) {
    let recipe = of(format, &data[..data.len().min(4096)]).unwrap();
    let latency = &recipe.latency[0];
    let mut wanted = latency_columns(latency);
    recipe.time.iter().for_each(|time| wanted.extend(time_columns(time)));
    wanted.extend(recipe.ends.iter().map(|(name, _)| name.clone()));
    recipe.error.iter().chain(&recipe.only).for_each(|condition| columns(condition, &mut wanted));
    let (mut requests, mut errors, mut sum) = (0, 0, 0);
    for row in rows(&recipe, data, &wanted) {
        let cell = |name: &str| row[wanted.iter().position(|known| known == name).unwrap()].clone();
        if recipe.only.as_ref().is_some_and(|only| !holds(only, &cell)) {
            continue;
        }
        let timed = recipe.time.iter().any(|time| time_columns(time).iter().all(|name| cell(name).is_some()));
        assert!(timed, "{row:?}");
        let number = |name: &String| cell(name).unwrap().parse::<f64>().unwrap();
        let took = match latency {
            LatencyFrom::Between(from, to, _) => number(to) - number(from),
            other => {
                let numbers: Vec<f64> = latency_columns(other).iter().map(number).collect();
                if numbers.contains(&-1.0) { 0.0 } else { numbers.iter().sum() }
            }
        };
        let failed = match &recipe.error {
            Some(error) => holds(error, &cell),
            None => {
                let (name, means) = &recipe.ends[0];
                let cell = cell(name).unwrap();
                if *means == Means::Success { cell == "false" } else { cell.parse::<u16>().unwrap() >= 500 }
            }
        };
        (requests, errors, sum) = (requests + 1, errors + usize::from(failed), sum + (took * 1000.0).round() as i64);
    }
    (requests, errors, sum)
}

#[cfg(test)]
mod files {
    use std::io::Read;
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::series::{SignedDuration, Timestamp};
    use crate::source::Outside;
    use crate::source::file::compression;
    use crate::source::requests::{Arms, Columns, Counted, Requests, Slice, Valued, When, read};

    fn shared(folder: &str) -> Option<PathBuf> {
        let root = std::env::var_os("DAVY_SHARED")
            .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
        let path = root.join("data").join(folder);
        if path.is_dir() {
            return Some(path);
        }
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is absent", path.display());
        println!("skipped: {} is absent", path.display());
        None
    }

    fn content(path: &Path) -> Vec<u8> {
        let bytes = std::fs::read(path).unwrap();
        let mut text = Vec::new();
        if bytes.starts_with(&[0, 0, 0]) {
            compression::unpacked(&bytes[..]).unwrap().read_to_end(&mut text).unwrap();
            return text;
        }
        if path.extension().is_none_or(|ending| ending != "gz") {
            return bytes;
        }
        let mut plain = Vec::new();
        flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut plain).unwrap();
        plain
    }

    /// What is in a file whose format shows.
    fn file(path: &Path, format: Format) -> (usize, usize, i64) {
        let data = content(path);
        let head = &data[..data.len().min(4096)];
        assert_eq!(detect(&path.to_string_lossy(), head), Some(format), "{}", path.display());
        let found = counted(&data, format);
        assert_eq!(passed(path), (found.0, found.1), "{}", path.display());
        found
    }

    /// Requests and errors, as a whole pass over the file counts them.
    fn passed(path: &Path) -> (usize, usize) {
        let log = Requests {
            inputs: vec![path.to_path_buf()],
            shown: path.display().to_string(),
            format: Format::Auto,
            columns: Columns::default(),
            arms: Arms::All("canary".into()),
            filter: None,
            layout: None,
            max_bad: 0.0,
            table: None,
        };
        let counted = vec![("requests".to_string(), Counted::Requests), ("errors".to_string(), Counted::Errors)];
        let slice = Slice { filter: None, by: None, split: Vec::new(), counted, valued: Some(Valued::Latency) };
        let when = When {
            windows: Vec::new(),
            origin: Timestamp::UNIX_EPOCH,
            step: SignedDuration::from_hours(1),
            coarsen: false,
        };
        let taken = read(&log, &[slice], &when, &Outside::quiet(Timestamp::UNIX_EPOCH)).unwrap();
        let cells = taken.slices[0].values().flat_map(|steps| steps.values());
        cells.fold((0, 0), |sum, cell| (sum.0 + cell.counts[0] as usize, sum.1 + cell.counts[1] as usize))
    }

    #[test]
    fn load_balancers_and_cloudfront() {
        let Some(root) = shared("access-logs") else { return };
        let alb = std::fs::read_dir(root.join("alb")).unwrap().map(|entry| entry.unwrap().path());
        let alb = alb.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "gz")).unwrap();
        // zcat data/access-logs/alb/*.gz | awk '{n++; s+=$6+$7+$8; if($9>=500)e++} END{print n,e+0,s}'
        assert_eq!(file(&alb, Format::Alb), (44, 0, 48));
        // awk -F'\t' '!/^#/{n++; s+=$19; if($9>=500)e++} END{print n,e+0,s}' data/access-logs/cloudfront/web-1-0*.txt
        assert_eq!(file(&root.join("cloudfront/web-1-0.txt"), Format::W3c), (2, 0, 3));
        assert_eq!(file(&root.join("cloudfront/web-1-0-2019-12.txt"), Format::W3c), (3, 0, 2));
        // awk -F'\t' '!/^#/{n++; s+=$14} END{print n,s}' data/access-logs/cloudfront/kinesis-1-0.txt
        assert_eq!(file(&root.join("cloudfront/kinesis-1-0.txt"), Format::W3c), (1, 0, 42));
    }

    #[test]
    fn jmeter_as_xml_and_as_csv_in_its_dialects() {
        let Some(root) = shared("load-test-results") else { return };
        // grep -o '<httpSample [^>]*' FILE | awk '{match($0,/ t="[0-9]+"/); s+=substr($0,RSTART+4,RLENGTH-5); n++;
        // if(/ s="false"/)e++} END{print n,e+0,s}'
        let xml = |name: &str| file(&root.join("jmeter").join(name), Format::Jtl);
        assert_eq!(xml("sample_log1.jtl"), (10_000, 0, 5_590_077_000));
        assert_eq!(xml("sample_log1c.jtl"), (2_000, 0, 360_620_000));
        assert_eq!(xml("sample_log2.jtl"), (10_000, 1, 5_610_892_000));
        // python3: rows of csv.DictReader(open(FILE), delimiter=D) whose responseMessage does not start with
        // 'Number of samples in transaction': len, success == 'false', sum(int(elapsed))
        assert_eq!(xml("HTMLReportTestFile.csv"), (255, 3, 60_046_000));
        let csv = |name: &str| file(&root.join("taurus/jmeter/jtl").join(name), Format::Jtl);
        assert_eq!(csv("doublequoting.jtl"), (2, 2, 4_596_000));
        assert_eq!(csv("slow-stdev.jtl"), (599, 63, 481_836_000));
        assert_eq!(csv("tabs.jtl"), (4, 0, 1_825_000));
        assert_eq!(csv("unicode.jtl"), (13, 13, 7_485_000));
        assert_eq!(csv("tranctl.jtl"), (0, 0, 0));
    }

    #[test]
    fn gatling_and_k6() {
        let Some(root) = shared("load-test-results/taurus") else { return };
        // awk -F'\t' '$1=="REQUEST"{n++; s+=$5-$4; if($6=="KO")e++} END{print n,e+0,s}' FILE
        let gatling = |name: &str| file(&root.join("gatling").join(name).join("simulation.log"), Format::Gatling);
        assert_eq!(gatling("gatling-3-000"), (243, 0, 15_923_000));
        assert_eq!(gatling("gatling-4-000"), (644, 2, 145_174_000));
        // a binary log of 3.14.3, counted by an independent reader
        assert_eq!(gatling("gatling-6-314"), (39, 0, 9_126_000));
        // awk -F, '$1=="http_req_duration"{n++; s+=$3; if($7=="false")e++} END{printf "%d %d %.6f\n",n,e,s}' k6_kpi.csv
        assert_eq!(file(&root.join("k6/k6_kpi.csv"), Format::K6), (4, 2, 483_623));
    }

    #[test]
    fn nothing_else_is_taken_for_requests() {
        let Some(root) = shared("") else { return };
        let mut folders = vec![root.clone()];
        let (mut seen, mut wrong) = (0, Vec::new());
        while let Some(folder) = folders.pop() {
            for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let data = content(&path);
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
                let found = detect(&name, &data[..data.len().min(4096)]);
                let expected = match name.as_str() {
                    name if name.ends_with(".hlog") => Some(Format::Hlog),
                    name if name.starts_with("hdrhistogram/percentiles") => Some(Format::Percentiles),
                    name if name.starts_with("load-test-results/wrk2/file") => Some(Format::Percentiles),
                    // an empty one, and one that is a table of results inside an element of its own
                    name if name.ends_with("emptyfile.jtl") || name.contains("JENKINS-16627") => None,
                    name if name.contains("jenkins-performance-plugin/JMeter") => Some(Format::Jtl),
                    name if name.contains("perfkit/wrk2_output") => Some(Format::Percentiles),
                    name if name.contains("lnav/logfile_w3c.5") => None,
                    name if name.contains("lnav/logfile_w3c") || name.ends_with("beats/iis.log") => Some(Format::W3c),
                    name if name.contains("lnav/logfile_caddy") || name.ends_with("json_access.log") => {
                        Some(Format::Ndjson)
                    }
                    name if name.ends_with("molotov-report.csv") => Some(Format::Ndjson),
                    name if name.contains("access_log.0") || name.ends_with("combined_access.log") => {
                        Some(Format::Combined)
                    }
                    name if name.ends_with("beats/nginx.log") || name.ends_with("beats/traefik.log") => {
                        Some(Format::Combined)
                    }
                    name if name.ends_with(".jtl") || name.ends_with("HTMLReportTestFile.csv") => Some(Format::Jtl),
                    name if name.ends_with("simulation.log") => Some(Format::Gatling),
                    name if name.ends_with("k6_kpi.csv") => Some(Format::K6),
                    name if name.starts_with("access-logs/alb/1") => Some(Format::Alb),
                    name if name.ends_with("otel-contrib/clb.log") => Some(Format::Clb),
                    name if name.ends_with("envoy/default-format.log") => Some(Format::Envoy),
                    name if name.ends_with("ab/ab.tsv") => Some(Format::Tsv),
                    name if name.starts_with("access-logs/cloudfront/") && name.ends_with(".txt") => Some(Format::W3c),
                    _ => None,
                };
                if found != expected {
                    wrong.push(format!("{name}: {found:?}, not {expected:?}"));
                }
                seen += 1;
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(seen > 100, "the files are gone");
    }
}
