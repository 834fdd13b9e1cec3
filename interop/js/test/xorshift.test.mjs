import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Xorshift } from '../lib/xorshift.mjs';

for (const [seed, hex] of [
  [1n, '1ddd6c894bcee4471d6579e0a8a6cfab571f73eb'],
  [0n, '7a48219ae2b3830d679dfef1794cc454780e7a00'],
  [0x0123456789abcdefn, '8c70b62c4782947cde281fbf925670d5c005e0a5'],
]) {
  test(`vector of seed ${seed}`, () => {
    assert.equal(new Xorshift(seed).bytes(20).toString('hex'), hex);
  });
}

test('parts of any size give the same bytes', () => {
  const want = new Xorshift(7n).bytes(10_000);
  const source = new Xorshift(7n);
  const parts = [];
  for (let size = 0, left = want.length; left > 0; left -= parts.at(-1).length, size = (size + 3) % 29) {
    parts.push(source.bytes(Math.min(size, left)));
  }
  assert.deepEqual(Buffer.concat(parts), want);
});

// BigInt is the plain way to write the generator down; the halves of 32 bits have to agree with it.
test('the halves carry as 64 bits do', () => {
  const source = new Xorshift(99n);
  let state = 99n;
  for (let n = 0; n < 10_000; n++) {
    state ^= state >> 12n;
    state = BigInt.asUintN(64, state ^ (state << 25n));
    state ^= state >> 27n;
    assert.equal(source.seed(), BigInt.asUintN(64, state * 0x2545f4914f6cdd1dn));
  }
});
