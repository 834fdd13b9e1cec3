// A session over yamux-js.

import { Client, Server } from 'yamux-js';

const HEADER = 12;
const DATA = 0;

/** Calls take with one whole frame after another: the library loses what is cut at the end of a chunk. */
export function wholeFrames(take) {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= HEADER) {
      const end = HEADER + (rest[1] === DATA ? rest.readUInt32BE(8) : 0);
      if (rest.length < end) return;
      take(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
  };
}

/** A stream that is read and written like a file. */
class Stream {
  seesEnd = false;
  #stream;
  #chunks;
  #error = null;

  constructor(stream) {
    this.#stream = stream;
    stream.on('error', (error) => (this.#error = error));
    this.#chunks = stream.iterator({ destroyOnReturn: false });
  }

  get id() {
    return this.#stream.ID();
  }

  /** Some bytes. The library does not notice the end that the peer has sent. */
  async read() {
    const { value } = await this.#chunks.next();
    if (value === undefined) throw this.#error ?? new Error('session has ended');
    return value;
  }

  async write(data) {
    await new Promise((resolve, reject) => {
      this.#stream.write(data, (error) => (error ? reject(error) : resolve()));
    });
    if (this.#error) throw this.#error;
  }

  async end() {
    this.#stream.close();
  }

  /** There is no reset. */
  reset() {
    this.#stream.close();
  }
}

/** Starts a session; onStream gets every stream that the peer opens. */
export function start(socket, { role, window, keepalive, raw }, onStream) {
  const config = { logger: console.error };
  if (window !== undefined) config.maxStreamWindowSize = window;
  if (keepalive !== undefined) {
    config.enableKeepAlive = keepalive > 0;
    if (keepalive > 0) config.keepAliveInterval = keepalive / 1000;
  }
  const session =
    role === 'client' ? new Client(config) : new Server((stream) => onStream(new Stream(stream)), config);
  session.onStream = (stream) => onStream(new Stream(stream)); // a client cannot be given one
  session.on('error', (error) => console.error(`session: ${error.message}`));
  const take = (bytes) => session.write(bytes);
  socket.on('data', raw ? take : wholeFrames(take));
  session.pipe(socket);
  socket.on('error', () => {}); // followed by close
  socket.on('close', () => session.close());
  return {
    ended: new Promise((resolve) => socket.on('close', resolve)),
    seesEnd: false,
    open: async () => {
      if (session.isClosed()) throw new Error('session has ended');
      return new Stream(session.open());
    },
    ping: null, // its ping() does not tell of the answer
    streamCount: () => session.streams.size,
    goAway: async () => session.goAway(0),
    async close() {
      session.close();
      await this.ended;
    },
  };
}
