// The service that the program offers on every stream. The first byte that arrives chooses what happens to the stream;
// interop/go/README.md has the list.

import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { Input, number, sendGenerated } from './bytes.mjs';

const CUT_BYTES = 100_000; // what 'K' and 'C' send before they break the transfer off
const CUT_SEED = 1n;

const SLOW_CHUNK = 4 << 10;
const SLOW_PAUSE = 1; // ms
const SLOW_MAX = 4 << 20;

/** Runs the behaviour that the first byte asks for. */
export async function behave(stream, session, kill) {
  const input = new Input(stream);
  const what = (await input.upTo(1)).toString('latin1');
  switch (what) {
    case '': // a visitor without a word
      return stream.end();
    case 'E':
      return echo(stream, input);
    case 'S':
      return sink(stream, input);
    case 'G':
      return generate(stream, input);
    case 'R':
      await input.upTo(1);
      return stream.reset();
    case 'L':
      return readSlowly(stream, input);
    case 'K':
      await sendGenerated(stream, CUT_BYTES, CUT_SEED);
      return kill();
    case 'C':
      await sendGenerated(stream, CUT_BYTES, CUT_SEED);
      return session.close();
    case 'A':
      if (!session.goAway) break;
      await session.goAway();
      return echo(stream, input);
    case 'O':
      return reply(stream, Buffer.from(await exchange(session)));
  }
  await stream.end();
  throw new Error(`unknown behaviour ${JSON.stringify(what)}`);
}

export async function echo(stream, input = new Input(stream)) {
  for (let data; (data = await input.some()); ) await stream.write(data);
  await stream.end();
}

/** Replies only after the visitor has ended its direction. */
async function sink(stream, input) {
  const sum = createHash('sha256');
  let total = 0;
  for (let data; (data = await input.some()); total += data.length) sum.update(data);
  await reply(stream, Buffer.concat([number(total), sum.digest()]));
}

/** Ends its own direction first, and goes on reading. */
async function generate(stream, input) {
  const request = await input.exactly(16);
  await sendGenerated(stream, Number(request.readBigUInt64BE(0)), request.readBigUInt64BE(8));
  await stream.end();
  await input.discard();
}

/** Lets the visitor's window run out again and again. What comes after SLOW_MAX is read at full speed and not counted. */
async function readSlowly(stream, input) {
  let total = 0;
  while (total < SLOW_MAX) {
    const { length } = await input.upTo(SLOW_CHUNK);
    total += length;
    if (length < SLOW_CHUNK) break;
    await sleep(SLOW_PAUSE);
  }
  await reply(stream, number(total));
  await input.discard();
}

/** Tells how the peer treats a stream that this side opens. */
async function exchange(session) {
  try {
    const stream = await session.open();
    await stream.write(Buffer.from('Ex'));
    await stream.end();
    const got = await new Input(stream).whole(1);
    return got.toString() === 'x' ? 'ok' : `got ${JSON.stringify(got.toString())} back`;
  } catch (error) {
    return error.message;
  }
}

async function reply(stream, data) {
  await stream.write(data);
  await stream.end();
}
