//! The API's answers as they are written: samples in the form that costs least, everything else as it stands.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::source::prometheus::native::{Native, Written};
use crate::source::prometheus::tracks::Labels;

/// What the API answered: the result of a query, or what else is asked for.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Body<T = Data> {
    pub status: String,
    pub data: Option<T>,
    #[serde(rename = "errorType", default)]
    pub error_type: String,
    #[serde(default)]
    pub error: String,
    #[serde(default)]
    pub warnings: Vec<String>,
    #[serde(default)]
    pub infos: Vec<String>,
    /// VictoriaMetrics: a part of its storage did not answer.
    #[serde(rename = "isPartial", default)]
    pub is_partial: bool,
}

/// The result of a query.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Data {
    #[serde(rename = "resultType")]
    pub kind: String,
    pub result: Vec<Line>,
}

/// One series with its samples, sorted by time.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Line {
    pub metric: Metric,
    #[serde(default)]
    pub values: Vec<Sample>,
    #[serde(default)]
    pub histograms: Vec<NativeSample>,
}

/// A time in milliseconds and a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sample(pub i64, pub f64);

/// A time in milliseconds and a native histogram.
#[derive(Debug)]
pub(super) struct NativeSample(pub i64, pub Native);

/// Labels, sorted by name.
#[derive(Debug)]
pub(super) struct Metric(pub Labels);

impl<'de> Deserialize<'de> for Metric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Metric, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Metric;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("labels")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Metric, A::Error> {
                let mut labels = Labels::new();
                while let Some(pair) = map.next_entry::<String, String>()? {
                    labels.push(pair);
                }
                labels.sort();
                Ok(Metric(labels))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

impl<'de> Deserialize<'de> for Sample {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Sample, D::Error> {
        pair::<D, Written>(deserializer).map(|(time, number)| Sample(time, number.0))
    }
}

impl<'de> Deserialize<'de> for NativeSample {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<NativeSample, D::Error> {
        pair::<D, Native>(deserializer).map(|(time, histogram)| NativeSample(time, histogram))
    }
}

/// A time in seconds and something else.
fn pair<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<(i64, T), D::Error> {
    struct Two<T>(std::marker::PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Two<T> {
        type Value = (i64, T);

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a time and a value")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(i64, T), A::Error> {
            let missing = || de::Error::custom("a sample without a time or a value");
            let seconds: f64 = seq.next_element()?.ok_or_else(missing)?;
            let value = seq.next_element()?.ok_or_else(missing)?;
            if seq.next_element::<IgnoredAny>()?.is_some() {
                return Err(de::Error::custom("a sample with more than a time and a value"));
            }
            Ok(((seconds * 1e3).round() as i64, value))
        }
    }
    deserializer.deserialize_seq(Two(std::marker::PhantomData))
}
