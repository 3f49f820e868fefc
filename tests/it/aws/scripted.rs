//! A server on loopback that answers as a script says: what no AWS-compatible server can be made to do.
//!
//! A script is a file of `fixtures/wire/aws`, written from the public documentation of the API:
//!
//! ```json
//! { "about": "what it shows",
//!   "answers": { "GetMetricData": [ { "status": 200, "body": {…} }, … ], "StartQuery": [ … ] } }
//! ```
//!
//! Answers of an operation are given in their order, the last one for ever after. Beside `status` and `body` an answer may
//! have `raw` (a body that is not what it should be), `cut` (send so many bytes of the body and close), `reset` (close
//! without an answer) and `delay_ms`. CloudWatch speaks CBOR and the logs speak JSON; scripts are JSON, where instants are
//! seconds.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ciborium::value::Value as Cbor;
use serde_json::{Map, Value, json};

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Asked {
    pub operation: String,
    pub body: Value,
    /// The access key that the request was signed with.
    pub key: Option<String>,
}

/// A running server; it ends with the test's process.
pub struct Scripted {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Scripted {
    /// Plays `fixtures/wire/aws/NAME.json`.
    pub fn play(name: &str) -> Scripted {
        let path = format!("{}/fixtures/wire/aws/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let script: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        Scripted::answering(&script["answers"])
    }

    /// Plays the answers given, by operation.
    pub fn answering(answers: &Value) -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let answers: BTreeMap<String, Vec<Value>> = serde_json::from_value(answers.clone()).unwrap();
        let (log, answers) = (asked.clone(), Arc::new(Mutex::new(answers)));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answers) = (log.clone(), answers.clone());
                std::thread::spawn(move || serve(stream, &log, &answers));
            }
        });
        Scripted { url, asked }
    }

    /// What was asked so far, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// How often an operation was asked for.
    pub fn calls(&self, operation: &str) -> usize {
        self.asked().iter().filter(|asked| asked.operation == operation).count()
    }
}

fn serve(mut stream: TcpStream, log: &Mutex<Vec<Asked>>, answers: &Mutex<BTreeMap<String, Vec<Value>>>) {
    let Some((asked, cbor)) = read(&stream) else { return };
    let operation = asked.operation.clone();
    log.lock().unwrap().push(asked);
    let answer = {
        let mut answers = answers.lock().unwrap();
        match answers.get_mut(&operation) {
            Some(list) if list.len() > 1 => list.remove(0),
            Some(list) if list.len() == 1 => list[0].clone(),
            _ => json!({ "status": 400, "body": { "__type": "UnknownOperationException", "message": operation } }),
        }
    };
    if let Some(delay) = answer["delay_ms"].as_u64() {
        std::thread::sleep(Duration::from_millis(delay));
    }
    if answer["reset"] == json!(true) {
        return;
    }
    let bytes = match (answer["raw"].as_str(), cbor) {
        (Some(raw), _) => raw.as_bytes().to_vec(),
        (None, true) => {
            let mut bytes = Vec::new();
            ciborium::into_writer(&to_cbor(&answer["body"], ""), &mut bytes).unwrap();
            bytes
        }
        (None, false) => serde_json::to_vec(&answer["body"]).unwrap(),
    };
    let kind = if cbor { "application/cbor\r\nsmithy-protocol: rpc-v2-cbor" } else { "application/x-amz-json-1.1" };
    let status = answer["status"].as_u64().unwrap_or(200);
    let head = format!(
        "HTTP/1.1 {status} Scripted\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        bytes.len()
    );
    let cut = answer["cut"].as_u64().map_or(bytes.len(), |cut| bytes.len().min(cut as usize));
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&bytes[..cut]));
}

/// The request and whether it speaks CBOR. One without an operation in its head is of STS, and its text.
fn read(stream: &TcpStream) -> Option<(Asked, bool)> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length: usize = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let cbor = headers.get("smithy-protocol").is_some_and(|protocol| protocol == "rpc-v2-cbor");
    let operation = match headers.get("x-amz-target") {
        Some(target) => target.rsplit('.').next()?.to_owned(),
        None => path.rsplit('/').next()?.to_owned(),
    };
    let body = match cbor {
        true if body.is_empty() => Value::Null,
        true => to_json(&ciborium::from_reader::<Cbor, _>(body.as_slice()).ok()?),
        false => serde_json::from_slice(&body).unwrap_or(Value::String(String::from_utf8_lossy(&body).into_owned())),
    };
    let signature = headers.get("authorization").and_then(|text| text.split("Credential=").nth(1));
    let key = signature.and_then(|text| text.split('/').next()).map(str::to_owned);
    Some((Asked { operation, body, key }, cbor))
}

fn to_json(value: &Cbor) -> Value {
    match value {
        Cbor::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| (key.as_text().unwrap_or("?").to_owned(), to_json(value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
        Cbor::Array(items) => Value::Array(items.iter().map(to_json).collect()),
        Cbor::Text(text) => Value::String(text.clone()),
        Cbor::Bool(bool) => Value::Bool(*bool),
        Cbor::Integer(number) => json!(i64::try_from(i128::from(*number)).unwrap()),
        Cbor::Float(number) => json!(number),
        Cbor::Tag(_, inner) => to_json(inner),
        _ => Value::Null,
    }
}

/// Members that hold instants, which CBOR tags.
fn is_time(key: &str) -> bool {
    key.ends_with("Timestamp") || key == "Timestamps" || key == "Timestamp"
}

fn to_cbor(value: &Value, key: &str) -> Cbor {
    match value {
        Value::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| (Cbor::Text(key.clone()), to_cbor(value, key)));
            Cbor::Map(entries.collect())
        }
        Value::Array(items) => Cbor::Array(items.iter().map(|item| to_cbor(item, key)).collect()),
        Value::String(text) => Cbor::Text(text.clone()),
        Value::Bool(bool) => Cbor::Bool(*bool),
        Value::Number(number) if is_time(key) => Cbor::Tag(1, Box::new(Cbor::Float(number.as_f64().unwrap()))),
        Value::Number(number) if number.is_i64() && key != "Values" => Cbor::Integer(number.as_i64().unwrap().into()),
        Value::Number(number) => Cbor::Float(number.as_f64().unwrap()),
        Value::Null => Cbor::Null,
    }
}
