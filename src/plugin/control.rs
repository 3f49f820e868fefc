//! The stream by which a host asks whether davy lives, gets the provider's stream, and says that it is the end.

use std::sync::Arc;

use tokio::sync::Notify;

use super::gob::{Shape, Value};
use super::rpc::{Answer, NOTHING, Service};

/// What the provider is called where it is handed out.
const PROVIDER: &str = "RpcMetricProviderPlugin";

/// The control of one connection.
pub(super) struct Control {
    /// Hears that it is the end.
    pub(super) end: Arc<Notify>,
}

impl Service for Control {
    fn call(&self, method: &str, argument: &Value) -> Option<Answer> {
        Some(match method {
            "Control.Ping" => Ok(NOTHING),
            "Control.Quit" => {
                self.end.notify_one();
                Ok(NOTHING)
            }
            "Dispenser.Dispense" => match argument.text() {
                // every stream after the first three is the provider's, whatever number it has
                Some(PROVIDER) => Ok((Shape::Uint, Value::Uint(1))),
                other => Err(format!("davy is a {PROVIDER}, and not {:?}", other.unwrap_or_default())),
            },
            _ => return None,
        })
    }
}
