//! A network that fails: a proxy that knows what the server answers, and does something else.
//!
//! ```text
//!  davy ──► Proxy (one a run, its faults from a seed) ──► Memory (true answers, asked once) ──► server
//! ```
//!
//! What is wrong with a connection is drawn before it is answered: so a run can be repeated by its seed, as far as davy
//! asks in the same order. Every connection carries one request.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand_pcg::Pcg64;
use rand_pcg::rand_core::{Rng, SeedableRng};

/// A request as it came.
struct Request {
    operation: String,
    head: String,
    body: Vec<u8>,
    cbor: bool,
}

/// An operation and the body it was asked with.
type Key = (String, Vec<u8>);

/// True answers, whole as they went over the wire.
pub struct Memory {
    server: String,
    known: Mutex<BTreeMap<Key, Vec<u8>>>,
}

/// What can be wrong with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The answer comes late.
    Late,
    /// Closed before anything is read: the other side sees a reset.
    ResetBefore,
    /// Closed when everything was read.
    ResetAfter,
    /// The body ends in the middle.
    Cut,
    /// 503, this time and the next ones.
    Unavailable,
    /// Throttled, this time and the next ones.
    Throttled,
    /// The page before is answered again.
    Again,
    /// A good head, and a body that is none.
    Garbage,
    /// Bytes that are no HTTP.
    Noise,
    /// Accepted, and never answered.
    Silence,
}

/// The faults with how often each is drawn; silence costs a whole deadline.
const FAULTS: [(Fault, usize); 10] = [
    (Fault::Late, 6),
    (Fault::ResetBefore, 4),
    (Fault::ResetAfter, 4),
    (Fault::Cut, 4),
    (Fault::Unavailable, 3),
    (Fault::Throttled, 3),
    (Fault::Again, 6),
    (Fault::Garbage, 3),
    (Fault::Noise, 2),
    (Fault::Silence, 1),
];

/// What is drawn in one run.
struct Chance {
    random: Pcg64,
    /// Of a thousand connections, so many have a fault.
    permille: u64,
    burst: Option<(Fault, u64)>,
    page: Option<Vec<u8>>,
    drawn: BTreeMap<Fault, usize>,
}

/// A proxy of one run. It ends when this is dropped.
pub struct Proxy {
    /// Where it listens.
    pub url: String,
    address: String,
    over: Arc<AtomicBool>,
    chance: Arc<Mutex<Chance>>,
}

impl Memory {
    /// Of the server at an address.
    pub fn of(server: &str) -> Memory {
        Memory { server: server.to_owned(), known: Mutex::default() }
    }

    /// What the server answers. Asked once, unless it said that it was not ready or had failed.
    fn answer(&self, request: &Request) -> Vec<u8> {
        let mut known = self.known.lock().unwrap();
        let key = (request.operation.clone(), request.body.clone());
        if let Some(answer) = known.get(&key) {
            return answer.clone();
        }
        let mut stream = TcpStream::connect(&self.server).unwrap();
        stream.write_all(format!("{}connection: close\r\n\r\n", request.head).as_bytes()).unwrap();
        stream.write_all(&request.body).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let is_ready = !contains(&answer, b"\"Running\"") && answer.get(9..12) == Some(b"200");
        if is_ready {
            known.insert(key, answer.clone());
        }
        answer
    }
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(&self.address);
    }
}

impl Proxy {
    /// Between davy and a server, with faults drawn from a seed.
    pub fn start(memory: &Arc<Memory>, seed: u64, permille: u64) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let random = Pcg64::seed_from_u64(seed);
        let chance = Chance { random, permille, burst: None, page: None, drawn: BTreeMap::new() };
        let (over, chance) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(chance)));
        let (memory, ended, drawn) = (memory.clone(), over.clone(), chance.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let (memory, over, chance) = (memory.clone(), ended.clone(), drawn.clone());
                std::thread::spawn(move || serve(stream, &memory, &chance, &over));
            }
        });
        Proxy { url: format!("http://{address}"), address, over, chance }
    }

    /// The faults that there were.
    pub fn drawn(&self) -> BTreeMap<Fault, usize> {
        self.chance.lock().unwrap().drawn.clone()
    }
}

impl Chance {
    /// What is wrong with this connection, and a number to do it with.
    fn draw(&mut self) -> (Option<Fault>, u64) {
        let number = self.random.next_u64();
        let fault = match self.burst.take() {
            Some((fault, more)) => {
                self.burst = (more > 1).then_some((fault, more - 1));
                Some(fault)
            }
            None if self.random.next_u64() % 1000 < self.permille => {
                let all: Vec<Fault> = FAULTS.iter().flat_map(|(fault, weight)| vec![*fault; *weight]).collect();
                let fault = all[self.random.next_u64() as usize % all.len()];
                if matches!(fault, Fault::Unavailable | Fault::Throttled) && !number.is_multiple_of(4) {
                    self.burst = Some((fault, number % 4));
                }
                Some(fault)
            }
            None => None,
        };
        if let Some(fault) = fault {
            *self.drawn.entry(fault).or_default() += 1;
        }
        (fault, number)
    }
}

fn serve(mut stream: TcpStream, memory: &Memory, chance: &Mutex<Chance>, over: &AtomicBool) {
    let (fault, number) = chance.lock().unwrap().draw();
    if fault == Some(Fault::ResetBefore) {
        std::thread::sleep(Duration::from_millis(5));
        return;
    }
    let Some(request) = read(&stream) else { return };
    let mut answer = memory.answer(&request);
    let turned = request.operation == "GetMetricData" && contains(&request.body, b"NextToken");
    if request.operation == "GetMetricData" {
        let before = chance.lock().unwrap().page.replace(answer.clone());
        if let (Some(Fault::Again), true, Some(before)) = (fault, turned, before) {
            answer = before;
        }
    }
    match fault {
        None | Some(Fault::Again | Fault::ResetBefore) => {}
        Some(Fault::Late) => std::thread::sleep(Duration::from_millis(number % 700)),
        Some(Fault::ResetAfter) => return,
        Some(Fault::Cut) => answer.truncate(number as usize % answer.len()),
        Some(Fault::Unavailable) => answer = failed(503, "text/html", b"<html>Service Unavailable</html>"),
        Some(Fault::Throttled) => answer = throttled(request.cbor),
        Some(Fault::Garbage) => {
            let kind =
                if request.cbor { "application/cbor\r\nsmithy-protocol: rpc-v2-cbor" } else { "application/json" };
            answer = failed(200, kind, &noise(number));
        }
        Some(Fault::Noise) => answer = noise(number),
        Some(Fault::Silence) => {
            while !over.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(50));
            }
            return;
        }
    }
    // The other side may have given up already.
    let _ = stream.write_all(&answer);
}

fn failed(status: u16, kind: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn throttled(cbor: bool) -> Vec<u8> {
    let error = serde_json::json!({ "__type": "ThrottlingException", "message": "Rate exceeded" });
    if cbor {
        let mut body = Vec::new();
        ciborium::into_writer(&error, &mut body).unwrap();
        return failed(400, "application/cbor\r\nsmithy-protocol: rpc-v2-cbor", &body);
    }
    failed(400, "application/x-amz-json-1.1", error.to_string().as_bytes())
}

fn noise(seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; 1 + seed as usize % 400];
    Pcg64::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut line, mut length) = (String::new(), String::new(), 0);
    let (mut target, mut cbor) = (None, false);
    loop {
        line.clear();
        reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
        if line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.trim_end().split_once(": ") {
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().ok()?,
                "x-amz-target" => target = value.rsplit('.').next().map(str::to_owned),
                "smithy-protocol" => cbor = true,
                "connection" => continue,
                _ => {}
            }
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let path = head.split(' ').nth(1)?.to_owned();
    let operation = target.or_else(|| path.rsplit('/').next().map(str::to_owned))?;
    Some(Request { operation, head, body, cbor })
}
