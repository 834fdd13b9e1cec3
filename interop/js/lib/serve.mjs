// Serves the streams that the peer opens.

import { behave, echo } from './behave.mjs';

const KILL_STATUS = 9;

/** Starts a session, and serves at most options.limit of its streams; those beyond it are neither read nor answered. */
export function serve(start, socket, options) {
  let served = 0;
  const kill = () => socket.write('', () => process.exit(KILL_STATUS)); // once all before it is with the kernel
  const session = start(socket, options.session, (stream) => {
    if (served++ >= options.limit) return;
    const service = options.echo ? echo(stream) : behave(stream, session, kill);
    service.catch((error) => console.error(`stream ${stream.id}: ${error.message}`));
  });
  return session;
}
