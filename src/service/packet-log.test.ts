import { describe, expect, it } from 'vitest';
import { type Note, Notes } from '../messages/notes.ts';
import { renderRow } from '../messages/row.ts';
import type { PeerSlot } from '../protocol/data/plane.ts';
import { describePacket, packetLog, type PacketLogParts } from './packet-log.ts';

const SLOT: PeerSlot = { peerId: 1, generation: 1 };
const LINK = { key: 'k', address: { transport: 'udp', family: 4, ip: '10.99.0.2', port: 1194 }, connection: undefined } as const;
const SECRET = Buffer.from('inner plaintext secret');
const SID = '0102030405060708';

function traced(verb: number, plaintext = false): { lines: string[]; marks: string[] } {
  const lines: string[] = [];
  const marks: string[] = [];
  const notes = new Notes(verb, ({ row, args }: Note) => lines.push(renderRow(row, args)));
  const parts: PacketLogParts = {
    notes,
    mark: (character) => marks.push(character),
    proto: () => 'UDPv4',
    peer: () => undefined,
    wrap: { kind: 'none' },
    plaintext,
  };
  const trace = packetLog(verb, parts);
  const data = Buffer.from('4800000100000001ffff', 'hex');
  trace?.('R', data, SLOT, LINK);
  trace?.('P', SECRET, SLOT, LINK);
  trace?.('w', SECRET, SLOT, LINK);
  trace?.('r', SECRET, SLOT, LINK);
  trace?.('p', SECRET, SLOT, LINK);
  trace?.('W', data, SLOT, LINK);
  return { lines, marks };
}

const AT_6 = [
  'UDPv4 READ [10] from [AF_INET]10.99.0.2:1194: P_DATA_V2 kid=0 DATA len=9',
  'TUN WRITE [22]',
  'TUN READ [22]',
  'UDPv4 WRITE [10] to [AF_INET]10.99.0.2:1194: P_DATA_V2 kid=0 DATA len=9',
];

describe('packetLog', () => {
  it('has nothing to call below verb 5', () => {
    const parts: PacketLogParts = {
      notes: new Notes(4, () => {}),
      mark: () => {},
      proto: () => '',
      peer: () => undefined,
      wrap: { kind: 'none' },
      plaintext: true,
    };
    expect([0, 1, 4].map((verb) => packetLog(verb, parts))).toEqual([undefined, undefined, undefined]);
  });

  it('writes one character a packet at verb 5, none for the pings in them', () => {
    expect(traced(5)).toEqual({ lines: [], marks: ['R', 'w', 'r', 'W'] });
  });

  it('writes one line a packet at verb 6', () => {
    expect(traced(6)).toEqual({ lines: AT_6, marks: [] });
  });

  it('adds keys and pings at verb 7', () => {
    expect(traced(7).lines.filter((line) => !AT_6.includes(line))).toEqual([
      'TLS: tls_pre_decrypt, key_id=0, IP=[AF_INET]10.99.0.2:1194',
      'RECEIVED PING PACKET',
      'SENT PING',
      'TLS: tls_pre_encrypt: key_id=0',
    ]);
  });

  it('adds what travels outside at verb 9, and what is inside only when asked', () => {
    const hex = SECRET.toString('hex');
    expect(traced(9).lines).toContain('CONTENT: R 4800000100000001ffff');
    expect(traced(15).lines.join()).not.toContain(hex);
    expect(traced(9, true).lines).toContain(`CONTENT: w ${hex}`);
    expect(traced(8, true).lines.join()).not.toContain('CONTENT');
  });
});

describe('describePacket', () => {
  it.each([
    [
      'a reset in clear',
      `38${SID}0000000000`,
      { kind: 'none' },
      `P_CONTROL_HARD_RESET_CLIENT_V2 kid=0 sid=01020304 05060708 [ ] id=0 DATA len=0`,
    ],
    ['acknowledgements', `2a${SID}0200000001000000021112131415161718`, { kind: 'none' }, 'P_ACK_V1 kid=2 sid=01020304 05060708 [ 1 2 ]'],
    [
      'under tls-crypt',
      `20${SID}0000000765000000${'aa'.repeat(40)}`,
      { kind: 'tls-crypt' },
      'P_CONTROL_V1 kid=0 sid=01020304 05060708 pid=[ #7 ] DATA len=48',
    ],
    [
      'under tls-auth',
      `20${SID}${'bb'.repeat(20)}00000007650000000000000003cafe`,
      { kind: 'tls-auth', digestBytes: 20 },
      'P_CONTROL_V1 kid=0 sid=01020304 05060708 pid=[ #7 ] [ ] id=3 DATA len=2',
    ],
    ['an unknown opcode', 'f8', { kind: 'none' }, 'P_31 kid=0 DATA len=0'],
    ['nothing', '', { kind: 'none' }, 'P_0 kid=0 DATA len=0'],
    ['cut off', `20${SID}05`, { kind: 'none' }, 'P_CONTROL_V1 kid=0 sid=01020304 05060708 DATA len=1'],
  ] as const)('%s', (_what, hex, wrap, text) => {
    expect(describePacket(Buffer.from(hex, 'hex'), wrap)).toBe(text);
  });
});
