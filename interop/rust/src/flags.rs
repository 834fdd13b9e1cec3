//! The command line: the flags of the Go program, as far as the library can do what they say.

use std::time::Duration;

use yamux::Mode;

use crate::behave::Service;
use crate::session::WINDOW;

pub const USAGE: &str = "\
usage: yamuxpeer -listen addr|-dial addr -role client|server [flags]
  -listen addr      accept one connection on after another
  -dial addr        connect
  -role r           client (odd stream ids) or server (even)
  -impl rust-yamux  the only one there is
  -drive            run the scenarios over the first connection, and exit
  -seed n           with -drive: seed of sizes and contents
  -idle d           with -drive: time without a stream, such as 500ms
  -echo             with -listen: echo on every stream from its first byte, in place of the behaviours
  -accept-limit n   serve only this many streams of a session
  -window bytes     262144: receive windows stay so; they grow by themselves without this flag
  -keepalive d      0: the library has none";

/// What the command line asks for.
pub struct Options {
    pub listens: bool,
    pub address: String,
    pub mode: Mode,
    pub drive: bool,
    pub seed: u64,
    pub idle: Duration,
    pub service: Service,
    pub accept_limit: Option<usize>,
    pub fixed_window: bool,
}

/// Reads the arguments after the program's name. The error is for the user.
pub fn parse(arguments: impl Iterator<Item = String>, seed: u64) -> Result<Options, String> {
    let mut options = Options {
        listens: false,
        address: String::new(),
        mode: Mode::Client,
        drive: false,
        seed,
        idle: Duration::ZERO,
        service: Service::Behaviours,
        accept_limit: None,
        fixed_window: false,
    };
    let mut role = None;
    let mut arguments = arguments.fuse();
    while let Some(argument) = arguments.next() {
        let flag = argument.trim_start_matches('-');
        match flag {
            "drive" => options.drive = true,
            "echo" => options.service = Service::Echo,
            _ => {
                let value = arguments.next();
                let value =
                    value.ok_or_else(|| format!("{argument}: no such flag, or no value"))?;
                match flag {
                    "listen" | "dial" if options.address.is_empty() => {
                        options.listens = flag == "listen";
                        options.address = value;
                    }
                    "role" => role = Some(parse_role(&value)?),
                    _ => set(&mut options, flag, &value)
                        .map_err(|why| format!("{argument} {value}: {why}"))?,
                }
            }
        }
    }
    options.mode = role.ok_or("-role is missing")?;
    if options.address.is_empty() {
        return Err("either -listen or -dial is needed".into());
    }
    if matches!(options.service, Service::Echo) && (options.drive || !options.listens) {
        return Err("-echo goes with -listen, and without -drive".into());
    }
    Ok(options)
}

fn parse_role(role: &str) -> Result<Mode, String> {
    match role {
        "client" => Ok(Mode::Client),
        "server" => Ok(Mode::Server),
        _ => Err(format!("-role {role}: neither client nor server")),
    }
}

fn set(options: &mut Options, flag: &str, value: &str) -> Result<(), String> {
    match flag {
        "seed" => options.seed = number::<i64>(value)? as u64,
        "idle" => options.idle = duration(value)?,
        "accept-limit" => options.accept_limit = usize::try_from(number::<i64>(value)?).ok(),
        "impl" if value == "rust-yamux" => (),
        "window" if number::<usize>(value)? == WINDOW => options.fixed_window = true,
        "window" => return Err("rust-yamux cannot announce a window other than 262144".into()),
        "keepalive" if duration(value)?.is_zero() => (),
        "keepalive" => return Err("rust-yamux has no keep-alive".into()),
        _ => return Err("no such flag, or not twice".into()),
    }
    Ok(())
}

fn number<T: std::str::FromStr>(value: &str) -> Result<T, String> {
    value.parse().map_err(|_| "not such a number".into())
}

/// As Go writes them, in one unit: 500ms, 10s, 1.5m, or 0.
fn duration(value: &str) -> Result<Duration, String> {
    let unit = value.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "" if value == "0" => 0.0,
        _ => return Err("not a duration such as 500ms".into()),
    };
    let count: f64 = number(&value[..value.len() - unit.len()])?;
    Duration::try_from_secs_f64(count * seconds).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Options, String> {
        parse(line.split_whitespace().map(String::from), 1)
    }

    #[test]
    fn durations() {
        for (text, milliseconds) in [("500ms", 500), ("10s", 10_000), ("1.5m", 90_000), ("0", 0)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)));
        }
        for text in ["", "5", "ms", "-1s", "1s2", "1e400s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn all_flags() {
        let line = "-dial h:1 -role server -impl rust-yamux -drive -seed -1 -idle 1s -accept-limit 3 -window 262144 -keepalive 0";
        let options = parsed(line).unwrap();
        assert!(!options.listens && options.drive && options.fixed_window);
        assert_eq!(options.address, "h:1");
        assert_eq!(options.mode, Mode::Server);
        assert_eq!(options.seed, u64::MAX);
        assert_eq!(options.idle, Duration::from_secs(1));
        assert_eq!(options.accept_limit, Some(3));
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        for line in [
            "-role client",
            "-listen h:1",
            "-listen h:1 -dial h:2 -role client",
            "-listen h:1 -role both",
            "-dial h:1 -role client -echo",
            "-listen h:1 -role client -window 300000",
            "-listen h:1 -role client -keepalive 1s",
            "-listen h:1 -role client -impl other",
            "-listen h:1 -role client -backlog 1",
            "-listen h:1 -role",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
        assert!(parsed("-listen h:1 -role client -echo").is_ok());
    }
}
