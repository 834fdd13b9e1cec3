// A session over @chainsafe/libp2p-yamux, whose muxer wants the connection that libp2p would give it.

import { setTimeout as sleep } from 'node:timers/promises';

Promise.withResolvers ??= () => {
  // the library needs it, and Node.js has it since version 22 only
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
};
const { yamux } = await import('@chainsafe/libp2p-yamux');
const { AbstractMessageStream } = await import('@libp2p/utils');

const QUEUE = 64 << 10; // bytes that wait for a reader before the stream is paused
const DEFAULT_WINDOW = 16 << 20; // the library's

const log = Object.assign(() => {}, { trace() {}, error() {}, newScope: () => log });

/** A TCP socket as the connection under a muxer. */
class Connection extends AbstractMessageStream {
  constructor(socket, role) {
    super({ log, direction: role === 'client' ? 'outbound' : 'inbound' });
    this.socket = socket;
    socket.on('data', (data) => this.onData(data));
    socket.on('drain', () => this.safeDispatchEvent('drain'));
    socket.on('error', () => {}); // followed by close
    socket.on('close', () => this.onTransportClosed());
  }

  sendData(data) {
    const sentBytes = data.byteLength; // before the socket takes it
    return { sentBytes, canSendMore: this.socket.write(data.subarray()) };
  }

  sendReset() {
    this.socket.destroySoon(); // a GoAway is to arrive
  }

  sendPause() {
    this.socket.pause();
  }

  sendResume() {
    this.socket.resume();
  }

  async close() {
    this.socket.destroySoon();
  }
}

/** A stream that is read and written like a file. */
class Stream {
  halfCloses = true;
  seesEnd = true;
  #stream;
  #queue = [];
  #queued = 0;
  #finished = false; // FIN has come
  #ended = false; // and nothing is left before it
  #error = null;
  #wake = () => {};

  constructor(stream) {
    this.#stream = stream;
    stream.addEventListener('message', ({ data }) => this.#take(Buffer.from(data.subarray())));
    stream.addEventListener('remoteCloseWrite', () => (this.#finished = true));
    stream.addEventListener('end', () => {
      this.#ended = true;
      this.#wake();
    });
    stream.addEventListener('close', ({ error }) => {
      if (!this.#finished || error) this.#error = error ?? new Error('session has ended');
      this.#wake();
    });
  }

  get id() {
    return this.#stream.id;
  }

  #take(data) {
    this.#queue.push(data);
    this.#queued += data.length;
    this.#wake();
    // Not at once: a stream that is paused during its first frame is never acknowledged.
    if (this.#queued >= QUEUE) queueMicrotask(() => this.#pause());
  }

  #pause() {
    if (this.#queued >= QUEUE && this.#stream.readStatus === 'readable') this.#stream.pause();
  }

  /** Some bytes, or null at the end. */
  async read() {
    while (this.#queue.length === 0) {
      if (this.#stream.readStatus === 'paused') this.#stream.resume();
      if (this.#queue.length > 0) break;
      if (this.#error) throw this.#error;
      if (this.#ended) return null;
      await new Promise((resolve) => (this.#wake = resolve));
    }
    const data = this.#queue.shift();
    this.#queued -= data.length;
    return data;
  }

  /** Returns when the library has sent everything. */
  async write(data) {
    this.#stream.send(data);
    while (this.#stream.writeBufferLength > 0) {
      await Promise.race([next(this.#stream, 'idle'), next(this.#stream, 'close')]);
      if (this.#error) throw this.#error;
    }
  }

  async end() {
    await this.#stream.close();
  }

  reset() {
    this.#stream.abort(new Error('reset'));
  }
}

function next(target, type) {
  return new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));
}

/** Starts a session; onStream gets every stream that the peer opens. */
export function start(socket, { role, window = DEFAULT_WINDOW, keepalive }, onStream) {
  const muxer = yamux({
    enableKeepAlive: keepalive !== 0,
    keepAliveInterval: keepalive || undefined,
    // What is on its way when a stream is paused must fit, or the library resets it.
    streamOptions: { maxStreamWindowSize: window, maxReadBufferLength: window },
  })().createStreamMuxer(new Connection(socket, role));
  muxer.addEventListener('stream', ({ detail }) => onStream(new Stream(detail)));
  return {
    ended: new Promise((resolve) => socket.on('close', resolve)),
    seesEnd: true,
    open: async () => new Stream(await muxer.createStream()),
    ping: () => muxer.ping(),
    streamCount: () => muxer.streams.length,
    goAway: null, // only together with the end of all streams
    /** As the end of a process would: the library's own close ends every stream in good order first. */
    async close() {
      await sleep(0); // the muxer sends in microtasks
      socket.destroySoon();
      await this.ended;
    },
  };
}
