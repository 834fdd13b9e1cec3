// The deterministic byte generator of the interoperability programs: xorshift64*, see interop/go/README.md.
// A number holds only 53 bits and a BigInt is slow, so the 64 bits are two halves of 32.

const MULTIPLIER = { high: 0x2545f491, low: 0x4f6cdd1d };
const ZERO_SEED = 0x9e3779b97f4a7c15n;

/** An endless source of the generator's bytes. */
export class Xorshift {
  /** @param {bigint} seed taken modulo 2^64 */
  constructor(seed) {
    const state = BigInt.asUintN(64, seed) || ZERO_SEED;
    this.high = Number(state >> 32n);
    this.low = Number(state & 0xffffffffn);
    this.rest = Buffer.alloc(8);
    this.left = 0; // bytes of rest not handed out yet, at its end
  }

  /** Writes the next word to target, as 8 bytes. */
  #word(target, at) {
    let { high, low } = this;
    low ^= (low >>> 12) | (high << 20);
    high ^= high >>> 12;
    high ^= (high << 25) | (low >>> 7);
    low ^= low << 25;
    low ^= (low >>> 27) | (high << 5);
    high ^= high >>> 27;
    this.high = high;
    this.low = low;
    const overflow = upperHalf(low >>> 0, MULTIPLIER.low);
    const upper = Math.imul(high, MULTIPLIER.low) + Math.imul(low, MULTIPLIER.high) + overflow;
    target.writeInt32LE(Math.imul(low, MULTIPLIER.low), at);
    target.writeInt32LE(upper | 0, at + 4);
  }

  /** The next count bytes. */
  bytes(count) {
    const bytes = Buffer.allocUnsafe(count);
    let at = this.rest.copy(bytes, 0, 8 - this.left);
    this.left -= at;
    for (; count - at >= 8; at += 8) this.#word(bytes, at);
    if (at < count) {
      this.#word(this.rest, 0);
      this.left = 8 - this.rest.copy(bytes, at);
    }
    return bytes;
  }

  /** A number from 0 to max, which is below 2^48. */
  upTo(max) {
    return this.bytes(8).readUIntLE(0, 6) % (max + 1);
  }

  /** 64 bits. */
  seed() {
    return this.bytes(8).readBigUInt64LE();
  }
}

/** The upper 32 bits of the product of two numbers of 32 bits. */
function upperHalf(a, b) {
  const [aHigh, aLow, bHigh, bLow] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const other = aLow * bHigh + (middle & 0xffff);
  return aHigh * bHigh + (middle >>> 16) + (other >>> 16);
}
