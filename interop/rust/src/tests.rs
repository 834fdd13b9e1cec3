//! The program against itself, over TCP.

use std::io;
use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use yamux::Mode;

use crate::behave::{serve, Service};
use crate::drive;
use crate::session::{start, Incoming, Session};

type End = (Session, Incoming);

async fn pair(fixed_window: bool) -> io::Result<(End, End)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let dialled = TcpStream::connect(listener.local_addr()?).await?;
    let (accepted, _) = listener.accept().await?;
    Ok((
        start(dialled, Mode::Client, fixed_window)?,
        start(accepted, Mode::Server, fixed_window)?,
    ))
}

fn block_on<T>(future: impl std::future::Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap().block_on(future)
}

async fn drive_one(driver: &Session) -> (usize, String) {
    let mut out = Vec::new();
    let failed = drive::run(&mut out, driver, 42, Duration::from_millis(10)).await;
    (failed.unwrap(), String::from_utf8(out).unwrap())
}

#[test]
fn scenarios_in_both_roles() {
    for fixed_window in [true, false] {
        for client_drives in [true, false] {
            block_on(async {
                let (client, server) = pair(fixed_window).await.unwrap();
                let (us, them) = if client_drives {
                    (client, server)
                } else {
                    (server, client)
                };
                tokio::spawn(
                    async move { serve(&them.0, them.1, Service::Behaviours, None).await },
                );
                let (failed, out) = drive_one(&us.0).await;
                assert_eq!((failed, out.matches("ok ").count()), (0, 10), "{out}");
            });
        }
    }
}

/// A peer that does not do what it should has to be reported, or the scenarios prove nothing.
#[test]
fn scenarios_fail_against_a_wrong_peer() {
    block_on(async {
        let (client, (_server, mut incoming)) = pair(true).await.unwrap();
        tokio::spawn(async move {
            while let Some(mut stream) = incoming.next().await {
                stream.write_all(b"nonsense").await.unwrap(); // and a reset
            }
        });
        let (failed, out) = drive_one(&client.0).await;
        assert_eq!(failed, 10, "{out}");
    });
}

#[test]
fn a_plain_echo() {
    block_on(async {
        let (client, server) = pair(true).await.unwrap();
        tokio::spawn(async move { serve(&server.0, server.1, Service::Echo, None).await });
        let mut stream = client.0.open().await.unwrap();
        stream.write_all(b"Sx").await.unwrap();
        stream.close().await.unwrap();
        let mut got = Vec::new();
        stream.read_to_end(&mut got).await.unwrap();
        assert_eq!(got, b"Sx");
    });
}

#[test]
fn streams_beyond_the_limit_are_not_served() {
    block_on(async {
        let (client, server) = pair(true).await.unwrap();
        tokio::spawn(async move { serve(&server.0, server.1, Service::Echo, Some(1)).await });
        let mut streams = Vec::new();
        for _ in 0..2 {
            let mut stream = client.0.open().await.unwrap();
            stream.write_all(b"x").await.unwrap();
            streams.push(stream);
        }
        assert_eq!(streams[0].read(&mut [0]).await.unwrap(), 1);
        assert!(streams[1].is_pending_ack());
    });
}
