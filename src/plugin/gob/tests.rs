//! Go's own bytes are decoded, own values come back, and hostile bytes are an error.

use proptest::prelude::*;

use super::*;
use crate::plugin::asked::Asked;
use crate::plugin::measured::{self, Measurement, Phase};

const VALUES: &[u8] = include_bytes!("../../../fixtures/argo/values.gob");
const CALLS: &[u8] = include_bytes!("../../../fixtures/argo/calls.gob");

const ROLLOUTS: &[u8] = include_bytes!("../../../fixtures/argo/rollouts.gob");

fn all(bytes: &[u8]) -> Result<Vec<Value>, Error> {
    let mut decoder = Decoder::new(bytes);
    std::iter::from_fn(|| decoder.next().transpose()).collect()
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

#[test]
fn values_of_every_kind_are_those_that_go_wrote() {
    let values = all(VALUES).unwrap();
    assert_eq!(values.len(), 14);
    assert_eq!(
        values[..5],
        [Value::Bool(true), Value::Int(-129), Value::Uint(300), Value::Float(-1.5), Value::Complex(1.0, -2.0)]
    );
    assert_eq!(values[5..7], [Value::Bytes(vec![0, 255]), text("é")]);
    assert_eq!(values[7].list(), [Value::Int(-1), Value::Int(0), Value::Int(1 << 40)]);
    assert_eq!(values[8].list(), [text("a"), text("")]);
    assert_eq!(values[9].pairs(), [(text("one"), Value::Int(1))]);
    for at in &values[10..12] {
        let instant = instant_of(at.bytes().unwrap()).unwrap();
        assert_eq!(instant.to_string(), "2026-03-01T12:00:00.0000005Z");
    }
    let value = &values[12];
    assert_eq!(value.field("Small"), Some(&Value::Int(-128)));
    assert_eq!(value.field("Big"), Some(&Value::Int(i64::MIN)));
    assert_eq!(value.field("Whole"), Some(&Value::Uint(u64::MAX)));
    assert_eq!(value.field("Share"), Some(&Value::Float(0.1)));
    assert_eq!(value.field("Turn"), Some(&Value::Complex(0.0, 1.0)));
    assert_eq!(value.field("Raw").unwrap().bytes(), Some(&b"raw"[..]));
    assert_eq!(value.field("Numbers").unwrap().list(), [Value::Int(0), Value::Int(7)]);
    assert_eq!(value.field("Pair").unwrap().list(), [text(""), text("b")]);
    assert_eq!(value.field("Counts").unwrap().pairs(), [(text("none"), Value::Int(0))]);
    assert_eq!(value.at(&["Inner", "Deep", "Name"]), Some(&text("deeper")));
    assert_eq!(value.at(&["Inner", "Other", "Other", "Name"]), Some(&text("last")));
    assert_eq!(value.field("Many").unwrap().list()[1].field("Name"), Some(&text("second")));
    assert_eq!(value.at(&["Holds", "Name"]), Some(&text("held")));
    assert!(instant_of(value.field("At").and_then(Value::bytes).unwrap()).is_some());
    for absent in ["Never", "Nothing", "hidden"] {
        assert_eq!(value.field(absent), None, "{absent}");
    }
    // a time that encodes itself is there, and is Go's zero
    assert_eq!(values[13].field("Text"), None);
    assert_eq!(values[13].field("At").and_then(Value::bytes).and_then(instant_of), None);
}

#[test]
fn calls_say_what_a_measurement_needs() {
    let calls = all(CALLS).unwrap();
    assert_eq!(calls.len(), 10);
    let methods: Vec<_> =
        calls.iter().step_by(2).map(|call| call.field("ServiceMethod").unwrap().text().unwrap()).collect();
    assert_eq!(methods, ["Plugin.InitPlugin", "Plugin.Run", "Plugin.Resume", "Plugin.GetMetadata", "Plugin.Run"]);
    assert_eq!(calls[1], Value::Interface(None));
    let asked = Asked::read(&calls[3]).unwrap();
    assert_eq!((asked.run.as_str(), asked.metric.as_str()), ("shop/checkout-7", "davy"));
    assert_eq!(asked.begins.unwrap().to_string(), "2026-03-01T12:01:30Z");
    assert_eq!(asked.args.iter().collect::<Vec<_>>(), [(&"hash".to_owned(), &"7c8e0a".to_owned())], "no secret");
    assert_eq!(asked.secrets, ["s3cret"]);
    assert_eq!(asked.configuration, br#"{"config":"checkout"}"#);
    let last = asked.past.last.as_ref().unwrap();
    assert_eq!((last.phase, last.metadata["look"].as_str()), (Phase::Error, "3"));
    assert_eq!(Asked::read(&calls[5]).unwrap(), asked);
    let measurement = Measurement::read(calls[5].field("Measurement").unwrap());
    assert_eq!((measurement.phase, measurement.metadata["look"].as_str()), (Phase::Running, "1"));
    assert_eq!(measurement.resume, measurement.started);
    let nobody = Asked::read(&calls[9]).unwrap();
    assert_eq!((nobody.run.as_str(), nobody.begins, nobody.metric.as_str()), ("/", None, "davy"));
    assert!(Asked::read(&calls[1]).unwrap_err().contains("below `provider.plugin.davy/judge`"));
}

#[test]
fn a_call_of_argo_rollouts_itself_says_the_same() {
    let calls = all(ROLLOUTS).unwrap();
    assert_eq!(calls.len(), 2);
    let asked = Asked::read(&calls[1]).unwrap();
    assert_eq!((asked.run.as_str(), asked.metric.as_str()), ("shop/checkout-7", "davy"));
    assert_eq!(asked.begins.unwrap().to_string(), "2026-03-01T12:01:30Z");
    assert_eq!(asked.args.iter().collect::<Vec<_>>(), [(&"hash".to_owned(), &"bad".to_owned())]);
    assert_eq!(asked.configuration, br#"{"config":"bad"}"#);
    assert_eq!((asked.past.answers, asked.past.last.unwrap().metadata["look"].as_str()), (0, "2"));
}

#[test]
fn a_measurement_comes_back_as_it_was_sent() {
    let at = "2026-03-01T12:00:00.25Z".parse().ok();
    let metadata = [("look".to_owned(), "7".to_owned())].into();
    let (started, finished, resume) = (at, None, at);
    let (message, value) = ("é".repeat(500), "pass".into());
    let sent = Measurement { phase: Phase::Running, message, started, finished, value, metadata, resume };
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes);
    for _ in 0..2 {
        encoder.send(measured::SHAPE, &sent.written()).unwrap();
    }
    encoder.send(Shape::Uint, &Value::Uint(u64::MAX)).unwrap();
    encoder.send(Shape::Struct("", &[]), &Value::of([])).unwrap();
    let back = all(&bytes).unwrap();
    assert_eq!(back[..2].iter().map(Measurement::read).collect::<Vec<_>>(), [sent.clone(), sent]);
    assert_eq!(back[2..], [Value::Uint(u64::MAX), Value::of([])]);
    // a phase that nobody knows did not pass
    assert_eq!(Measurement::read(&Value::of([("Phase", text("Sucessful"))])).phase, Phase::Error);
}

#[test]
fn what_is_too_large_or_no_gob_is_an_error() {
    let fails = |bytes: &[u8], why: &str| {
        let error = all(bytes).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    };
    fails(&[0xf8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "more than 8388608 bytes");
    fails(&[0xfc, 0x7f], "breaks off");
    fails(&[0x05, 0x0c], "breaks off");
    fails(&[0x80], "a number of 128 bytes");
    fails(&[0x02, 0x7e, 0x00], "type 63 is not defined");
    fails(&[0x03, 0x02, 0x01, 0x01], "a value that is not a struct begins with a field number");
    fails(&[0x04, 0x02, 0x00, 0x01, 0x01], "bytes follow a value");
    // a text that is longer than its message
    fails(&[0x04, 0x0c, 0x00, 0x7f, 0x61], "breaks off");
    // a definition that is not a struct, and one that is there twice
    fails(&[0x03, 0xff, 0x81, 0x00], "a definition of no type");
    // lists in lists, deeper than anybody needs: a type that is a list of itself
    let own = [0x0d, 0xff, 0x81, 0x02, 0x01, 0x02, 0xff, 0x82, 0x00, 0x01, 0xff, 0x82, 0x00, 0x00];
    let deep = [&[0xff, 0xcb, 0xff, 0x82, 0x00][..], &[1; 199], &[0]].concat();
    fails(&[&own[..], &deep[..]].concat(), "levels");
    fails(&[&own[..], &own[..]].concat(), "defined twice");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_never_panic(changes in prop::collection::vec((0..CALLS.len(), any::<u8>()), 1..6), end in 0..CALLS.len()) {
        let mut bytes = CALLS.to_vec();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        if let Ok(values) = all(&bytes) {
            values.iter().for_each(|value| drop(Asked::read(value)));
        }
        let _ = all(&bytes[..end]);
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = all(&bytes);
        let _ = instant_of(&bytes);
    }
}
