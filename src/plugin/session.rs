//! The handshake of go-plugin, and the streams of its one connection.
//!
//! The host starts davy with a cookie in the environment, reads one line from stdout that says where davy listens, and connects. It
//! opens a stream for control, two for stdout and stderr (which stay empty: davy's log is on stderr itself), and one more for each
//! provider. davy ends with the connection: a host that has died leaves nothing behind.

use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore};
use tokio_util::compat::TokioAsyncReadCompatExt;
use yamux::{Config, Connection, Mode, Stream};

use super::control::Control;
use super::provider::{Calls, Provider};
use super::rpc;

/// The variable that a host sets, so that nobody starts a plugin by mistake; and what it sets it to.
pub const COOKIE: (&str, &str) = ("ARGO_ROLLOUTS_RPC_PLUGIN", "metricprovider");
/// The variable that says where a host wants the socket, if it does.
pub const FOLDER: &str = "PLUGIN_UNIX_SOCKET_DIR";
/// A host connects at once, or not at all.
const PATIENCE: Duration = Duration::from_secs(60);
/// After the host has said that it is the end, its connection ends soon.
const FAREWELL: Duration = Duration::from_secs(1);
/// A host has four streams, and one more for each provider that it asks for again.
const MOST_STREAMS: usize = 64;
const WINDOWS: usize = MOST_STREAMS << 20;
/// How many measurements are made at once.
const AT_ONCE: usize = 8;

/// Serves the host that started davy, until its connection ends; why it ended, in words. The socket is in `folder`, and `say` tells
/// the host where.
///
/// # Errors
///
/// The host did not connect, or there is no place for a socket; in words.
pub fn serve(
    folder: &Path,
    say: impl FnOnce(&str) -> io::Result<()>,
    provider: Arc<dyn Provider>,
) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(async {
        let stream = connected(folder, say).await?;
        Ok(match session(stream, provider).await {
            Ok(()) => "the controller has closed the connection".into(),
            Err(error) => format!("the connection to the controller has ended: {error}"),
        })
    })
}

/// Says where davy listens, and waits for the host. The socket is gone when it has connected.
async fn connected(folder: &Path, say: impl FnOnce(&str) -> io::Result<()>) -> Result<UnixStream, String> {
    let cannot = |error: io::Error| format!("cannot listen in {}: {error}", folder.display());
    let own = tempfile::Builder::new().prefix("davy-").tempdir_in(folder).map_err(cannot)?;
    let path = own.path().join("plugin");
    let listener = UnixListener::bind(&path).map_err(cannot)?;
    let said = say(&format!("1|1|unix|{}|netrpc", path.display()));
    said.map_err(|error| format!("cannot write to standard output: {error}"))?;
    let accepted = tokio::time::timeout(PATIENCE, listener.accept()).await;
    let accepted = accepted.map_err(|_| format!("the controller did not connect within {} s", PATIENCE.as_secs()))?;
    accepted.map(|(stream, _)| stream).map_err(cannot)
}

/// Answers on all streams of a connection, until it ends or the host says so.
async fn session(socket: UnixStream, provider: Arc<dyn Provider>) -> Result<(), yamux::ConnectionError> {
    let mut config = Config::default();
    config.set_max_num_streams(MOST_STREAMS).set_max_connection_receive_window(Some(WINDOWS));
    let mut connection = Connection::new(socket.compat(), config, Mode::Server);
    let host = Host { provider, end: Arc::new(Notify::new()), turns: Arc::new(Semaphore::new(AT_ONCE)) };
    let streams = async {
        let mut opened = 0;
        while let Some(stream) = poll_fn(|context| connection.poll_next_inbound(context)).await {
            host.opened(stream?, opened);
            opened += 1;
        }
        Ok(())
    };
    tokio::select! {
        ended = streams => ended,
        () = farewell(&host.end) => Ok(()),
    }
}

async fn farewell(end: &Notify) {
    end.notified().await;
    tokio::time::sleep(FAREWELL).await;
}

/// Who is at the other end.
struct Host {
    provider: Arc<dyn Provider>,
    end: Arc<Notify>,
    turns: Arc<Semaphore>,
}

impl Host {
    /// Serves a stream: the first is for control, the next two are stdout and stderr, and all others are the provider's.
    fn opened(&self, stream: Stream, before: usize) {
        let runtime = Handle::current();
        let (turns, end) = (Arc::clone(&self.turns), Arc::clone(&self.end));
        match before {
            0 => {
                let service = Arc::new(Control { end });
                std::thread::spawn(move || {
                    let (input, output) = halves(stream, &runtime);
                    // measurements must not keep a host from asking whether davy lives
                    let _ = rpc::serve(input, output, &service, &Arc::new(Semaphore::new(1)), &runtime);
                });
            }
            1 | 2 => {
                tokio::spawn(async move {
                    let mut stream = stream;
                    let _ = stream.close().await;
                });
            }
            _ => {
                let service = Arc::new(Calls(Arc::clone(&self.provider)));
                std::thread::spawn(move || {
                    let (mut input, mut output) = halves(stream, &runtime);
                    if greet(&mut input, &mut output).is_ok() {
                        let _ = rpc::serve(input, output, &service, &turns, &runtime);
                    }
                });
            }
        }
    }
}

/// The host says which provider it means, and hears the same again.
fn greet(input: &mut impl Read, output: &mut impl Write) -> io::Result<()> {
    let mut number = [0; 4];
    input.read_exact(&mut number)?;
    output.write_all(&number)?;
    output.flush()
}

/// A half of a stream, for a thread that may wait.
struct Half<T> {
    half: T,
    runtime: Handle,
}

fn halves(stream: Stream, runtime: &Handle) -> (Half<ReadHalf<Stream>>, Half<WriteHalf<Stream>>) {
    let (input, output) = stream.split();
    (Half { half: input, runtime: runtime.clone() }, Half { half: output, runtime: runtime.clone() })
}

impl Read for Half<ReadHalf<Stream>> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.runtime.block_on(self.half.read(into))
    }
}

impl Write for Half<WriteHalf<Stream>> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.runtime.block_on(self.half.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.runtime.block_on(self.half.flush())
    }
}
