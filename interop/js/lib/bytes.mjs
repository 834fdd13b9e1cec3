// Bytes to and from a stream.

import { Xorshift } from './xorshift.mjs';

const BUFFER = 32 << 10; // written at once

/** What comes from a stream. */
export class Input {
  #stream;
  #kept = null; // read, and not taken yet

  constructor(stream) {
    this.#stream = stream;
  }

  /** Some bytes, at most this many; null at the end. */
  async some(most = Infinity) {
    const data = this.#kept ?? (await this.#stream.read());
    this.#kept = null;
    if (data === null || data.length <= most) return data;
    this.#kept = data.subarray(most);
    return data.subarray(0, most);
  }

  /** This many bytes, or fewer when the end comes before. */
  async upTo(count) {
    const parts = [];
    for (let data; count > 0 && (data = await this.some(count)); count -= data.length) parts.push(data);
    return Buffer.concat(parts);
  }

  async exactly(count) {
    const data = await this.upTo(count);
    if (data.length < count) throw new Error(`end after ${data.length} of ${count} bytes`);
    return data;
  }

  /** Everything until the end; this many bytes of a stream whose end does not show. */
  async whole(count) {
    return this.upTo(this.#stream.seesEnd ? Infinity : count);
  }

  async discard() {
    while (await this.some());
  }
}

/** 8 bytes, big-endian. */
export function number(value) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, BigInt(value)));
  return bytes;
}

/** Sends the first bytes that a seed gives. */
export async function sendGenerated(stream, length, seed) {
  const source = new Xorshift(seed);
  for (let left = length; left > 0; left -= BUFFER) await stream.write(source.bytes(Math.min(BUFFER, left)));
}
