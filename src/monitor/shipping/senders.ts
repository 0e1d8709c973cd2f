import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { reasonOf, unreachable } from '../../base/errors.ts';
import { Datagrams } from '../../host/datagrams.ts';
import { OutgoingStream } from '../../host/outgoing-stream.ts';
import { RotatingFile } from '../../host/rotating-file.ts';
import { jsonLine } from '../../telemetry/shipping/json-lines.ts';
import { lokiBody } from '../../telemetry/shipping/loki.ts';
import { type ShipRecord, unpackRecord } from '../../telemetry/shipping/record.ts';
import { syslogFrame, type SyslogLook, syslogMessage } from '../../telemetry/shipping/syslog.ts';
import type { ShipHow } from '../config/targets.ts';
import { JSON_BODY, TargetPoster } from '../targets/http.ts';
import type { Sender, SendResult } from '../targets/sender.ts';

/** What brings records to a target. */

type How<K extends ShipHow['kind']> = Extract<ShipHow, { kind: K }>;

const TAKEN: SendResult = { kind: 'taken' };
/** Receivers take this much of a datagram, and of a message on a stream. */
const MOST_DATAGRAM = 8192;
const MOST_MESSAGE = 16_384;

/** The sender for a target's configuration. */
export function shipSender(how: ShipHow): Sender {
  switch (how.kind) {
    case 'syslog':
      return how.transport === 'udp' ? new DatagramSender(how) : new StreamSender(how);
    case 'loki':
      return new LokiSender(how);
    case 'file':
      return new FileSender(how);
    default:
      return unreachable(how);
  }
}

/** What is none, of an older version say, is left out. */
function unpacked(records: readonly Buffer[]): ShipRecord[] {
  return records.flatMap((bytes) => unpackRecord(bytes) ?? []);
}

function failed(thrown: unknown): SendResult {
  return { kind: 'failed', reason: reasonOf(thrown) };
}

/** Syslog over TCP or TLS: nothing is confirmed but by the end of a connection, so connections are short. */
class StreamSender implements Sender {
  readonly where: string;
  readonly #how: How<'syslog'>;
  readonly #look: SyslogLook;
  #stream: OutgoingStream | undefined;
  #closed = false;

  constructor(how: How<'syslog'>) {
    this.#how = how;
    this.where = `${how.host}:${how.port} by ${how.transport}`;
    this.#look = { ...how, maxBytes: MOST_MESSAGE };
  }

  async send(records: readonly Buffer[]): Promise<SendResult> {
    try {
      this.#stream ??= await this.#open();
      await this.#stream.write(Buffer.concat(unpacked(records).map((record) => syslogFrame(syslogMessage(record, this.#look)))));
      return { kind: 'sent' };
    } catch (thrown) {
      this.#drop();
      return failed(thrown);
    }
  }

  async confirm(): Promise<string | undefined> {
    const stream = this.#stream;
    this.#stream = undefined;
    try {
      await stream?.finish();
      return undefined;
    } catch (thrown) {
      return reasonOf(thrown);
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#drop();
    return Promise.resolve();
  }

  async #open(): Promise<OutgoingStream> {
    const stream = await OutgoingStream.open(this.#how);
    if (this.#closed) stream.destroy();
    return stream;
  }

  #drop(): void {
    this.#stream?.destroy();
    this.#stream = undefined;
  }
}

/** Syslog over UDP: what the system took counts as taken. */
class DatagramSender implements Sender {
  readonly where: string;
  readonly #how: How<'syslog'>;
  readonly #look: SyslogLook;
  #socket: Datagrams | undefined;

  constructor(how: How<'syslog'>) {
    this.#how = how;
    this.where = `${how.host}:${how.port} by udp`;
    this.#look = { ...how, maxBytes: MOST_DATAGRAM };
  }

  async send(records: readonly Buffer[]): Promise<SendResult> {
    try {
      this.#socket ??= await Datagrams.open(this.#how.host, this.#how.port);
      for (const record of unpacked(records)) await this.#socket.send(syslogMessage(record, this.#look));
      return TAKEN;
    } catch (thrown) {
      await this.close();
      return failed(thrown);
    }
  }

  close(): Promise<void> {
    this.#socket?.close();
    this.#socket = undefined;
    return Promise.resolve();
  }
}

const compressed = promisify(gzip);

/** Loki's push API. */
class LokiSender implements Sender {
  readonly where: string;
  readonly #how: How<'loki'>;
  readonly #poster: TargetPoster;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(how: How<'loki'>) {
    this.#how = how;
    this.#poster = new TargetPoster(how, how.url.pathname.endsWith('/push') ? '' : '/loki/api/v1/push');
    this.where = this.#poster.where;
    this.#headers = {
      ...JSON_BODY,
      ...(how.gzip && { 'content-encoding': 'gzip' }),
      ...(how.tenant !== undefined && { 'x-scope-orgid': how.tenant }),
    };
  }

  async send(records: readonly Buffer[]): Promise<SendResult> {
    const known = unpacked(records);
    if (known.length === 0) return TAKEN;
    const body = Buffer.from(lokiBody(known, this.#how));
    return this.#poster.post(this.#how.gzip ? await compressed(body) : body, this.#headers);
  }

  close(): Promise<void> {
    this.#poster.close();
    return Promise.resolve();
  }
}

/** A file of JSON lines. */
class FileSender implements Sender {
  readonly where: string;
  readonly #file: RotatingFile;

  constructor({ path, rotation }: How<'file'>) {
    this.where = path;
    this.#file = new RotatingFile(path, rotation);
  }

  async send(records: readonly Buffer[]): Promise<SendResult> {
    try {
      await this.#file.append(unpacked(records).map(jsonLine).join(''));
      return TAKEN;
    } catch (thrown) {
      return failed(thrown);
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
