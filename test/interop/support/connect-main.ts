import { readFileSync } from 'node:fs';
import { connect } from '../../../src/daemon/client/index.ts';

/** The library's example: connects, pings the server inside the tunnel, says who answered, and leaves. */
const SERVER = Buffer.from([10, 8, 0, 1]);

let answered: (from: string) => void = () => {};
const answer = new Promise<string>((resolve) => {
  answered = resolve;
});

const session = await connect({
  config: readFileSync(process.argv[2] ?? '', 'utf8'),
  onPacket: (packet) => {
    // An ICMP echo reply.
    if (packet[9] === 1 && packet[20] === 0) answered([...packet.subarray(12, 16)].join('.'));
  },
});
const own = (session.address4 ?? '').split('.').map(Number);
session.send(echoRequest(Buffer.from(own), SERVER));
process.stdout.write(`${session.address4 ?? ''} answered by ${await answer}\n`);
await session.close();
process.stdout.write(`ended ${(await session.ended).reason}\n`);

function echoRequest(from: Buffer, to: Buffer): Buffer {
  const packet = Buffer.alloc(28);
  packet.writeUInt8(0x45, 0);
  packet.writeUInt16BE(packet.length, 2);
  packet.writeUInt8(64, 8);
  packet.writeUInt8(1, 9);
  from.copy(packet, 12);
  to.copy(packet, 16);
  packet.writeUInt16BE(checksum(packet.subarray(0, 20)), 10);
  packet.writeUInt8(8, 20);
  packet.writeUInt16BE(7, 24);
  packet.writeUInt16BE(checksum(packet.subarray(20)), 22);
  return packet;
}

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}
