//! A network that fails: whatever happens on the way, an answer is the truth, or there is none.
//!
//! ```text
//!  davy ──► Proxy (one a run, its faults from a seed) ──► Memory (true answers, asked once) ──► server
//! ```

use std::collections::BTreeMap;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use davy::series::SignedDuration;
use davy::source::Kind as Failing;
use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng};

use super::server::{Kind, Server, http};
use super::servers::{counted, counts, of_counts, one, window};
use super::truth::{START, Truth};
use crate::heard::Heard;

const RUNS: usize = 500;
/// Of a thousand connections, so many have a fault.
const PERMILLE: u64 = 350;

/// What can be wrong with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    Late,
    ResetBefore,
    ResetAfter,
    /// The body ends in the middle, and the head says how long it should be.
    Cut,
    /// The same, and the head says nothing.
    CutUnsaid,
    Unavailable,
    TooOften,
    TooManySamples,
    Garbage,
    Noise,
    /// A web page for an answer.
    Page,
    /// The answer to another question.
    Other,
    /// A store behind the server does not answer.
    Partial,
}

const FAULTS: [Fault; 13] = [
    Fault::Late,
    Fault::ResetBefore,
    Fault::ResetAfter,
    Fault::Cut,
    Fault::CutUnsaid,
    Fault::Unavailable,
    Fault::TooOften,
    Fault::TooManySamples,
    Fault::Garbage,
    Fault::Noise,
    Fault::Page,
    Fault::Other,
    Fault::Partial,
];

/// True answers.
struct Memory {
    server: String,
    known: Mutex<BTreeMap<String, (u16, String)>>,
}

impl Memory {
    fn answer(&self, path: &str, body: &str) -> (u16, String) {
        let key = format!("{path} {body}");
        if let Some(known) = self.known.lock().unwrap().get(&key) {
            return known.clone();
        }
        let answer = http(&self.server, "POST", path, body).unwrap();
        self.known.lock().unwrap().insert(key, answer.clone());
        answer
    }
}

struct Proxy {
    url: String,
    address: String,
    over: Arc<AtomicBool>,
    drawn: Arc<Mutex<BTreeMap<Fault, usize>>>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(&self.address);
    }
}

impl Proxy {
    fn start(memory: &Arc<Memory>, seed: u64) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (over, drawn) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(BTreeMap::new())));
        let (memory, ended, told) = (memory.clone(), over.clone(), drawn.clone());
        std::thread::spawn(move || {
            let mut random = Pcg64::seed_from_u64(seed);
            let mut before = None;
            for stream in listener.incoming().flatten() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let number = random.next_u64();
                let fault = (number % 1_000 < PERMILLE).then(|| FAULTS[(number / 1_000) as usize % FAULTS.len()]);
                if let Some(fault) = fault {
                    *told.lock().unwrap().entry(fault).or_default() += 1;
                }
                serve(stream, &memory, fault, number / 100_000, &mut before);
            }
        });
        Proxy { url: format!("http://{address}"), address, over, drawn }
    }
}

/// One connection carries one request.
fn serve(mut stream: TcpStream, memory: &Memory, fault: Option<Fault>, number: u64, before: &mut Option<String>) {
    if fault == Some(Fault::ResetBefore) {
        return;
    }
    let Some(heard) = Heard::read(&stream) else { return };
    let (status, body) = memory.answer(heard.target(), &heard.body);
    let other = before.replace(body.clone());
    let json = "application/json";
    let whole = |status: u16, kind: &str, body: &str| {
        let length = body.len();
        format!(
            "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
    };
    let error =
        |kind: &str, text: &str| serde_json::json!({ "status": "error", "errorType": kind, "error": text }).to_string();
    let mut answer = whole(status, json, &body).into_bytes();
    match fault {
        None | Some(Fault::ResetBefore) => {}
        Some(Fault::Late) => std::thread::sleep(Duration::from_millis(number % 120)),
        Some(Fault::ResetAfter) => return,
        Some(Fault::Cut) => answer.truncate(number as usize % answer.len()),
        Some(Fault::CutUnsaid) => {
            let cut = &body[..number as usize % body.len()];
            answer = format!("HTTP/1.1 200 OK\r\ncontent-type: {json}\r\nconnection: close\r\n\r\n{cut}").into_bytes();
        }
        Some(Fault::Unavailable) => answer = whole(503, "text/html", "<html>Service Unavailable</html>").into_bytes(),
        Some(Fault::TooOften) => answer = whole(429, "text/plain", "slow down").into_bytes(),
        Some(Fault::TooManySamples) => {
            let text = "query processing would load too many samples into memory in query execution";
            answer = whole(422, json, &error("execution", text)).into_bytes();
        }
        Some(Fault::Garbage) => answer = whole(200, json, &body.replace(':', ";")).into_bytes(),
        Some(Fault::Noise) => {
            answer = vec![0; 1 + number as usize % 400];
            Pcg64::seed_from_u64(number).fill_bytes(&mut answer);
        }
        Some(Fault::Page) => answer = whole(200, "text/html", "<html>Log in</html>").into_bytes(),
        Some(Fault::Other) => answer = whole(200, json, &other.unwrap_or(body)).into_bytes(),
        Some(Fault::Partial) => {
            let warned = body.replacen("{", "{\"warnings\":[\"store 10.0.0.9 did not answer\"],", 1);
            answer = whole(200, json, &warned).into_bytes();
        }
    }
    // The other side may have given up already.
    let _ = stream.write_all(&answer);
}

#[test]
fn whatever_happens_on_the_way_a_count_is_true_or_absent() {
    let truth = Truth::new(11);
    let kind = if super::server::binary(Kind::Prometheus3, "prometheus").is_some() {
        Kind::Prometheus3
    } else {
        Kind::Prometheus2
    };
    let Some(server) = Server::start(kind, &truth.openmetrics(), false) else { return };
    let memory = Arc::new(Memory { server: server.address.clone(), known: Mutex::default() });
    let (start, end) = (START + 607, START + 607 + 4_500);
    let expected = truth.counts("canary", None, (start, end, 60));
    let (next, good, partial) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let drawn: Mutex<BTreeMap<Fault, usize>> = Mutex::default();
    let work = || {
        loop {
            let run = next.fetch_add(1, Ordering::SeqCst);
            if run >= RUNS {
                return;
            }
            let proxy = Proxy::start(&memory, run as u64);
            let mut asked = counts(&proxy.url, "canary", 60);
            asked.access.deadline = SignedDuration::from_secs(5);
            match one(&asked, &of_counts(), window(start, end)) {
                Ok(answer) => {
                    assert_eq!(counted(&answer.series), expected, "run {run}: {:?}", proxy.drawn.lock().unwrap());
                    let is_partial = answer.notes.iter().any(|note| note.text.contains("store 10.0.0.9"));
                    good.fetch_add(1, Ordering::SeqCst);
                    partial.fetch_add(usize::from(is_partial), Ordering::SeqCst);
                }
                Err(error) => {
                    let is_known = [Failing::Unreachable, Failing::Unreadable].contains(&error.kind);
                    assert!(is_known && !error.to_string().is_empty(), "run {run}: {error}");
                }
            }
            proxy
                .drawn
                .lock()
                .unwrap()
                .iter()
                .for_each(|(fault, n)| *drawn.lock().unwrap().entry(*fault).or_default() += n);
        }
    };
    std::thread::scope(|scope| (0..24).for_each(|_| drop(scope.spawn(work))));
    let (good, partial) = (good.into_inner(), partial.into_inner());
    println!(
        "{RUNS} runs: {good} true answers, {partial} of them said to be partial; faults {:?}",
        drawn.lock().unwrap()
    );
    assert!(good > RUNS / 3, "{good} of {RUNS} runs got through");
    assert!(partial > 0 && drawn.lock().unwrap().len() == FAULTS.len());
}
