// The command line: the flags of the Go program, as far as the libraries can do what they say.

import { parseArgs } from 'node:util';

export const USAGE = `usage: node yamuxpeer.mjs -impl chainsafe|yamux-js -listen addr|-dial addr -role client|server [flags]
  -impl name        the library
  -listen addr      accept one connection on after another
  -dial addr        connect
  -role r           client (odd stream ids) or server (even)
  -drive            run the scenarios over the first connection, and exit
  -seed n           with -drive: seed of sizes and contents
  -idle d           with -drive: time without a stream, such as 500ms
  -echo             with -listen: echo on every stream from its first byte, in place of the behaviours
  -accept-limit n   serve only this many streams of a session
  -window bytes     receive window of a stream, at least 262144; chainsafe: up to which it grows
  -keepalive d      interval of pings; 0 = none
  -raw              yamux-js: give it what arrives as it arrives, though it loses frames that are cut; without this it
                    is given whole frames`;

const LEAST_WINDOW = 262144;
const text = { type: 'string' };
const toggle = { type: 'boolean', default: false };

/** Reads the arguments; an error's message is for the user. */
export function parse(args) {
  const { values } = parseArgs({
    args: likeGnu(args),
    options: {
      impl: text,
      listen: text,
      dial: text,
      role: text,
      drive: toggle,
      echo: toggle,
      raw: toggle,
      seed: { ...text, default: String(process.hrtime.bigint()) },
      idle: { ...text, default: '0' },
      'accept-limit': { ...text, default: '-1' },
      window: text,
      keepalive: text,
    },
  });
  check((values.listen === undefined) !== (values.dial === undefined), 'either -listen or -dial is needed');
  check(['client', 'server'].includes(values.role), '-role is client or server');
  check(['chainsafe', 'yamux-js'].includes(values.impl), '-impl is chainsafe or yamux-js');
  check(!values.echo || (values.listen !== undefined && !values.drive), '-echo goes with -listen, and without -drive');
  check(!values.raw || values.impl === 'yamux-js', '-raw is for yamux-js');
  const window = values.window === undefined ? undefined : integer(values.window);
  check(window === undefined || (window >= LEAST_WINDOW && window < 2 ** 32), `-window is at least ${LEAST_WINDOW}`);
  const limit = integer(values['accept-limit']);
  return {
    impl: values.impl,
    listens: values.listen !== undefined,
    address: address(values.listen ?? values.dial),
    drive: values.drive,
    echo: values.echo,
    seed: BigInt.asUintN(64, BigInt(values.seed)),
    idle: duration(values.idle),
    limit: limit < 0 ? Infinity : limit,
    session: {
      role: values.role,
      window,
      raw: values.raw,
      keepalive: values.keepalive === undefined ? undefined : duration(values.keepalive),
    },
  };
}

/** Go's flags have one dash, and take a value that begins with one. */
function likeGnu(args) {
  const result = [];
  const rest = args.values();
  for (const arg of rest) {
    const flag = arg.replace(/^--?(?=[a-z])/, '--');
    const alone = /=|^--(drive|echo|raw)$/.test(flag);
    const { value } = alone ? {} : rest.next();
    result.push(value === undefined ? flag : `${flag}=${value}`);
  }
  return result;
}

function check(condition, why) {
  if (!condition) throw new Error(why);
}

function integer(value) {
  check(/^-?\d+$/.test(value), `${value}: not a number`);
  return Number(value);
}

function address(value) {
  const [, host, port] = /^(.*):(\d+)$/.exec(value) ?? [];
  check(port !== undefined, `${value}: no address`);
  return { host: host || undefined, port: Number(port) };
}

/** Milliseconds, written as in Go, in one unit: 500ms, 10s, 1.5m, or 0. */
function duration(value) {
  if (value === '0') return 0;
  const [, count, unit] = /^([\d.]+)(ms|s|m|h)$/.exec(value) ?? [];
  const time = Number(count) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit];
  check(Number.isFinite(time), `${value}: not a duration such as 500ms`);
  return time;
}
