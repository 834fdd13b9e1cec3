import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parse } from '../lib/flags.mjs';

const parsed = (line) => parse(line.split(' '));

test('all flags', () => {
  const options = parsed(
    '-impl yamux-js -dial h:1 -role server -drive -seed -1 -idle 1.5m -accept-limit 3 -window 262144 -keepalive 50ms -raw',
  );
  assert.deepEqual(options.address, { host: 'h', port: 1 });
  assert.equal(options.seed, 2n ** 64n - 1n);
  assert.equal(options.idle, 90_000);
  assert.equal(options.limit, 3);
  assert.deepEqual(options.session, { role: 'server', window: 262144, raw: true, keepalive: 50 });
});

for (const line of [
  '-impl chainsafe -role client',
  '-impl chainsafe -listen h:1',
  '-impl chainsafe -listen h:1 -dial h:2 -role client',
  '-impl other -listen h:1 -role client',
  '-impl chainsafe -listen h -role client',
  '-impl chainsafe -dial h:1 -role client -echo',
  '-impl chainsafe -dial h:1 -role client -raw',
  '-impl chainsafe -listen h:1 -role client -window 262143',
  '-impl chainsafe -listen h:1 -role client -keepalive 5',
  '-impl chainsafe -listen h:1 -role client -backlog 1',
]) {
  test(`refused: ${line}`, () => assert.throws(() => parsed(line)));
}
