//! Runs the scenarios against a peer that offers the behaviours, and prints a line for each.

use std::io::{self, Write};
use std::time::Duration;

use crate::scenarios::{self, Outcome};
use crate::session::Session;
use crate::xorshift::Xorshift;

/// In the order in which they run.
const SCENARIOS: [&str; 10] = [
    "empty",
    "echo-sizes",
    "echo-concurrent",
    "open-close",
    "late-reply",
    "peer-closes-first",
    "slow-peer",
    "slow-reader",
    "stalled-reader",
    "idle",
];

/// What the library has no call for, and so cannot be checked.
const UNSUPPORTED: [(&str, &str); 2] = [
    ("ping", "rust-yamux pings by itself, and only then"),
    ("no-stream-left", "rust-yamux does not tell its streams"),
];

/// Bounds one scenario, so that a lost wake-up is reported rather than waited for.
const SCENARIO_TIME: Duration = Duration::from_secs(120);

/// Runs all scenarios; returns how many failed. Each gets a random source of its own, so that the seed of the run
/// reproduces it alone.
pub async fn run(
    out: &mut impl Write,
    session: &Session,
    seed: u64,
    idle: Duration,
) -> io::Result<usize> {
    let mut failed = 0;
    for name in SCENARIOS {
        let scenario = run_one(name, session, Xorshift::new(seed), idle);
        let outcome = tokio::time::timeout(SCENARIO_TIME + idle, scenario).await;
        match outcome.unwrap_or_else(|_| Err(io::Error::other("not done in time"))) {
            Ok(()) => writeln!(out, "ok {name}")?,
            Err(why) => {
                failed += 1;
                writeln!(out, "FAIL {name} {why}")?;
            }
        }
    }
    for (name, why) in UNSUPPORTED {
        writeln!(out, "unsupported {name} {why}")?;
    }
    Ok(failed)
}

async fn run_one(name: &str, session: &Session, random: Xorshift, idle: Duration) -> Outcome {
    match name {
        "empty" => scenarios::empty(session).await,
        "echo-sizes" => scenarios::echo_sizes(session, random).await,
        "echo-concurrent" => scenarios::echo_concurrent(session, random).await,
        "open-close" => scenarios::open_close(session).await,
        "late-reply" => scenarios::late_reply(session, random).await,
        "peer-closes-first" => scenarios::peer_closes_first(session, random).await,
        "slow-peer" => scenarios::slow_peer(session, random).await,
        "slow-reader" => scenarios::slow_reader(session, random).await,
        "stalled-reader" => scenarios::stalled_reader(session, random).await,
        "idle" => scenarios::stay_idle(session, random, idle).await,
        _ => unreachable!("no scenario {name}"),
    }
}
