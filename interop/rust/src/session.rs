//! A yamux session, driven by a task of its own. The library only makes progress while its connection is polled, and
//! everything else here wants streams without having the connection.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::channel::{mpsc, oneshot};
use futures::StreamExt;
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};
use yamux::{Config, Connection, ConnectionError, Mode, Stream};

/// Exit status after `K`.
pub const KILL_STATUS: i32 = 9;

/// The receive window with which every stream of the library starts.
pub const WINDOW: usize = yamux::DEFAULT_CREDIT as usize;

/// The library's own limit of streams, which ends the session when it is exceeded.
const MAX_STREAMS: usize = 512;

const CLOSE_TIME: Duration = Duration::from_secs(10);

type Socket = Compat<TcpStream>;
type Opened = oneshot::Sender<Result<Stream, ConnectionError>>;

enum Command {
    Open(Opened),
    End(How, oneshot::Sender<()>), // which is told when the session has ended
}

#[derive(Clone, Copy, PartialEq)]
enum How {
    Close,
    Kill,
}

/// A handle to the task; clones ask the same session.
#[derive(Clone)]
pub struct Session(mpsc::UnboundedSender<Command>);

/// The streams that the peer opens. Its end is the session's.
pub type Incoming = mpsc::UnboundedReceiver<Stream>;

/// Starts a session, and the task that drives it.
pub fn start(socket: TcpStream, mode: Mode, fixed_window: bool) -> io::Result<(Session, Incoming)> {
    socket.set_nodelay(true)?; // header and body are written apart
    let mut config = Config::default();
    config.set_max_num_streams(MAX_STREAMS);
    if fixed_window {
        // leaves nothing by which the windows could grow
        config.set_max_connection_receive_window(Some(MAX_STREAMS * WINDOW));
    }
    let (sender, commands) = mpsc::unbounded();
    let (streams, incoming) = mpsc::unbounded();
    let mut task = Task {
        connection: Connection::new(socket.compat(), config, mode),
        commands,
        opening: VecDeque::new(),
        streams,
        ending: None,
        waiting: Vec::new(),
    };
    tokio::spawn(async move {
        let why = poll_fn(|cx| task.poll(cx)).await;
        eprintln!("session ended: {why}");
        for ended in task.waiting {
            let _ = ended.send(()); // it may have given up
        }
    });
    Ok((Session(sender), incoming))
}

impl Session {
    /// Opens a stream. The peer learns of it with the first bytes that are written, or with an empty write.
    pub async fn open(&self) -> io::Result<Stream> {
        let (sender, opened) = oneshot::channel();
        self.tell(Command::Open(sender));
        match opened.await {
            Ok(result) => result.map_err(io::Error::other),
            Err(_) => Err(io::Error::other("session has ended")),
        }
    }

    /// Sends what the streams have written, and GoAway, and closes the TCP connection; then returns. All this is given
    /// up when the peer does not read it in time.
    pub async fn close(&self) {
        let (sender, ended) = oneshot::channel();
        self.tell(Command::End(How::Close, sender));
        let _ = tokio::time::timeout(CLOSE_TIME, ended).await; // by whatever means
    }

    /// Sends what the streams have written, and ends the process. Returns only when the session has ended before.
    pub async fn kill(&self) {
        let (sender, ended) = oneshot::channel();
        self.tell(Command::End(How::Kill, sender));
        let _ = ended.await;
    }

    fn tell(&self, command: Command) {
        let _ = self.0.unbounded_send(command); // nobody hears it when the session has ended
    }
}

struct Task {
    connection: Connection<Socket>,
    commands: mpsc::UnboundedReceiver<Command>,
    opening: VecDeque<Opened>,
    streams: mpsc::UnboundedSender<Stream>,
    ending: Option<How>,
    waiting: Vec<oneshot::Sender<()>>, // for the end
}

impl Task {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<String> {
        while let Poll::Ready(Some(command)) = self.commands.poll_next_unpin(cx) {
            match command {
                Command::Open(opened) => self.opening.push_back(opened),
                Command::End(how, ended) => {
                    self.ending = Some(how);
                    self.waiting.push(ended);
                }
            }
        }
        if self.ending == Some(How::Close) {
            return self.connection.poll_close(cx).map(|end| match end {
                Ok(()) => "closed".into(),
                Err(e) => e.to_string(),
            });
        }
        self.poll_opening(cx);
        loop {
            match self.connection.poll_next_inbound(cx) {
                Poll::Ready(Some(Ok(stream))) => {
                    let _ = self.streams.unbounded_send(stream); // unwanted streams are reset
                }
                Poll::Ready(Some(Err(e))) => return Poll::Ready(e.to_string()),
                Poll::Ready(None) => return Poll::Ready("by the peer".into()),
                Poll::Pending => break,
            }
        }
        // All that was written is with the kernel by now, as far as it takes it.
        if self.ending == Some(How::Kill) {
            std::process::exit(KILL_STATUS);
        }
        Poll::Pending
    }

    fn poll_opening(&mut self, cx: &mut Context<'_>) {
        while let Some(opened) = self.opening.pop_front() {
            match self.connection.poll_new_outbound(cx) {
                Poll::Ready(result) => {
                    let _ = opened.send(result); // a scenario may have run out of time
                }
                Poll::Pending => {
                    self.opening.push_front(opened);
                    return;
                }
            }
        }
    }
}
