//! One end of a bare yamux session over TCP. It serves the streams that the other end opens, or drives the other end
//! with -drive. `interop/go/README.md` has the behaviours and scenarios.

mod behave;
mod drive;
mod flags;
mod scenarios;
mod session;
#[cfg(test)]
mod tests;
mod xorshift;

use std::io;
use std::process::exit;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::net::{TcpListener, TcpStream};

use behave::serve;
use flags::Options;
use session::start;

fn main() -> io::Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let seed = now.map_or(1, |time| time.as_nanos() as u64);
    let options = flags::parse(std::env::args().skip(1), seed).unwrap_or_else(|why| {
        eprintln!("{why}\n{}", flags::USAGE);
        exit(2)
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run(&options))
}

async fn run(options: &Options) -> io::Result<()> {
    if !options.listens {
        connected(options, TcpStream::connect(&options.address).await?).await?;
        exit(1); // the session has ended
    }
    let listener = TcpListener::bind(&options.address).await?;
    println!("listening on {}", listener.local_addr()?.port());
    loop {
        let (socket, _) = listener.accept().await?;
        connected(options, socket).await?;
    }
}

async fn connected(options: &Options, socket: TcpStream) -> io::Result<()> {
    let (session, incoming) = start(socket, options.mode, options.fixed_window)?;
    let (service, limit) = (options.service, options.accept_limit);
    if !options.drive {
        serve(&session, incoming, service, limit).await;
        return Ok(());
    }
    eprintln!("seed {}", options.seed);
    let others = session.clone();
    tokio::spawn(async move { serve(&others, incoming, service, limit).await }); // the peer may open streams meanwhile
    let failed = drive::run(&mut io::stdout(), &session, options.seed, options.idle).await?;
    session.close().await;
    exit(i32::from(failed > 0))
}
