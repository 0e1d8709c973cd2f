import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What a flood is made of; the program's one argument is this as JSON. */
export interface FloodSetup {
  readonly to: { readonly ip: string; readonly port: number };
  /** Addresses that the host answers for. */
  readonly sources: readonly string[];
  /** A file with a packet a line, in hex; each source sends its share. */
  readonly packets: string;
  /** A second. */
  readonly rate: number;
  /** TCP: each source connects and sends its packets as a stream, then holds the connection. */
  readonly tcp: boolean;
}

const setup = JSON.parse(process.argv[2] ?? '{}') as FloodSetup;
const packets = readFileSync(setup.packets, 'utf8')
  .trim()
  .split('\n')
  .map((line) => Buffer.from(line, 'hex'));
const BATCH = 50;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function floodByUdp(): Promise<void> {
  const sockets: Socket[] = [];
  for (const source of setup.sources) {
    const socket = createSocket('udp4');
    socket.on('error', (error) => say(error.message));
    socket.bind(0, source);
    await once(socket, 'listening');
    sockets.push(socket);
  }
  say('flood begins');
  let answers = 0;
  for (const socket of sockets) socket.on('message', () => answers++);
  for (const [index, packet] of packets.entries()) {
    sockets[index % sockets.length]?.send(packet, setup.to.port, setup.to.ip);
    if (index % BATCH === BATCH - 1) await delay((1000 * BATCH) / setup.rate);
  }
  await delay(500);
  say(`flood is over: ${packets.length} sent, ${answers} answered`);
  for (const socket of sockets) socket.close();
}

async function floodByTcp(): Promise<void> {
  let closed = 0;
  const sockets = setup.sources.map((localAddress) => {
    const socket = connect({ host: setup.to.ip, port: setup.to.port, localAddress });
    socket.on('error', () => undefined);
    socket.on('close', () => closed++);
    socket.resume();
    return socket;
  });
  await delay(1000);
  say('flood begins');
  for (const [index, packet] of packets.entries()) {
    sockets[index % sockets.length]?.write(packet);
    if (index % BATCH === BATCH - 1) await delay((1000 * BATCH) / setup.rate);
  }
  await delay(1000);
  say(`flood is over: ${packets.length} sent, ${closed} closed`);
  // Held open until somebody ends this program.
  await once(process.stdin.resume(), 'end');
}

await (setup.tcp ? floodByTcp() : floodByUdp());
