//! Tables of text cells, and every way of writing them that the mutations use.
//!
//! A mutation changes cells, rows and names; how they are written is another matter. So the same damage is tried in
//! every format, and the text of a file is made last.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value};

/// Rows of cells under names. The first column is the time.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Csv,
    Tsv,
    Semicolon,
    /// One JSON object per line.
    Ndjson,
    /// One JSON array of objects.
    Json,
    /// A row for each time and name.
    Long,
    /// nginx's combined format with `request_time` (seconds) at the end; columns: time (epoch ms), status, seconds.
    Combined,
    /// An AWS load balancer; the same columns.
    Alb,
    /// Lines of a fixture, with the arm beside each.
    Lines,
}

impl Form {
    pub const TABLES: [Form; 6] = [Form::Csv, Form::Tsv, Form::Semicolon, Form::Ndjson, Form::Json, Form::Long];

    pub fn extension(self) -> &'static str {
        match self {
            Form::Csv | Form::Semicolon | Form::Long => "csv",
            Form::Tsv => "tsv",
            Form::Ndjson => "ndjson",
            Form::Json => "json",
            Form::Combined | Form::Alb | Form::Lines => "log",
        }
    }
}

impl Table {
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// Reads a file of a fixture.
    pub fn read(form: Form, text: &str) -> Table {
        if form == Form::Ndjson {
            return Table::read_ndjson(text);
        }
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let columns = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect());
        Table { columns, rows: rows.collect() }
    }

    fn read_ndjson(text: &str) -> Table {
        let objects: Vec<Map<String, Value>> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let columns: Vec<String> = objects[0].keys().cloned().collect();
        let cell = |value: Option<&Value>| match value {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        let rows = objects.iter().map(|object| columns.iter().map(|name| cell(object.get(name))).collect());
        Table { rows: rows.collect(), columns }
    }

    pub fn write(&self, form: Form, gz: bool) -> Vec<u8> {
        let text = match form {
            Form::Csv => self.separated(','),
            Form::Tsv => self.separated('\t'),
            Form::Semicolon => self.separated(';'),
            Form::Ndjson => self.objects().iter().map(|object| format!("{object}\n")).collect(),
            Form::Json => format!("[{}]\n", self.objects().join(",\n")),
            Form::Long => self.long(),
            Form::Lines => self.rows.iter().map(|row| row[0].clone() + "\n").collect(),
            Form::Combined | Form::Alb => self.rows.iter().map(|row| log_line(form, row)).collect(),
        };
        if !gz {
            return text.into_bytes();
        }
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(text.as_bytes()).unwrap();
        packed.finish().unwrap()
    }

    fn separated(&self, by: char) -> String {
        let quoted = |cell: &String| match cell.contains([by, '"', '\n']) {
            true => format!("\"{}\"", cell.replace('"', "\"\"")),
            false => cell.clone(),
        };
        let line = |cells: &Vec<String>| {
            let cells: Vec<String> = cells.iter().map(quoted).collect();
            cells.join(&by.to_string()) + "\n"
        };
        line(&self.columns) + &self.rows.iter().map(line).collect::<String>()
    }

    fn objects(&self) -> Vec<String> {
        let object = |row: &Vec<String>| {
            // by hand, since a damaged table may have one name twice
            let members = self
                .columns
                .iter()
                .zip(row)
                .map(|(name, cell)| format!("{}:{}", Value::from(name.as_str()), json(cell)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        };
        self.rows.iter().map(object).collect()
    }

    /// Time and arm, where there is one, stay beside each name and value.
    fn long(&self) -> String {
        let kept = if self.columns.get(1).is_some_and(|name| name == "arm") { 2 } else { 1 };
        let mut text = format!("{},metric,value\n", self.columns[..kept].join(","));
        for row in &self.rows {
            for (name, cell) in self.columns.iter().zip(row).skip(kept) {
                text.push_str(&format!("{},{name},{cell}\n", row[..kept].join(",")));
            }
        }
        text
    }
}

/// A number as a number, nothing as null, anything else as text.
fn json(cell: &str) -> Value {
    if cell.is_empty() {
        return Value::Null;
    }
    match serde_json::from_str(cell) {
        Ok(number @ Value::Number(_)) => number,
        _ => Value::from(cell),
    }
}

fn log_line(form: Form, row: &[String]) -> String {
    let [time, status, seconds] = [0, 1, 2].map(|i| row.get(i).map_or("", String::as_str));
    let instant = time.parse::<i64>().ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    match (form, instant) {
        (Form::Combined, instant) => {
            let time = instant.map_or(time.to_owned(), |at| at.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string());
            format!("192.0.2.7 - - [{time}] \"GET /cart HTTP/1.1\" {status} 512 \"-\" \"test\" {seconds}\n")
        }
        (_, instant) => {
            let time = instant.map_or(time.to_owned(), |at| at.to_string());
            format!(
                "http {time} app/shop/50dc6c495c0c9188 192.0.2.7:2817 10.0.0.1:80 0.000 {seconds} 0.000 {status} {status} 34 366 \
                 \"GET http://shop.example:80/cart HTTP/1.1\" \"curl/7.46.0\" - - \
                 arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/shop/73e2d6bc24d8a067 \"Root=1-58337262-36d228ad5d99923122bbe354\" \
                 \"-\" \"-\" 0 {time} \"forward\" \"-\" \"-\" \"10.0.0.1:80\" \"{status}\" \"-\" \"-\"\n"
            )
        }
    }
}
