// One end of a bare yamux session over TCP. It serves the streams that the other end opens, or drives the other end with
// -drive. interop/go/README.md has the behaviours and scenarios.

import { once } from 'node:events';
import net from 'node:net';

import { drive } from './lib/drive.mjs';
import { parse, USAGE } from './lib/flags.mjs';
import { serve } from './lib/serve.mjs';

const options = parsed();
const { start } = await import(`./lib/${options.impl}.mjs`);

if (options.listens) {
  const server = net.createServer(connected);
  server.listen(options.address.port, options.address.host);
  await once(server, 'listening');
  console.log(`listening on ${server.address().port}`);
} else {
  const socket = net.connect(options.address);
  await once(socket, 'connect');
  await connected(socket);
  process.exit(1); // the session has ended
}

function parsed() {
  try {
    return parse(process.argv.slice(2));
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    process.exit(2);
  }
}

async function connected(socket) {
  socket.setNoDelay(true);
  const session = serve(start, socket, options);
  if (options.drive) {
    console.error(`seed ${options.seed}`);
    const failed = await drive(console.log, session, options.seed, options.idle);
    await session.close();
    process.exit(failed > 0 ? 1 : 0);
  }
  await session.ended;
  console.error('session ended');
}
