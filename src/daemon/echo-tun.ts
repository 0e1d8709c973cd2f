import { after, between, type Duration, type Instant, seconds } from '../base/units.ts';
import type { Clock } from '../host/clock.ts';
import type { Tun, TunReceiver } from '../host/tun.ts';

/**
 * A TUN device without a system behind it: answers ICMP echo requests, and sends its own. What `ping` needs of a host, so
 * that clients in one process can show that their tunnels carry packets. IPv4 only.
 */
const HEADER = 20;
const ECHO = 8;
const PROTOCOL_ICMP = 1;
const TYPE = { request: 8, reply: 0 } as const;
const PAYLOAD = 56;

/** A reply that takes longer does not count. */
const PATIENCE = seconds(5);

/** What the pings of one device came to. */
export interface PingCounts {
  readonly sent: number;
  readonly answered: number;
  /** Of the newest reply; undefined before the first. */
  readonly roundTrip: Duration | undefined;
}

/** See the file's head. */
export class EchoTun implements Tun {
  readonly name = undefined;
  readonly dropped = 0;
  readonly #clock: Clock;
  /** Sets this device's requests apart from others'. */
  readonly #identifier: number;
  readonly #waiting = new Map<number, Instant>();
  #receiver: TunReceiver | undefined;
  #sequence = 0;
  #sent = 0;
  #answered = 0;
  #roundTrip: Duration | undefined;

  /** `identifier` is a number of 16 bits. */
  constructor(clock: Clock, identifier: number) {
    this.#clock = clock;
    this.#identifier = identifier & 0xffff;
  }

  get counts(): PingCounts {
    return { sent: this.#sent, answered: this.#answered, roundTrip: this.#roundTrip };
  }

  start(receiver: TunReceiver): void {
    this.#receiver = receiver;
  }

  stop(): Promise<void> {
    this.#receiver = undefined;
    return Promise.resolve();
  }

  close(): void {
    this.#receiver = undefined;
  }

  /** Sends one echo request between two addresses of 4 bytes. */
  ping(source: Buffer, destination: Buffer): void {
    const now = this.#clock.now().at;
    for (const [sequence, sentAt] of this.#waiting) {
      if (between(sentAt, now) > PATIENCE) this.#waiting.delete(sequence);
    }
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#waiting.set(this.#sequence, now);
    this.#sent++;
    this.#receiver?.packet(echoPacket(TYPE.request, source, destination, this.#identifier, this.#sequence));
  }

  /** A packet out of the tunnel. */
  write(packet: Buffer): void {
    const ihl = ((packet[0] ?? 0) & 15) * 4;
    const isEcho = (packet[0] ?? 0) >> 4 === 4 && packet[9] === PROTOCOL_ICMP && ihl >= HEADER && packet.length >= ihl + ECHO;
    if (!isEcho) return;
    if (packet[ihl] === TYPE.request) this.#answer(packet, ihl);
    else if (packet[ihl] === TYPE.reply) this.#takeReply(packet.readUInt16BE(ihl + 4), packet.readUInt16BE(ihl + 6));
  }

  /** The same packet back: addresses changed about, which keeps the IP checksum, and the ICMP checksum made anew. */
  #answer(request: Buffer, ihl: number): void {
    const reply = Buffer.from(request);
    request.copy(reply, 12, 16, 20);
    request.copy(reply, 16, 12, 16);
    reply[ihl] = TYPE.reply;
    writeChecksum(reply.subarray(ihl), 2);
    // In a turn of its own: the plane is not called back from within its own call.
    this.#clock.schedule(this.#clock.now().at, () => this.#receiver?.packet(reply));
  }

  #takeReply(identifier: number, sequence: number): void {
    const sentAt = this.#waiting.get(sequence);
    if (identifier !== this.#identifier || sentAt === undefined) return;
    const now = this.#clock.now().at;
    this.#waiting.delete(sequence);
    if (now > after(sentAt, PATIENCE)) return;
    this.#answered++;
    this.#roundTrip = between(sentAt, now);
  }
}

function echoPacket(type: number, source: Buffer, destination: Buffer, identifier: number, sequence: number): Buffer {
  const packet = Buffer.alloc(HEADER + ECHO + PAYLOAD, 0x2e);
  packet.fill(0, 0, HEADER + ECHO);
  packet[0] = 0x45;
  packet.writeUInt16BE(packet.length, 2);
  packet[8] = 64;
  packet[9] = PROTOCOL_ICMP;
  source.copy(packet, 12);
  destination.copy(packet, 16);
  writeChecksum(packet.subarray(0, HEADER), 10);
  packet[HEADER] = type;
  packet.writeUInt16BE(identifier, HEADER + 4);
  packet.writeUInt16BE(sequence, HEADER + 6);
  writeChecksum(packet.subarray(HEADER), 2);
  return packet;
}

/** The checksum of RFC 1071 over `bytes`, written at `at`. */
function writeChecksum(bytes: Buffer, at: number): void {
  bytes.writeUInt16BE(0, at);
  let sum = 0;
  for (let index = 0; index + 1 < bytes.length; index += 2) sum += bytes.readUInt16BE(index);
  if (bytes.length % 2 === 1) sum += (bytes.at(-1) ?? 0) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  bytes.writeUInt16BE(~sum & 0xffff, at);
}
