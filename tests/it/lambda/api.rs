//! The runtime's API of Lambda on loopback: it holds a queue of events, hands out one at a time, and holds the function to its rules.
//!
//! A function asks for the next event only after it has answered the last one, answers each once and under its own name, and repeats
//! the stamp of the invocation. What breaks a rule is refused as Lambda refuses it, and is kept.

use std::collections::VecDeque;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use davy::series::Timestamp;
use serde_json::Value;

use crate::heard::Heard;

/// An answer of the function.
#[derive(Debug)]
pub struct Said {
    /// `response`, `error` or `init/error`.
    pub kind: String,
    pub body: Value,
    /// The type of an error as its header has it.
    pub error: String,
    /// How much of the event's time was left.
    pub left: Duration,
}

/// The API with its queue.
pub struct Api {
    pub port: u16,
    state: Arc<(Mutex<State>, Condvar)>,
    said: Receiver<Said>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<(String, Duration)>,
    open: Option<Open>,
    /// How many processes have died.
    deaths: usize,
    handed: usize,
    calls: Vec<String>,
    broken: Vec<String>,
}

/// An event that waits for its answer.
struct Open {
    id: String,
    end: Instant,
}

impl Api {
    pub fn start() -> Api {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new((Mutex::new(State::default()), Condvar::new()));
        let (tell, said) = channel();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (state, tell) = (Arc::clone(&shared), tell.clone());
                std::thread::spawn(move || serve(stream, &state, &tell));
            }
        });
        Api { port, state, said }
    }

    /// Queues an event that may take so long.
    pub fn send(&self, event: &str, time: Duration) {
        self.state.0.lock().unwrap().queue.push_back((event.to_owned(), time));
        self.state.1.notify_all();
    }

    /// The next answer.
    #[track_caller]
    pub fn hear(&self) -> Said {
        self.said.recv_timeout(Duration::from_secs(60)).expect("the function answers")
    }

    /// Whether an event is being answered.
    pub fn is_busy(&self) -> bool {
        self.state.0.lock().unwrap().open.is_some()
    }

    /// The event that was being answered is lost with the process, and so is its question for another.
    pub fn forget(&self) {
        let mut state = self.state.0.lock().unwrap();
        state.open = None;
        state.deaths += 1;
        self.state.1.notify_all();
    }

    /// What was called, in order; no rule was broken.
    #[track_caller]
    pub fn calls(&self) -> Vec<String> {
        let state = self.state.0.lock().unwrap();
        assert!(state.broken.is_empty(), "{:?}", state.broken);
        state.calls.clone()
    }
}

fn serve(mut stream: TcpStream, shared: &(Mutex<State>, Condvar), tell: &Sender<Said>) {
    let Some(heard) = Heard::read(&stream) else { return };
    let call = heard.line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let Some(place) = heard.target().strip_prefix("/2018-06-01/runtime/") else {
        return shared.0.lock().unwrap().broken.push(call);
    };
    let reply = match (heard.line.starts_with("GET "), place) {
        (true, "invocation/next") => next(shared),
        (false, "init/error") => {
            let body = serde_json::from_str(&heard.body).unwrap();
            let error = heard.header("lambda-runtime-function-error-type").to_owned();
            shared.0.lock().unwrap().calls.push("init/error".into());
            let _ = tell.send(Said { kind: "init/error".into(), body, error, left: Duration::ZERO });
            "HTTP/1.1 202 x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".into()
        }
        _ => answered(shared, &heard, place, tell),
    };
    let _ = stream.write_all(reply.as_bytes());
}

/// Hands out the next event, which may be long in coming.
fn next(shared: &(Mutex<State>, Condvar)) -> String {
    let mut state = shared.0.lock().unwrap();
    state.calls.push("next".into());
    if state.open.is_some() {
        state.broken.push("the next event was asked for before the last one was answered".into());
    }
    let deaths = state.deaths;
    let (event, time) = loop {
        if state.deaths != deaths {
            return String::new();
        }
        if let Some(event) = state.queue.pop_front() {
            break event;
        }
        state = shared.1.wait(state).unwrap();
    };
    state.handed += 1;
    let id = format!("8476a536-e9f4-11e8-9739-{:012}", state.handed);
    state.open = Some(Open { id: id.clone(), end: Instant::now() + time });
    let deadline = Timestamp::now().as_millisecond() + i64::try_from(time.as_millis()).unwrap();
    format!(
        "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: {id}\r\nLambda-Runtime-Deadline-Ms: {deadline}\r\n\
         Lambda-Runtime-Invocation-Id: stamp-{id}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{event}",
        event.len()
    )
}

fn answered(shared: &(Mutex<State>, Condvar), heard: &Heard, place: &str, tell: &Sender<Said>) -> String {
    let mut state = shared.0.lock().unwrap();
    let mut parts = place.split('/');
    let (id, kind) = (parts.nth(1).unwrap_or_default(), parts.next().unwrap_or_default().to_owned());
    let open = state.open.take().filter(|open| open.id == id);
    let is_stamped = heard.header("lambda-runtime-invocation-id") == format!("stamp-{id}");
    let is_known = ["response", "error"].contains(&kind.as_str());
    let (Some(open), true, true) = (open, is_stamped, is_known) else {
        state.broken.push(format!("{place}: no such event is open, or the stamp is missing"));
        return "HTTP/1.1 400 x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".into();
    };
    state.calls.push(kind.clone());
    let left = open.end.saturating_duration_since(Instant::now());
    if left.is_zero() {
        state.broken.push(format!("{place}: the answer is late"));
    }
    let body = serde_json::from_str(&heard.body).unwrap();
    let error = heard.header("lambda-runtime-function-error-type").to_owned();
    let _ = tell.send(Said { kind, body, error, left });
    "HTTP/1.1 202 x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".into()
}
