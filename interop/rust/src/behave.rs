//! The service that the program offers on every stream. The first byte that arrives chooses what happens to the
//! stream; `interop/go/README.md` has the list.

use std::io;
use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use sha2::{Digest, Sha256};
use yamux::Stream;

use crate::session::{Incoming, Session};
use crate::xorshift::Xorshift;

const CUT_BYTES: u64 = 100_000; // what 'K' and 'C' send before they break the transfer off
const CUT_SEED: u64 = 1;

const SLOW_CHUNK: usize = 4 << 10;
const SLOW_PAUSE: Duration = Duration::from_millis(1);
const SLOW_MAX: u64 = 4 << 20;

/// Bytes that are read or written at once.
const BUFFER: usize = 32 << 10;

/// What is done with the streams that the peer opens.
#[derive(Clone, Copy)]
pub enum Service {
    Behaviours,
    Echo,
}

/// Serves the streams that the peer opens, until the session ends. With a limit it serves no more than that many; the
/// library takes the rest all the same, and they stay unread and unacknowledged.
pub async fn serve(
    session: &Session,
    mut incoming: Incoming,
    service: Service,
    limit: Option<usize>,
) {
    let mut unserved = Vec::new();
    let mut served = 0;
    while let Some(mut stream) = incoming.next().await {
        if limit == Some(served) {
            unserved.push(stream);
            continue;
        }
        served += 1;
        let session = session.clone();
        tokio::spawn(async move {
            let result = match service {
                Service::Behaviours => behave(&mut stream, &session).await,
                Service::Echo => echo(&mut stream).await,
            };
            if let Err(e) = result {
                eprintln!("stream {}: {e}", stream.id());
            }
        });
    }
}

/// Returns when the stream may be dropped, which resets it unless it has ended.
async fn behave(stream: &mut Stream, session: &Session) -> io::Result<()> {
    let mut what = [0];
    if stream.read(&mut what).await? == 0 {
        return stream.close().await; // a visitor without a word
    }
    match what[0] {
        b'E' => echo(stream).await,
        b'S' => sink(stream).await,
        b'G' => generate(stream).await,
        b'R' => stream.read_exact(&mut what).await, // and drop
        b'L' => read_slowly(stream).await,
        b'K' => {
            send_generated(stream, CUT_BYTES, CUT_SEED).await?;
            session.kill().await;
            Ok(())
        }
        b'C' => {
            send_generated(stream, CUT_BYTES, CUT_SEED).await?;
            session.close().await;
            Ok(())
        }
        b'O' => open(stream, session).await,
        // Also 'A': the library sends GoAway only when it closes the session.
        other => {
            stream.close().await?;
            Err(io::Error::other(format!(
                "unknown behaviour {:?}",
                other as char
            )))
        }
    }
}

async fn echo(stream: &mut Stream) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return stream.close().await,
            count => stream.write_all(&buffer[..count]).await?,
        }
    }
}

/// Replies only after the visitor has ended its direction.
async fn sink(stream: &mut Stream) -> io::Result<()> {
    let mut sum = Sha256::new();
    let mut total: u64 = 0;
    let mut buffer = vec![0; BUFFER];
    loop {
        match stream.read(&mut buffer).await? {
            0 => break,
            count => {
                sum.update(&buffer[..count]);
                total += count as u64;
            }
        }
    }
    let mut report = total.to_be_bytes().to_vec();
    report.extend_from_slice(&sum.finalize());
    reply(stream, &report).await
}

/// Ends its own direction first, and goes on reading.
async fn generate(stream: &mut Stream) -> io::Result<()> {
    let mut number = [0; 8];
    stream.read_exact(&mut number).await?;
    let length = u64::from_be_bytes(number);
    stream.read_exact(&mut number).await?;
    send_generated(stream, length, u64::from_be_bytes(number)).await?;
    stream.close().await?;
    discard(stream).await
}

/// Sends the first bytes that a seed gives.
pub async fn send_generated<W>(writer: &mut W, length: u64, seed: u64) -> io::Result<()>
where
    W: futures::AsyncWrite + Unpin,
{
    let mut source = Xorshift::new(seed);
    let mut buffer = vec![0; BUFFER];
    let mut left = length;
    while left > 0 {
        let part = &mut buffer[..left.min(BUFFER as u64) as usize];
        source.fill(part);
        writer.write_all(part).await?;
        left -= part.len() as u64;
    }
    Ok(())
}

/// Lets the visitor's window run out again and again. What comes after `SLOW_MAX` is read at full speed and not
/// counted, so that the visitor is never left blocked.
async fn read_slowly(stream: &mut Stream) -> io::Result<()> {
    let mut chunk = vec![0; SLOW_CHUNK];
    let mut total: u64 = 0;
    while total < SLOW_MAX {
        let count = read_full(stream, &mut chunk).await?;
        total += count as u64;
        if count < SLOW_CHUNK {
            break;
        }
        tokio::time::sleep(SLOW_PAUSE).await;
    }
    reply(stream, &total.to_be_bytes()).await?;
    discard(stream).await
}

/// Reads until the buffer is full or the visitor has ended its direction.
async fn read_full(stream: &mut Stream, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match stream.read(&mut buffer[filled..]).await? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

/// Tells the peer how it treats a stream that this side opens.
async fn open(stream: &mut Stream, session: &Session) -> io::Result<()> {
    match exchange(session).await {
        Ok(()) => reply(stream, b"ok").await,
        Err(e) => reply(stream, e.to_string().as_bytes()).await,
    }
}

async fn exchange(session: &Session) -> io::Result<()> {
    let mut stream = session.open().await?;
    stream.write_all(b"Ex").await?;
    stream.close().await?;
    let mut got = Vec::new();
    stream.read_to_end(&mut got).await?;
    if got == b"x" {
        Ok(())
    } else {
        Err(io::Error::other(format!(
            "got {:?} back",
            String::from_utf8_lossy(&got)
        )))
    }
}

async fn reply(stream: &mut Stream, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.close().await
}

async fn discard(stream: &mut Stream) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}
