//! The JSON Schema of the configuration, so that editors complete and check while one types.

use schemars::generate::SchemaSettings;

use super::written::file::File;

/// The schema, with the doc comments of the sections and keys as descriptions.
pub fn schema() -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12();
    let mut schema = settings.into_generator().into_root_schema_for::<File>();
    schema.insert("title".into(), "davy configuration".into());
    schema.to_value()
}
