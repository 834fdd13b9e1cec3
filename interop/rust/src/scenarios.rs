//! What the program checks when it opens the streams. Every byte is compared.

use std::io;
use std::time::Duration;

use futures::future::{join_all, try_join};
use futures::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use sha2::{Digest, Sha256};
use yamux::Stream;

use crate::behave::send_generated;
use crate::session::Session;
use crate::xorshift::Xorshift;

pub type Outcome = io::Result<()>;

const MIB: usize = 1 << 20;
const CONCURRENT: usize = 200;
const AT_ONCE: Duration = Duration::ZERO;

/// Ends its direction without a byte, and expects the same.
pub async fn empty(session: &Session) -> Outcome {
    let mut stream = session.open().await?;
    let none = stream.write(&[]).await?; // a stream that was never written to is never announced
    assert_eq!(none, 0);
    stream.close().await?;
    expect_end(&mut stream).await
}

pub async fn echo_sizes(session: &Session, mut random: Xorshift) -> Outcome {
    let window = 256 << 10;
    let mut sizes = vec![0, 1, 11, 12, 13, 4095, 4096, 65536];
    sizes.extend([window - 1, window, window + 1, 16 * MIB]);
    sizes.extend((0..8).map(|_| random.up_to(16 * MIB)));
    for size in sizes {
        let result = echo(session, size, random.word()).await;
        result.map_err(|e| within(format!("{size} bytes"), e))?;
    }
    Ok(())
}

pub async fn echo_concurrent(session: &Session, mut random: Xorshift) -> Outcome {
    let echoes = (0..CONCURRENT).map(|_| echo(session, random.up_to(MIB / 2), random.word()));
    join_all(echoes).await.into_iter().collect()
}

/// Ends every stream at once, before the peer can have answered anything.
pub async fn open_close(session: &Session) -> Outcome {
    for n in 0..500 {
        let result = empty(session).await;
        result.map_err(|e| within(format!("stream {n}"), e))?;
    }
    Ok(())
}

/// Gets the whole answer after it has ended its own direction.
pub async fn late_reply(session: &Session, mut random: Xorshift) -> Outcome {
    for size in [0, 1, 100_000, 3 * MIB + 7] {
        let data = Xorshift::new(random.word()).bytes(size);
        let result = sink(session, &data).await;
        result.map_err(|e| within(format!("{size} bytes"), e))?;
    }
    Ok(())
}

async fn sink(session: &Session, data: &[u8]) -> Outcome {
    let mut stream = request(session, b'S', data).await?;
    stream.close().await?;
    let mut want = (data.len() as u64).to_be_bytes().to_vec();
    want.extend_from_slice(&Sha256::digest(data));
    expect(&mut stream, &want).await
}

/// Goes on sending after the peer has ended its direction.
pub async fn peer_closes_first(session: &Session, mut random: Xorshift) -> Outcome {
    for size in [0, 1, 100_000, 5 * MIB + 3] {
        let result = generated(session, size, random.word(), AT_ONCE).await;
        result.map_err(|e| within(format!("{size} bytes"), e))?;
    }
    Ok(())
}

/// Reads with pauses, so that the peer runs out of window.
pub async fn slow_reader(session: &Session, mut random: Xorshift) -> Outcome {
    generated(session, 2 * MIB, random.word(), Duration::from_millis(1)).await
}

/// Leaves one stream unread while others must get on.
pub async fn stalled_reader(session: &Session, mut random: Xorshift) -> Outcome {
    let seed = random.word();
    let mut stalled = request(session, b'G', &length_and_seed(2 * MIB, seed)).await?;
    for _ in 0..5 {
        let result = echo(session, MIB, random.word()).await;
        result.map_err(|e| within("beside a stalled stream".into(), e))?;
    }
    compare(&mut stalled, seed, 2 * MIB, AT_ONCE).await?;
    expect_end(&mut stalled).await?;
    stalled.close().await
}

/// Sends to a peer that reads with pauses.
pub async fn slow_peer(session: &Session, mut random: Xorshift) -> Outcome {
    let size = MIB + 1;
    let data = Xorshift::new(random.word()).bytes(size);
    let mut stream = request(session, b'L', &data).await?;
    stream.close().await?;
    expect(&mut stream, &(size as u64).to_be_bytes()).await
}

/// Leaves the session to the keep-alives of the peer. The library cannot be asked for a ping, so an echo shows that the
/// session lives.
pub async fn stay_idle(session: &Session, mut random: Xorshift, idle: Duration) -> Outcome {
    tokio::time::sleep(idle).await;
    echo(session, 1, random.word()).await
}

async fn generated(session: &Session, size: usize, seed: u64, pause: Duration) -> Outcome {
    let mut stream = request(session, b'G', &length_and_seed(size, seed)).await?;
    compare(&mut stream, seed, size, pause).await?;
    expect_end(&mut stream).await?;
    let result = stream.write_all(&vec![0; MIB]).await;
    result.map_err(|e| within("sending after the peer's end".into(), e))?;
    stream.close().await
}

fn length_and_seed(length: usize, seed: u64) -> [u8; 16] {
    ((u128::from(length as u64) << 64) | u128::from(seed)).to_be_bytes()
}

/// Opens a stream and sends the letter of a behaviour with what follows it.
async fn request(session: &Session, what: u8, first: &[u8]) -> io::Result<Stream> {
    let mut stream = session.open().await?;
    stream.write_all(&[what]).await?;
    stream.write_all(first).await?;
    Ok(stream)
}

async fn echo(session: &Session, size: usize, seed: u64) -> Outcome {
    let (mut reader, mut writer) = request(session, b'E', &[]).await?.split();
    let send = async {
        send_generated(&mut writer, size as u64, seed).await?;
        writer.close().await
    };
    let receive = async {
        compare(&mut reader, seed, size, AT_ONCE).await?;
        expect_end(&mut reader).await
    };
    try_join(send, receive).await.map(|_| ())
}

/// Reads `size` bytes, and wants them to be those that the seed gives.
async fn compare<R>(reader: &mut R, seed: u64, size: usize, pause: Duration) -> Outcome
where
    R: AsyncRead + Unpin,
{
    let mut want = Xorshift::new(seed);
    let mut buffer = vec![0; 32 << 10];
    let mut at = 0;
    while at < size {
        let most = buffer.len().min(size - at);
        let count = reader.read(&mut buffer[..most]).await?;
        if count == 0 {
            return Err(io::Error::other(format!("end after {at} of {size} bytes")));
        }
        if buffer[..count] != want.bytes(count) {
            let end = at + count;
            return Err(io::Error::other(format!(
                "wrong bytes between {at} and {end}"
            )));
        }
        at += count;
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
    Ok(())
}

async fn expect<R: AsyncRead + Unpin>(reader: &mut R, want: &[u8]) -> Outcome {
    let mut got = Vec::new();
    reader.read_to_end(&mut got).await?;
    if got == want {
        return Ok(());
    }
    let shown = &got[..got.len().min(64)];
    Err(io::Error::other(format!(
        "got {} bytes {shown:x?}, want {want:x?}",
        got.len()
    )))
}

async fn expect_end<R: AsyncRead + Unpin>(reader: &mut R) -> Outcome {
    expect(reader, &[]).await
}

fn within(what: String, cause: io::Error) -> io::Error {
    io::Error::other(format!("{what}: {cause}"))
}
