// The libraries against themselves, over TCP.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, test } from 'node:test';

import { drive } from '../lib/drive.mjs';
import { SCENARIOS } from '../lib/scenarios.mjs';
import { serve } from '../lib/serve.mjs';
import { wholeFrames } from '../lib/yamux-js.mjs';

const sockets = [];
after(() => sockets.forEach((socket) => socket.destroy()));

async function pair(start, serverOptions) {
  const listener = net.createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const dialled = net.connect(listener.address().port, '127.0.0.1');
  const [accepted] = await once(listener, 'connection');
  listener.close();
  sockets.push(dialled, accepted);
  const session = { keepalive: 50 };
  return {
    client: serve(start, dialled, { limit: Infinity, session: { ...session, role: 'client' } }),
    server: serve(start, accepted, { limit: Infinity, ...serverOptions, session: { ...session, role: 'server' } }),
  };
}

// The longest scenario is left to the runs against other implementations.
const MOST = Object.keys(SCENARIOS).filter((name) => name !== 'echo-sizes');

// Against itself yamux-js gets no further than 256 streams, since it never forgets one, nor beyond a window a tenth of a
// second, for which it sleeps when it has no credit.
const SHORT = ['empty', 'peer-closes-first', 'ping', 'idle', 'no-stream-left'];

for (const [name, names, works] of [
  ['chainsafe', MOST, 11],
  ['yamux-js', SHORT, 2],
]) {
  const { start } = await import(`../lib/${name}.mjs`);
  for (const role of ['client', 'server']) {
    test(`scenarios of ${name}, driven by the ${role}`, { timeout: 100_000 }, async () => {
      const ends = await pair(start, { echo: false });
      const lines = [];
      const failed = await drive((line) => lines.push(line), ends[role], 42n, 100, names);
      assert.equal(failed, 0, lines.join('\n'));
      assert.equal(lines.filter((line) => line.startsWith('ok ')).length, works, lines.join('\n'));
      await ends.client.close();
    });
  }

  // A peer that does not do what it should has to be reported, or the scenarios prove nothing.
  test(`${name} reports a wrong peer`, { timeout: 20_000 }, async () => {
    const ends = await pair(start, { echo: true });
    const lines = [];
    const failed = await drive((line) => lines.push(line), ends.client, 42n, 0, ['echo-sizes', 'slow-peer']);
    assert.equal(failed, 2, lines.join('\n'));
    await ends.client.close();
  });
}

test('frames come whole, however they are cut', () => {
  const data = Buffer.from('000000000000000100000003' + '414243', 'hex');
  const ping = Buffer.from('000200010000000000000007', 'hex');
  const all = Buffer.concat([data, ping, data]);
  for (let cut = 1; cut < all.length; cut++) {
    const frames = [];
    const take = wholeFrames((frame) => frames.push(Buffer.from(frame)));
    for (let at = 0; at < all.length; at += cut) take(all.subarray(at, at + cut));
    assert.deepEqual(frames, [data, ping, data], `cut at ${cut}`);
  }
});
