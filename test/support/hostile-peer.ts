import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { SeededRandom } from '../../src/base/random.ts';
import { Secret } from '../../src/base/secret.ts';
import { seconds } from '../../src/base/units.ts';
import { SystemClock } from '../../src/host/clock.ts';
import { NodeTlsDevice } from '../../src/host/tls.ts';
import type { KeyMethod2 } from '../../src/protocol/negotiate/key-method2.ts';
import { Session } from '../../src/protocol/session/session.ts';
import { freshSessionId } from '../../src/protocol/session/session-id.ts';
import type { SessionOutput } from '../../src/protocol/session/types.ts';
import type { TlsPeer } from '../../src/protocol/tls.ts';
import { prepareWrap } from '../../src/protocol/wrap/prepare.ts';
import type { WrapConfig } from '../../src/protocol/wrap/config.ts';
import type { TestPki } from './pki.ts';

/** A certificate with its key, as PEM texts. */
export interface Credentials {
  readonly certPem: string;
  readonly keyPem: string;
}

/** Who a hostile peer talks to, and as whom. */
export interface HostilePeerOptions {
  readonly port: number;
  readonly pki: TestPki;
  readonly wrap: WrapConfig;
  readonly credentials?: Credentials;
}

const HOST = '127.0.0.1';
const clock = new SystemClock();
let made = 0;

/**
 * A client that knows the keys and means harm: it does its TLS handshake over a real UDP socket like any other, and what it
 * says inside is up to the test, key method 2 or not.
 */
export class HostilePeer {
  /** What it sent, packet by packet. */
  readonly sent: Buffer[] = [];
  /** Everything that came out of its session. */
  readonly outputs: SessionOutput[] = [];
  readonly #options: HostilePeerOptions;
  readonly #socket: Socket;
  readonly #session: Session;
  readonly #tls: NodeTlsDevice;
  #tlsNumber = 0;
  #changed: () => void = () => {};
  #cancel: () => void = () => {};

  private constructor(options: HostilePeerOptions, socket: Socket) {
    this.#options = options;
    this.#socket = socket;
    const { wrap, pki, credentials = pki.alice } = options;
    const random = new SeededRandom(++made);
    this.#tls = new NodeTlsDevice(
      {
        cert: { name: 'cert', pem: credentials.certPem },
        key: { name: 'key', pem: new Secret(credentials.keyPem) },
        ca: { name: 'ca', pem: pki.ca.certPem },
        requestCertificate: true,
      },
      (tls, event) => {
        this.#session.handleTls(tls, event, clock.now());
        this.#settle();
      },
    );
    this.#session = new Session(
      {
        start: { kind: 'client' },
        wrap: { config: wrap, prepared: prepareWrap(wrap, 'client') },
        localId: freshSessionId(random),
        remoteId: undefined,
        timing: { tlsTimeout: seconds(2), handWindow: seconds(60), tranWindow: seconds(3600), renegotiateAfter: seconds(0) },
        maxControlBytes: 1222,
        random,
        nextTls: () => ++this.#tlsNumber,
      },
      clock.now(),
    );
    socket.on('message', (bytes) => {
      this.#session.handlePacket(bytes, clock.now());
      this.#settle();
    });
  }

  /** Opens a socket and begins; the handshake goes on by itself. */
  static async start(options: HostilePeerOptions): Promise<HostilePeer> {
    const socket = createSocket('udp4');
    socket.bind(0, HOST);
    await once(socket, 'listening');
    const peer = new HostilePeer(options, socket);
    peer.#settle();
    return peer;
  }

  /** The same, until TLS stands. */
  static async connect(options: HostilePeerOptions): Promise<HostilePeer> {
    const peer = await HostilePeer.start(options);
    await peer.until('TLS', () => (peer.peer === undefined ? undefined : true));
    return peer;
  }

  /** What TLS showed; undefined before it stands. */
  get peer(): TlsPeer | undefined {
    return this.outputs.find((out) => out.kind === 'tls-established')?.peer;
  }

  /** Control messages that came. */
  get messages(): string[] {
    return this.outputs.flatMap((out) => (out.kind === 'message' ? [out.text] : []));
  }

  /** One TLS record with these bytes in it. */
  say(bytes: Buffer): void {
    this.#tls.command({ kind: 'tls-write', tls: this.#tlsNumber, message: bytes });
  }

  /** A well-formed key message of the session. */
  introduce(message: KeyMethod2): void {
    this.#session.writeKeyMethod2(0, message);
    this.#settle();
  }

  /** Any bytes, from its address. */
  throw(bytes: Buffer): void {
    this.#socket.send(bytes, this.#options.port, HOST);
  }

  /** What `look` gives once that is not undefined. */
  until<T>(what: string, look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${what} did not come`)), 15_000);
      this.#changed = () => {
        const found = look();
        if (found === undefined) return;
        clearTimeout(timer);
        resolve(found);
      };
      this.#changed();
    });
  }

  close(): void {
    this.#cancel();
    this.#session.close();
    this.#tls.close();
    this.#socket.close();
  }

  #settle(): void {
    for (let out = this.#session.poll(); out !== undefined; out = this.#session.poll()) {
      this.outputs.push(out);
      if (out.kind === 'transmit') {
        this.sent.push(out.bytes);
        this.throw(out.bytes);
      } else if (out.kind === 'tls-open' || out.kind === 'tls-feed' || out.kind === 'tls-write' || out.kind === 'tls-close')
        this.#tls.command(out);
    }
    this.#cancel();
    const deadline = this.#session.nextDeadline();
    if (deadline !== undefined) {
      this.#cancel = clock.schedule(deadline, () => {
        this.#session.handleDeadline(clock.now());
        this.#settle();
      });
    }
    this.#changed();
  }
}
