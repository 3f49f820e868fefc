//! The calls on a stream: `net/rpc` of Go. A request names a method and carries a number; the answer has the same number, and may
//! come after that of a later request.

use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::gob::{Decoder, Encoder, Error, Shape, Value};

/// What a call is answered with: a value and its shape, or why not.
pub(super) type Answer = Result<(Shape, Value), String>;

/// An empty answer.
pub(super) const NOTHING: (Shape, Value) = (Shape::Struct("", &[]), Value::Struct(Vec::new()));

const RESPONSE: Shape =
    Shape::Struct("Response", &[("ServiceMethod", Shape::Text), ("Seq", Shape::Uint), ("Error", Shape::Text)]);

/// Who answers calls.
pub(super) trait Service: Send + Sync + 'static {
    /// The answer to a call; nothing where there is no such method.
    fn call(&self, method: &str, argument: &Value) -> Option<Answer>;
}

/// A request, and the stream on which it is answered.
struct Request<W> {
    method: String,
    number: u64,
    argument: Value,
    output: Arc<Mutex<Encoder<W>>>,
}

/// Answers the calls on a stream until it ends, each on a thread of its own. Without a free turn a call waits.
///
/// # Errors
///
/// What came is not a call.
pub(super) fn serve<R, W>(
    input: R,
    output: W,
    service: &Arc<impl Service + ?Sized>,
    turns: &Arc<Semaphore>,
    runtime: &Handle,
) -> Result<(), Error>
where
    R: Read,
    W: Write + Send + 'static,
{
    let mut decoder = Decoder::new(input);
    let output = Arc::new(Mutex::new(Encoder::new(output)));
    while let Some(header) = decoder.next()? {
        let argument = decoder.next()?.ok_or(Error::BreaksOff)?;
        let method = header.field("ServiceMethod").and_then(Value::text).unwrap_or_default().to_owned();
        let number = if let Some(Value::Uint(number)) = header.field("Seq") { *number } else { 0 };
        let request = Request { method, number, argument, output: Arc::clone(&output) };
        let service = Arc::clone(service);
        // nobody closes it
        let turn = runtime.block_on(Arc::clone(turns).acquire_owned()).ok();
        std::thread::spawn(move || {
            // a host that has gone away needs no answer
            let _ = request.answer(&*service);
            drop(turn);
        });
    }
    Ok(())
}

impl<W: Write> Request<W> {
    fn answer(&self, service: &(impl Service + ?Sized)) -> Result<(), Error> {
        let called = catch_unwind(AssertUnwindSafe(|| service.call(&self.method, &self.argument)));
        let answered = called.unwrap_or_else(|_| Some(Err("davy has a bug here, and says more on stderr".into())));
        let answered = answered.unwrap_or_else(|| Err(format!("rpc: can't find method {}", self.method)));
        let (error, (shape, value)) = match answered {
            Ok(answer) => (String::new(), answer),
            Err(why) => (why, NOTHING),
        };
        let response = Value::of([
            ("ServiceMethod", Value::Text(self.method.clone())),
            ("Seq", Value::Uint(self.number)),
            ("Error", Value::Text(error)),
        ]);
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        output.send(RESPONSE, &response)?;
        output.send(shape, &value)?;
        output.flush()
    }
}
