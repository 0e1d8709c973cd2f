import { SeededRandom } from '../../src/base/random.ts';
import { milliseconds, type Now, seconds } from '../../src/base/units.ts';
import { keySource } from '../../src/protocol/negotiate/key-method2.ts';
import { OP } from '../../src/protocol/opcodes.ts';
import { Session } from '../../src/protocol/session/session.ts';
import type { SessionConfig, SessionOutput, SessionTiming } from '../../src/protocol/session/types.ts';
import { prepareWrap } from '../../src/protocol/wrap/prepare.ts';
import { clientIdentity, serverIdentity } from '../sim/certificates.ts';
import { FakeAuthority, FakeTls } from '../sim/fake-tls.ts';
import { WRAPS, type WrapName } from '../sim/settings.ts';
import { bytes, u32 } from './byte-builder.ts';
import { at } from './time.ts';

/** The usual intervals, without renegotiation by time. */
export const TIMING: SessionTiming = {
  tlsTimeout: seconds(2),
  handWindow: seconds(60),
  tranWindow: seconds(3600),
  renegotiateAfter: milliseconds(0),
};

/** The session ids of the two ends. */
export const CLIENT_ID = Buffer.from('c1c2c3c4c5c6c7c8', 'hex');
export const SERVER_ID = Buffer.from('5152535455565758', 'hex');

/** One end of a pair. What its session put out is kept, packets and TLS commands apart. */
export class SessionEnd {
  readonly session: Session;
  readonly tls: FakeTls;
  readonly role: 'client' | 'server';
  /** Everything but packets and TLS commands, in order. */
  readonly seen: SessionOutput[] = [];
  /** Packets that nobody has delivered yet. */
  readonly packets: Buffer[] = [];
  /** Writes its key message by itself when it is due. */
  answers = true;
  /** Makes data keys of each key as soon as it is active. */
  usesKeys = false;
  readonly #random: SeededRandom;

  constructor(role: 'client' | 'server', authority: FakeAuthority, config: SessionConfig, now: Now) {
    this.role = role;
    this.#random = new SeededRandom(role === 'client' ? 1 : 2);
    const identity = role === 'client' ? clientIdentity('alice') : serverIdentity();
    this.tls = new FakeTls({ authority, identity, random: this.#random });
    this.session = new Session(config, now);
  }

  /** Works off what the session wants; TLS answers at once. */
  settle(now: Now): void {
    for (;;) {
      const out = this.session.poll();
      if (out !== undefined) {
        this.#take(out);
        continue;
      }
      const spoken = this.tls.poll();
      if (spoken === undefined) return;
      this.session.handleTls(spoken.tls, spoken.event, now);
    }
  }

  #take(out: SessionOutput): void {
    if (out.kind === 'transmit') this.packets.push(out.bytes);
    else if (out.kind === 'tls-open' || out.kind === 'tls-feed' || out.kind === 'tls-write' || out.kind === 'tls-close')
      this.tls.command(out);
    else this.seen.push(out);
    const due = this.role === 'client' ? 'tls-established' : 'key-method2';
    if (this.answers && out.kind === due) this.writeKeyMessage(out.keyId);
    if (this.usesKeys && out.kind === 'key-active') this.session.makeKeys(out.keyId, 'exporter', 'AES-256-GCM');
  }

  writeKeyMessage(keyId: number): void {
    this.session.writeKeyMethod2(keyId, {
      ...keySource(this.#random, this.role),
      options: `V4,tls-${this.role}`,
      username: undefined,
      password: undefined,
      peerInfo: this.role === 'client' ? 'IV_VER=test\n' : undefined,
    });
  }

  /** The kinds of what was seen, in order. */
  get kinds(): string[] {
    return this.seen.map((out) => out.kind);
  }

  messages(): string[] {
    return this.seen.flatMap((out) => (out.kind === 'message' ? [out.text] : []));
  }
}

/** Two sessions whose packets go straight across. Time stands unless `wait` lets it pass. */
export class SessionPair {
  readonly client: SessionEnd;
  readonly server: SessionEnd;
  readonly #wrap: WrapName;
  #ms = 0;

  constructor(wrap: WrapName = 'tls-crypt', timing: Partial<SessionTiming> = {}, tcp = false) {
    this.#wrap = wrap;
    const authority = new FakeAuthority();
    const make = (role: 'client' | 'server'): SessionEnd => {
      const config = WRAPS[wrap][role];
      let tls = role === 'client' ? 100 : 200;
      const start = role === 'client' ? ('client' as const) : tcp ? ('server' as const) : ('server-after-cookie' as const);
      return new SessionEnd(
        role,
        authority,
        {
          start: { kind: start },
          wrap: { config, prepared: prepareWrap(config, role) },
          localId: role === 'client' ? CLIENT_ID : SERVER_ID,
          remoteId: role === 'client' ? undefined : CLIENT_ID,
          timing: { ...TIMING, ...timing },
          maxControlBytes: 1222,
          random: new SeededRandom(3),
          nextTls: () => ++tls,
        },
        this.now,
      );
    };
    this.client = make('client');
    this.server = make('server');
  }

  /** The cookie exchange, of which a UDP server's session knows nothing: the client's reset is answered. */
  greet(): void {
    this.client.settle(this.now);
    this.client.packets.length = 0;
    const body = bytes([1], u32(0), CLIENT_ID, u32(0));
    const header = { opcode: OP.hardResetServer, keyId: 0, sessionId: SERVER_ID };
    this.client.session.handlePacket(prepareWrap(WRAPS[this.#wrap].server, 'server').open().wrap(header, body, this.now), this.now);
  }

  /** Both put the current key into use, and each later one at once. */
  useKeys(): void {
    for (const end of [this.client, this.server]) {
      end.usesKeys = true;
      end.session.makeKeys(end.session.currentKey.keyId, 'exporter', 'AES-256-GCM');
    }
  }

  get now(): Now {
    return at(this.#ms);
  }

  /** Lets both act until neither has anything to say at this moment. */
  exchange(): void {
    for (;;) {
      this.#act(this.client);
      this.#act(this.server);
      if (this.client.packets.length + this.server.packets.length === 0) return;
      for (const bytes of this.client.packets.splice(0)) this.server.session.handlePacket(bytes, this.now);
      for (const bytes of this.server.packets.splice(0)) this.client.session.handlePacket(bytes, this.now);
    }
  }

  #act(end: SessionEnd): void {
    end.settle(this.now);
    end.session.handleDeadline(this.now);
    end.settle(this.now);
  }

  /** Time passes; what is due happens at its moment. */
  wait(ms: number): void {
    const end = this.#ms + ms;
    for (;;) {
      const next = Math.min(this.client.session.nextDeadline() ?? Infinity, this.server.session.nextDeadline() ?? Infinity);
      if (next > end) break;
      this.#ms = Math.max(this.#ms, next);
      this.exchange();
    }
    this.#ms = end;
    this.exchange();
  }
}
