//! Connections that ask nothing, too slowly, or too many at once: real sockets, and a healthy caller beside them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use super::Server;

/// A connection that has sent this, and nothing more.
fn half(server: &Server, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(&server.at).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    stream
}

/// What comes until the server closes the connection.
fn rest(mut stream: TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
    let mut heard = Vec::new();
    // the server may close before it has read everything
    let _ = stream.read_to_end(&mut heard);
    String::from_utf8(heard).unwrap()
}

/// A caller that is answered at once.
fn is_healthy(server: &Server) {
    let began = Instant::now();
    assert_eq!(server.get("/healthz").status, 200);
    assert_eq!(server.judge(&json!({ "config": "fine" })).json()["verdict"], "pass");
    assert!(began.elapsed() < Duration::from_secs(3), "it took {:?}", began.elapsed());
}

#[test]
fn requests_that_are_half_sent_are_cut_and_keep_nobody_waiting() {
    let server = Server::start(&[]);
    let host = format!("Host: {}", server.at);
    let began = Instant::now();
    let heads: Vec<TcpStream> =
        (0..100).map(|_| half(&server, &format!("POST /v1/judge HTTP/1.1\r\n{host}\r\nX-Slow"))).collect();
    let body = format!("POST /v1/judge HTTP/1.1\r\n{host}\r\nContent-Length: 1000\r\n\r\n{{\"config\": \"fine\"");
    let mut bodies: Vec<TcpStream> = (0..100).map(|_| half(&server, &body)).collect();
    is_healthy(&server);
    // a byte now and then is not enough
    for _ in 0..9 {
        std::thread::sleep(Duration::from_secs(1));
        bodies.iter_mut().for_each(|stream| stream.write_all(b" ").unwrap());
    }
    is_healthy(&server);
    for stream in heads {
        assert_eq!(rest(stream), "");
    }
    assert!(began.elapsed() < Duration::from_secs(15), "heads were cut after {:?}", began.elapsed());
    for stream in bodies {
        let heard = rest(stream);
        assert!(heard.starts_with("HTTP/1.1 408") && heard.contains("did not come within 20 s"), "{heard}");
    }
    let took = began.elapsed();
    assert!((19..27).contains(&took.as_secs()), "bodies were cut after {took:?}");
    is_healthy(&server);
}

#[test]
fn more_idle_connections_than_there_are_places_keep_nobody_out() {
    let server = Server::start(&["--allow-exec"]);
    // an answer that is on its way is not cut for them
    std::thread::scope(|scope| {
        let busy = scope.spawn(|| server.judge(&json!({ "config": "slow", "wait": 20 })));
        std::thread::sleep(Duration::from_millis(500));
        let idle: Vec<TcpStream> = (0..900).map(|_| half(&server, "")).collect();
        is_healthy(&server);
        assert_eq!(busy.join().unwrap().json()["verdict"], "pass");
        // the first ones made place
        let mut first = &idle[0];
        first.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        assert_eq!(first.read(&mut [0]).unwrap(), 0);
        is_healthy(&server);
    });
}

#[test]
fn a_connection_has_many_questions_and_is_closed_when_it_has_none() {
    let server = Server::start(&[]);
    let mut stream = half(&server, "");
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", server.at);
    stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
    for _ in 0..3 {
        std::thread::sleep(Duration::from_secs(1));
        stream.write_all(request.as_bytes()).unwrap();
        let mut heard = [0; 1024];
        let length = stream.read(&mut heard).unwrap();
        assert!(String::from_utf8_lossy(&heard[..length]).ends_with("ok\n"));
    }
    let began = Instant::now();
    assert_eq!(rest(stream), "");
    assert!((8..13).contains(&began.elapsed().as_secs()), "it was closed after {:?}", began.elapsed());
}
