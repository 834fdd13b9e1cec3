// What the program checks when it opens the streams. Every byte is compared.

import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { Input, number, sendGenerated } from './bytes.mjs';
import { Xorshift } from './xorshift.mjs';

const MIB = 1 << 20;
const CONCURRENT = 200;
const PINGS = 100;
const SETTLE_TIME = 10_000; // ms that streams which both sides have ended may take to leave the session's table

/** What the library cannot do. */
export class Unsupported extends Error {}

/** By name, in the order in which they run. Each gets a random source of its own, so that a seed reproduces it alone. */
export const SCENARIOS = {
  empty,
  'echo-sizes': echoSizes,
  'echo-concurrent': echoConcurrent,
  'open-close': openClose,
  'late-reply': lateReply,
  'peer-closes-first': peerClosesFirst,
  'slow-peer': slowPeer,
  'slow-reader': (session, random) => generated(session, 2 * MIB, random.seed(), 1),
  'stalled-reader': stalledReader,
  ping,
  idle,
  'no-stream-left': noStreamLeft,
};

/** Ends its direction without a byte, and expects the same. */
async function empty(session) {
  needsEnd(session);
  const stream = await session.open();
  await stream.end();
  await expectEnd(new Input(stream), session);
}

function needsEnd(session) {
  if (!session.seesEnd) throw new Unsupported('the library does not notice the end of a stream');
}

async function echoSizes(session, random) {
  const sizes = [0, 1, 11, 12, 13, 4095, 4096, 65536, (256 << 10) - 1, 256 << 10, (256 << 10) + 1, 16 * MIB];
  for (let n = 0; n < 8; n++) sizes.push(random.upTo(16 * MIB));
  for (const size of sizes) await within(`${size} bytes`, echo(session, size, random.seed()));
}

async function echoConcurrent(session, random) {
  const echoes = [];
  for (let n = 0; n < CONCURRENT; n++) echoes.push(echo(session, random.upTo(MIB / 2), random.seed()));
  await Promise.all(echoes);
}

/** Ends every stream at once, before the peer can have answered anything. */
async function openClose(session) {
  for (let n = 0; n < 500; n++) await within(`stream ${n}`, empty(session));
}

/** Gets the whole answer after it has ended its own direction. */
async function lateReply(session, random) {
  for (const size of [0, 1, 100_000, 3 * MIB + 7]) {
    const data = new Xorshift(random.seed()).bytes(size);
    const want = Buffer.concat([number(size), createHash('sha256').update(data).digest()]);
    await within(`${size} bytes`, answered(session, 'S', data, want));
  }
}

/** Sends to a peer that reads with pauses. */
async function slowPeer(session, random) {
  const size = MIB + 1;
  await answered(session, 'L', new Xorshift(random.seed()).bytes(size), number(size));
}

async function answered(session, what, data, want) {
  const stream = await request(session, what, data);
  await stream.end();
  await expect(new Input(stream), want);
}

/** Goes on sending after the peer has ended its direction. */
async function peerClosesFirst(session, random) {
  for (const size of [0, 1, 100_000, 5 * MIB + 3]) {
    await within(`${size} bytes`, generated(session, size, random.seed(), 0));
  }
}

/** Leaves one stream unread while others must get on. */
async function stalledReader(session, random) {
  const seed = random.seed();
  const stalled = await request(session, 'G', Buffer.concat([number(2 * MIB), number(seed)]));
  for (let n = 0; n < 5; n++) await within('beside a stalled stream', echo(session, MIB, random.seed()));
  const input = new Input(stalled);
  await compare(input, seed, 2 * MIB, 0);
  await expectEnd(input, session);
  await stalled.end();
}

async function ping(session) {
  if (!session.ping) throw new Unsupported('the library does not tell of the answer');
  for (let n = 0; n < PINGS; n++) await within(`ping ${n}`, session.ping());
}

/** Leaves the session to the keep-alives of both sides. */
async function idle(session, random, time) {
  await sleep(time);
  if (session.ping) await session.ping();
  else await echo(session, 1, random.seed());
}

async function noStreamLeft(session) {
  needsEnd(session);
  const end = Date.now() + SETTLE_TIME;
  while (session.streamCount() > 0) {
    if (Date.now() > end) throw new Error(`${session.streamCount()} streams left`);
    await sleep(10);
  }
}

async function generated(session, size, seed, pause) {
  const stream = await request(session, 'G', Buffer.concat([number(size), number(seed)]));
  const input = new Input(stream);
  await compare(input, seed, size, pause);
  await expectEnd(input, session);
  await within("sending after the peer's end", stream.write(Buffer.alloc(MIB)));
  await stream.end();
}

/** Opens a stream and sends the letter of a behaviour with what follows it. */
async function request(session, what, first) {
  const stream = await session.open();
  await stream.write(Buffer.from(what));
  if (first.length > 0) await stream.write(first);
  return stream;
}

async function echo(session, size, seed) {
  const stream = await request(session, 'E', Buffer.alloc(0));
  const send = async () => {
    await sendGenerated(stream, size, seed);
    await stream.end();
  };
  const receive = async () => {
    const input = new Input(stream);
    await compare(input, seed, size, 0);
    await expectEnd(input, session);
  };
  await Promise.all([send(), receive()]);
}

/** Reads size bytes, and wants them to be those that the seed gives. */
async function compare(input, seed, size, pause) {
  const want = new Xorshift(seed);
  for (let at = 0; at < size; ) {
    const got = await input.some(Math.min(size - at, 32 << 10));
    if (got === null) throw new Error(`end after ${at} of ${size} bytes`);
    if (want.bytes(got.length).compare(got) !== 0) throw new Error(`wrong bytes between ${at} and ${at + got.length}`);
    at += got.length;
    if (pause > 0) await sleep(pause);
  }
}

async function expect(input, want) {
  const got = await input.whole(want.length);
  if (got.compare(want) === 0) return;
  throw new Error(`got ${got.length} bytes ${got.toString('hex', 0, 64)}, want ${want.toString('hex')}`);
}

async function expectEnd(input, session) {
  if (session.seesEnd) await expect(input, Buffer.alloc(0));
}

async function within(what, promise) {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Unsupported) throw error;
    throw new Error(`${what}: ${error.message}`, { cause: error });
  }
}
