//! A host that speaks nonsense: the plugin ends, or goes on with what makes sense. It never panics.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::gates;
use crate::shell::Shell;

/// A plugin whose host the test is.
struct Plugin {
    shell: Shell,
    child: Child,
    socket: UnixStream,
}

impl Plugin {
    fn start() -> Plugin {
        let shell = gates();
        let mut command = Command::new(env!("CARGO_BIN_EXE_davy"));
        command.current_dir(shell.path("")).args(["argo-plugin", "--configs", "gates"]);
        command.env("ARGO_ROLLOUTS_RPC_PLUGIN", "metricprovider").env("PLUGIN_UNIX_SOCKET_DIR", shell.path(""));
        let log = std::fs::File::create(shell.path("log")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let parts: Vec<&str> = line.trim_end().split('|').collect();
        let ["1", "1", "unix", path, "netrpc"] = parts[..] else { panic!("{line}") };
        assert!(path.starts_with(shell.path("").to_str().unwrap()), "the socket is where the host wants it: {path}");
        let socket = UnixStream::connect(path).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        Plugin { shell, child, socket }
    }

    /// Sends a frame: its type, flags, stream and length, and what follows.
    fn frame(&mut self, kind: u8, flags: u16, stream: u32, length: u32, body: &[u8]) {
        let mut frame = vec![0, kind];
        frame.extend_from_slice(&flags.to_be_bytes());
        frame.extend_from_slice(&stream.to_be_bytes());
        frame.extend_from_slice(&length.to_be_bytes());
        frame.extend_from_slice(body);
        // a plugin may have gone away in between
        let _ = self.socket.write_all(&frame);
    }

    /// Opens streams for control, stdout, stderr and the provider, and sends this on the last.
    fn provider(&mut self, bytes: &[u8]) {
        for stream in [1, 3, 5, 7] {
            self.frame(1, 1, stream, 0, &[]);
        }
        let body = [&[1, 0, 0, 0][..], bytes].concat();
        self.frame(0, 0, 7, u32::try_from(body.len()).unwrap(), &body);
    }

    /// Closes the connection; what the plugin said, and how it ended.
    fn ended(mut self) -> (String, Option<i32>) {
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
        let began = Instant::now();
        let code = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.code();
            }
            assert!(began.elapsed() < Duration::from_secs(10), "the plugin lives on");
            std::thread::sleep(Duration::from_millis(20));
        };
        (self.shell.read("log"), code)
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn nonsense_ends_the_connection_and_not_the_sense() {
    let noise: Vec<u8> = (0..4_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let long = [0xf8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    let send: [&dyn Fn(&mut Plugin); 9] = [
        &|plugin| drop(plugin.socket.write_all(&noise)),
        &|plugin| drop(plugin.socket.write_all(b"GET / HTTP/1.1\r\n\r\n")),
        // a frame that is longer than its window, of another version, of a stream that nobody opened
        &|plugin| plugin.frame(0, 1, 1, u32::MAX, &[]),
        &|plugin| plugin.frame(9, 1, 1, 0, &[]),
        &|plugin| plugin.frame(0, 0, 9, 4, b"abcd"),
        &|plugin| plugin.provider(&long),
        &|plugin| plugin.provider(&noise[..900]),
        &|plugin| plugin.provider(&[0x03, 0xff, 0x81, 0x00]),
        // more streams than anybody needs
        &|plugin| (0..500).for_each(|n| plugin.frame(1, 1, 2 * n + 1, 0, &[])),
    ];
    for (at, send) in send.into_iter().enumerate() {
        let mut plugin = Plugin::start();
        send(&mut plugin);
        std::thread::sleep(Duration::from_millis(100));
        let (said, code) = plugin.ended();
        assert!(!said.contains("panicked") && said.contains("the controller"), "{at}: {said}");
        assert_eq!(code, Some(0), "{at}: {said}");
    }
}

#[test]
fn a_stream_of_nonsense_does_not_end_the_others() {
    let mut plugin = Plugin::start();
    plugin.provider(&[0x80; 64]);
    // Control.Ping, as Go sends it: the definition of a request, the request, and true
    let calls = std::fs::read(crate::shell::root().join("fixtures/argo/calls.gob")).unwrap();
    let definition = &calls[..1 + usize::from(calls[0])];
    let ping = b"\x11\xff\x92\x01\x0cControl.Ping\x00";
    let ping = [definition, ping, &[0x03, 0x02, 0x00, 0x01]].concat();
    plugin.frame(0, 0, 1, u32::try_from(ping.len()).unwrap(), &ping);
    let mut heard = Vec::new();
    let mut part = [0; 512];
    while !heard.windows(12).any(|window| window == b"Control.Ping") {
        let read = plugin.socket.read(&mut part).unwrap();
        assert!(read > 0, "the connection was closed");
        heard.extend_from_slice(&part[..read]);
    }
    assert_eq!(plugin.ended().1, Some(0));
}
