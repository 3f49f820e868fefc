//! The calls of a metric provider.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::asked::Asked;
use super::gob::{Shape, Value};
use super::measured::{self, Measurement, texts};
use super::rpc::{Answer, Service};

/// Who measures. Several calls may come at once.
pub trait Provider: Send + Sync + 'static {
    /// Begins a measurement.
    fn run(&self, asked: &Asked) -> Measurement;
    /// Goes on with one.
    fn resume(&self, asked: &Asked, so_far: Measurement) -> Measurement;
    /// Ends one before its time.
    fn terminate(&self, asked: &Asked, so_far: Measurement) -> Measurement;
    /// What is kept with all measurements of a metric.
    fn metadata(&self, asked: &Asked) -> BTreeMap<String, String>;
    /// A measurement that could not be made.
    fn failed(&self, why: String) -> Measurement;
}

/// What the provider is called.
const TYPE: &str = "davy";

/// An error that was none, or one.
const TROUBLE: Shape = Shape::Struct("RpcError", &[("ErrorString", Shape::Text)]);

/// A provider behind its calls.
pub(super) struct Calls(pub(super) Arc<dyn Provider>);

impl Service for Calls {
    fn call(&self, method: &str, argument: &Value) -> Option<Answer> {
        let measured = |measure: &dyn Fn(&Asked, Measurement) -> Measurement| {
            let so_far = argument.field("Measurement").map_or_else(|| self.0.failed(String::new()), Measurement::read);
            let measurement = match Asked::read(argument) {
                Ok(asked) => measure(&asked, so_far),
                Err(why) => self.0.failed(why),
            };
            Ok((measured::SHAPE, measurement.written()))
        };
        let nothing_wrong = || Ok((TROUBLE, Value::of([])));
        Some(match method {
            "Plugin.InitPlugin" | "Plugin.GarbageCollect" => nothing_wrong(),
            "Plugin.Run" => measured(&|asked, _| self.0.run(asked)),
            "Plugin.Resume" => measured(&|asked, so_far| self.0.resume(asked, so_far)),
            "Plugin.Terminate" => measured(&|asked, so_far| self.0.terminate(asked, so_far)),
            "Plugin.Type" => Ok((Shape::Text, Value::Text(TYPE.into()))),
            "Plugin.GetMetadata" => {
                let metadata = Asked::read(argument).map(|asked| self.0.metadata(&asked));
                Ok((Shape::Texts, texts(&metadata.unwrap_or_default())))
            }
            _ => return None,
        })
    }
}
