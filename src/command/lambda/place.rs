//! Where configurations are: in the bundle, in a parameter of SSM, in an object of S3. With `/` at the end there are several, and an
//! event names one of them.
//!
//! They are read anew for each event, so a change holds from the next one on, and an answer never rests on a configuration of
//! yesterday. A soak that has begun is held to the one that it began with, by its fingerprint.

use std::path::{Path, PathBuf};

use super::remote;
use crate::command::gates::Gates;
use crate::command::pipeline::{self, Loaded};
use crate::command::reply::refused;
use crate::serve::{Question, Refused};

/// Where configurations are.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Place {
    /// A file of the bundle.
    File(PathBuf),
    /// A folder of the bundle, with several.
    Folder(PathBuf),
    /// A parameter of SSM, or the path above several.
    Parameter(String),
    /// An object of S3, or the prefix of several.
    Object { bucket: String, key: String },
}

impl Place {
    /// Reads where they are; paths are below the root of the bundle.
    pub(super) fn read(written: &str, root: &Path) -> Result<Place, String> {
        if let Some(name) = written.strip_prefix("ssm:") {
            let is_name = |c: char| c.is_ascii_alphanumeric() || "/_.-".contains(c);
            let fits = !name.is_empty() && name.chars().all(is_name);
            return if fits { Ok(Place::Parameter(name.into())) } else { Err("write `ssm:/NAME`".into()) };
        }
        if let Some(rest) = written.strip_prefix("s3://") {
            let parts = rest.split_once('/').filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty());
            let fits = |bucket: &str| bucket.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
            return match parts.filter(|(bucket, _)| fits(bucket)) {
                Some((bucket, key)) => Ok(Place::Object { bucket: bucket.into(), key: key.into() }),
                None => Err("write `s3://BUCKET/KEY`, with a `/` at the end for several".into()),
            };
        }
        if written.contains("://") {
            return Err("write a path of the bundle, `ssm:/NAME` or `s3://BUCKET/KEY`".into());
        }
        let path = root.join(written);
        match is_folder(&path) {
            true => Ok(Place::Folder(path)),
            false if written.ends_with('/') && !path.is_dir() => Err("the bundle has no such folder".into()),
            false => Ok(Place::File(path)),
        }
    }

    /// Whether there are several, of which an event names one.
    fn has_several(&self) -> bool {
        match self {
            Place::File(_) => false,
            Place::Folder(_) => true,
            Place::Parameter(name) => name.ends_with('/'),
            Place::Object { key, .. } => key.ends_with('/'),
        }
    }

    /// Reads the configuration that an event names, or the only one.
    pub(super) fn load(&self, gates: &Gates, named: Option<&str>) -> Result<Loaded, Refused> {
        let name = match (self.has_several(), named) {
            (true, Some(name)) => name,
            (false, None) => "",
            (true, None) => {
                return Err(Refused::Wrong("the event names no configuration: write `config: NAME` into it".into()));
            }
            (false, Some(name)) => {
                return Err(Refused::Wrong(format!(
                    "the event asks for the configuration {name:?}, and DAVY_CONFIG names one for all events: leave `config` out, or let \
                     DAVY_CONFIG end with `/`"
                )));
            }
        };
        match self {
            Place::File(file) => pipeline::load(file).map_err(refused),
            Place::Folder(_) => gates.load(&Question::of(name), "config"),
            Place::Parameter(path) => remote::of_ssm(gates, &format!("{path}{name}")),
            Place::Object { bucket, key } => {
                let key = if name.is_empty() { key.clone() } else { format!("{key}{name}.yaml") };
                remote::of_s3(gates, bucket, &key)
            }
        }
    }
}

/// Whether a path is that of a folder with several.
fn is_folder(path: &Path) -> bool {
    path.is_dir() && !path.join("canary.yaml").is_file()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_path_a_parameter_or_an_object() {
        let root = Path::new("/nowhere");
        let read = |text: &str| Place::read(text, root);
        assert_eq!(read("gate.yaml"), Ok(Place::File("/nowhere/gate.yaml".into())));
        assert_eq!(read("ssm:/davy/checkout"), Ok(Place::Parameter("/davy/checkout".into())));
        let object = Place::Object { bucket: "my.bucket".into(), key: "gates/".into() };
        assert_eq!(read("s3://my.bucket/gates/"), Ok(object.clone()));
        assert!(object.has_several() && !read("ssm:/davy/checkout").unwrap().has_several());
        for wrong in
            ["ssm:", "ssm:/a b", "s3://bucket", "s3:///key", "s3://bu:cket/key", "https://example.com/x", "gates/"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
