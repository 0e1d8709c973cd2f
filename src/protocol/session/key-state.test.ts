import { describe, expect, it } from 'vitest';
import { filled, text } from '../../../test/support/byte-builder.ts';
import { CLIENT_ID, SERVER_ID, TIMING } from '../../../test/support/session-pair.ts';
import { at } from '../../../test/support/time.ts';
import { SeededRandom } from '../../base/random.ts';
import type { ControlBody } from '../control-body.ts';
import { encodeKeyMethod2, type KeyMethod2, keySource } from '../negotiate/key-method2.ts';
import { type ControlOpcode, OP } from '../opcodes.ts';
import type { TlsPeer } from '../tls.ts';
import { KeyState } from './key-state.ts';
import type { SessionOutput } from './types.ts';

const PEER: TlsPeer = {
  version: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
  temporaryKey: undefined,
  chain: [],
  chainError: undefined,
  exportKey: (_, length) => Buffer.alloc(length, 1),
};

const NOTHING = Buffer.alloc(0);

interface Sent {
  readonly opcode: ControlOpcode;
  readonly body: ControlBody;
}

/** A server's key state with its surroundings recorded. */
class Bench {
  readonly sent: Sent[] = [];
  readonly outputs: SessionOutput[] = [];
  readonly state: KeyState;

  constructor(reset?: ControlOpcode, room = 100, byPeer = false) {
    this.state = new KeyState(
      { keyId: 0, role: 'server', tls: 1, reset, byPeer, timing: TIMING },
      {
        payloadRoom: () => room,
        holdsAcks: () => false,
        send: (_, opcode, body) => void this.sent.push({ opcode, body }),
        output: (out) => void this.outputs.push(out),
        remoteId: () => CLIENT_ID,
      },
      at(0),
    );
  }

  hear(id: number, payload: Buffer = Buffer.of(id), acks: readonly number[] = [], ms = 0): 'taken' | 'window' {
    return this.state.handleBody(OP.control, { acks, ackSession: acks.length > 0 ? SERVER_ID : undefined, messageId: id, payload }, at(ms));
  }

  acknowledge(acks: readonly number[], ms = 0): void {
    this.state.handleBody(OP.ack, { acks, ackSession: SERVER_ID, messageId: undefined, payload: NOTHING }, at(ms));
  }

  speak(bytes: Buffer, ms = 0): void {
    this.state.handleTls({ kind: 'ciphertext', bytes }, at(ms));
  }

  read(bytes: Buffer): void {
    this.state.handleTls({ kind: 'plaintext', bytes }, at(0));
  }

  get kinds(): string[] {
    return this.outputs.map((out) => out.kind);
  }
}

function message(from: 'client' | 'server'): KeyMethod2 {
  return { ...keySource(new SeededRandom(1), from), options: 'V4', username: undefined, password: undefined, peerInfo: undefined };
}

/** As far as TLS being established. */
function established(): Bench {
  const bench = new Bench();
  bench.state.handleTls({ kind: 'established', peer: PEER }, at(0));
  return bench;
}

describe('the beginning', () => {
  it('by the peer is answered with a reset that acknowledges its own, and nothing else', () => {
    const bench = new Bench(OP.softReset, 100, true);
    expect(bench.sent).toEqual([]);
    const reset = { acks: [], ackSession: undefined, messageId: 0, payload: NOTHING };
    expect(bench.state.handleBody(OP.softReset, reset, at(0))).toBe('taken');
    bench.state.handleDeadline(at(0));
    expect(bench.sent).toEqual([{ opcode: OP.softReset, body: { acks: [0], ackSession: CLIENT_ID, messageId: 0, payload: NOTHING } }]);
  });

  it('after a cookie opens TLS at once, and counts messages from 1', () => {
    const bench = new Bench();
    expect(bench.state.phase.kind).toBe('handshaking');
    expect(bench.outputs).toEqual([{ kind: 'tls-open', tls: 1, role: 'server' }]);
    expect(bench.sent).toEqual([]);
    expect(bench.hear(1)).toBe('taken');
    bench.speak(Buffer.from('hello'));
    expect(bench.sent[0]?.body).toEqual({ acks: [1], ackSession: CLIENT_ID, messageId: 1, payload: Buffer.from('hello') });
  });

  it('with a reset waits for its acknowledgement', () => {
    const bench = new Bench(OP.softReset);
    expect(bench.sent).toEqual([{ opcode: OP.softReset, body: { acks: [], ackSession: undefined, messageId: 0, payload: NOTHING } }]);
    expect(bench.state.phase.kind).toBe('resetting');
    bench.acknowledge([0]);
    expect(bench.state.phase.kind).toBe('handshaking');
    expect(bench.kinds).toEqual(['tls-open']);
  });

  it('takes TLS bytes for the acknowledgement that was lost', () => {
    const bench = new Bench(OP.softReset);
    bench.state.handleBody(OP.softReset, { acks: [], ackSession: undefined, messageId: 0, payload: NOTHING }, at(0));
    bench.hear(1, Buffer.from('client hello'));
    expect(bench.outputs).toEqual([
      { kind: 'tls-open', tls: 1, role: 'server' },
      { kind: 'tls-feed', tls: 1, bytes: Buffer.from('client hello') },
    ]);
  });

  it('ignores what resets carry: it is not TLS', () => {
    const bench = new Bench(OP.hardResetServer);
    bench.state.handleBody(OP.hardResetClient, { acks: [], ackSession: undefined, messageId: 0, payload: Buffer.from('tlv') }, at(0));
    expect(bench.outputs).toEqual([]);
  });
});

describe('the reliable channel', () => {
  it('feeds TLS in order, whatever the order of packets, and each packet once', () => {
    const bench = new Bench();
    bench.outputs.length = 0;
    for (const id of [3, 1, 1, 2, 3]) bench.hear(id);
    expect(bench.outputs.map((out) => (out.kind === 'tls-feed' ? out.bytes[0] : undefined))).toEqual([1, 2, 3]);
  });

  it('sends at most six messages ahead, and goes on as they are acknowledged', () => {
    const bench = new Bench();
    bench.speak(Buffer.alloc(1000, 7));
    expect(bench.sent.map(({ body }) => body.messageId)).toEqual([1, 2, 3, 4, 5, 6]);
    bench.acknowledge([1, 2]);
    expect(bench.sent.map(({ body }) => body.messageId)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    bench.acknowledge([3, 4, 5, 6, 7, 8]);
    expect(bench.sent.map(({ body }) => body.payload.length)).toEqual(filled(100, 10));
    expect(Buffer.concat(bench.sent.map(({ body }) => body.payload))).toEqual(Buffer.alloc(1000, 7));
  });

  it('fills packets from several pieces of ciphertext', () => {
    const bench = new Bench();
    bench.speak(Buffer.alloc(600, 1));
    for (const byte of [2, 3, 4]) bench.speak(Buffer.alloc(30, byte));
    bench.acknowledge([1, 2, 3, 4, 5, 6]);
    expect(bench.sent[6]?.body.payload).toEqual(Buffer.concat([Buffer.alloc(30, 2), Buffer.alloc(30, 3), Buffer.alloc(30, 4)]));
  });

  it('acknowledges with what it sends, else with a packet of its own at once', () => {
    const bench = new Bench();
    bench.hear(1);
    expect(bench.state.nextDeadline()).toBe(at(0).at);
    bench.state.handleDeadline(at(0));
    expect(bench.sent).toEqual([{ opcode: OP.ack, body: { acks: [1], ackSession: CLIENT_ID, messageId: undefined, payload: NOTHING } }]);
    bench.hear(2);
    bench.speak(Buffer.from('x'));
    expect(bench.sent[1]?.body.acks).toEqual([2, 1]);
    bench.state.handleDeadline(at(0));
    expect(bench.sent).toHaveLength(2);
  });

  it('puts four acknowledgements into a message, and owes the rest in packets of eight', () => {
    const bench = new Bench();
    for (let id = 1; id <= 9; id++) bench.hear(id);
    bench.speak(Buffer.from('x'));
    expect(bench.sent.map(({ opcode, body }) => [opcode, body.acks.length])).toEqual([
      [OP.control, 4],
      [OP.ack, 8],
    ]);
    expect(new Set(bench.sent.flatMap(({ body }) => body.acks))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8, 9]));
  });

  it('does not acknowledge what is too far ahead', () => {
    const bench = new Bench();
    expect(bench.hear(13)).toBe('window');
    expect(bench.state.nextDeadline()).toBe(at(60_000).at);
  });

  it('sends again after two seconds, then four', () => {
    const bench = new Bench();
    bench.speak(Buffer.from('x'));
    const times: number[] = [];
    for (let ms = 0; ms < 15_000; ms += 100) {
      const before = bench.sent.length;
      bench.state.handleDeadline(at(ms));
      if (bench.sent.length > before) times.push(ms);
    }
    expect(times).toEqual([2000, 6000, 14_000]);
    expect(bench.state.retransmits).toBe(3);
  });
});

describe('the key exchange', () => {
  it('is done when both messages crossed and all of ours is acknowledged', () => {
    const bench = established();
    const theirs = encodeKeyMethod2(message('client'), 'client');
    bench.read(theirs.subarray(0, 50));
    expect(bench.kinds).not.toContain('key-method2');
    bench.read(theirs.subarray(50));
    bench.state.writeKeyMethod2(message('server'));
    expect(bench.kinds).toEqual(['tls-open', 'tls-established', 'key-method2', 'tls-write']);
    // Nothing is unacknowledged, but our message is not even ciphertext yet.
    bench.acknowledge([]);
    expect(bench.state.phase.kind).toBe('exchanging');
    bench.speak(Buffer.from('sealed'));
    expect(bench.state.phase.kind).toBe('exchanging');
    bench.acknowledge([1], 20);
    expect(bench.state.phase).toMatchObject({ kind: 'active', since: at(20).at });
    expect(bench.kinds.at(-1)).toBe('key-active');
    expect(bench.state.nextDeadline()).toBeUndefined();
  });

  it('takes our message once, and only when TLS stands', () => {
    const bench = new Bench();
    bench.state.writeKeyMethod2(message('server'));
    expect(bench.kinds).toEqual(['tls-open']);
    bench.state.handleTls({ kind: 'established', peer: PEER }, at(0));
    bench.state.writeKeyMethod2(message('server'));
    bench.state.writeKeyMethod2(message('server'));
    expect(bench.kinds.filter((kind) => kind === 'tls-write')).toHaveLength(1);
  });

  it('reads messages that came in one piece with the key message', () => {
    const bench = established();
    bench.read(Buffer.concat([encodeKeyMethod2(message('client'), 'client'), text('PUSH_REQUEST'), Buffer.of(0)]));
    expect(bench.outputs.at(-1)).toEqual({ kind: 'message', text: 'PUSH_REQUEST' });
  });

  it('writes a text with its end, as a record of its own', () => {
    const bench = established();
    bench.state.writeMessage('EXIT');
    expect(bench.outputs.at(-1)).toEqual({ kind: 'tls-write', tls: 1, message: Buffer.from('EXIT\0') });
  });
});

describe('a failure', () => {
  const failures: readonly (readonly [string, (bench: Bench) => void, object])[] = [
    ['when the time is over', (bench) => bench.state.handleDeadline(at(60_000)), { kind: 'timeout' }],
    [
      'when TLS fails',
      (bench) => bench.state.handleTls({ kind: 'failed', reason: 'bad certificate' }, at(0)),
      { kind: 'tls', reason: 'bad certificate' },
    ],
    ['when the key message is none', (bench) => bench.read(Buffer.alloc(200, 0xff)), { kind: 'key-method', why: 'unknown key method 15' }],
    [
      'when plaintext never ends',
      (bench) => {
        bench.read(Buffer.concat([encodeKeyMethod2(message('client'), 'client'), Buffer.alloc(10, 0x41)]));
        bench.read(Buffer.alloc(16 * 1024, 0x41));
      },
      { kind: 'key-method', why: 'too many bytes without a message' },
    ],
    [
      'when nobody acknowledges what TLS says',
      (bench) => {
        for (let count = 0; count < 10; count++) bench.speak(Buffer.alloc(32 * 1024));
      },
      { kind: 'tls', reason: 'the peer does not acknowledge' },
    ],
  ];

  it.each(failures)('%s is told once, and is the end', (_, act, failure) => {
    const bench = established();
    act(bench);
    expect(bench.outputs.filter((out) => out.kind === 'key-failed')).toEqual([{ kind: 'key-failed', keyId: 0, failure }]);
    expect(bench.state.phase.kind).toBe('failed');
    expect(bench.state.nextDeadline()).toBeUndefined();
    const { length } = bench.outputs;
    const { length: sent } = bench.sent;
    bench.state.handleTls({ kind: 'failed', reason: 'again' }, at(0));
    bench.speak(Buffer.from('x'));
    bench.hear(1);
    bench.state.handleDeadline(at(100_000));
    expect(bench.outputs).toHaveLength(length);
    expect(bench.sent).toHaveLength(sent);
  });
});
