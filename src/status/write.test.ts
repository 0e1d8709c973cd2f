import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Address } from '../model/address.ts';
import type { ClientStatus, ServerStatus } from '../model/status-report.ts';
import { ALICE, BOB, clientRecord, recordedServer, unix } from './testing.ts';
import { statusLines, statusText } from './write.ts';

function recording(name: string): string {
  return readFileSync(new URL(`../../test/golden/status/${name}`, import.meta.url), 'utf8');
}

/** The recording with its client rows by client id: stock's order is that of a hash (difference status.row-order). */
function inOurOrder(text: string): string {
  const lines = text.split('\n');
  const bob = lines.findIndex((line) => /^(CLIENT_LIST[,\t])?bob\b/.test(line));
  const [row = ''] = lines.splice(bob, 1);
  lines.splice(bob + 1, 0, row);
  return lines.join('\n');
}

/** The only client of a report, in one row of a version. */
function rowOf(version: 1 | 2 | 3, fields: Parameters<typeof clientRecord>[0], compat: '2.6' | '2.7' = '2.6'): string | undefined {
  const report = recordedServer(1_795_352_491, [clientRecord(fields)]);
  const lines = [...statusLines(report, { version, compat })];
  return version === 1 ? lines[3] : lines.find((line) => line.startsWith('CLIENT_LIST'));
}

beforeEach(() => vi.stubEnv('TZ', 'UTC'));
afterEach(() => vi.unstubAllEnvs());

describe('statusText', () => {
  it.each([1, 2, 3] as const)('writes version %d as stock wrote it', (version) => {
    const report = recordedServer(1_795_352_491, [ALICE, BOB]);
    expect(statusText(report, { version, compat: '2.6' })).toBe(inOurOrder(recording(`server-v${version}.txt`)));
  });

  it.each([1, 2, 3] as const)('writes a client’s statistics as stock wrote them, status-version %d or not', (version) => {
    const report: ClientStatus = {
      kind: 'client',
      title: 'x',
      time: unix(1_795_352_616),
      tunRead: 96,
      tunWrite: 0,
      linkRead: 2405,
      linkWrite: 2650,
      authRead: 0,
    };
    expect(statusText(report, { version, compat: '2.6' })).toBe(recording('client.txt'));
  });

  it('orders clients by client id, however they come', () => {
    const report = recordedServer(1_795_352_491, [BOB, ALICE]);
    const names = [...statusLines(report, { version: 1, compat: '2.6' })].slice(3, 5).map((line) => line.split(',')[0]);
    expect(names).toEqual(['alice', 'bob']);
  });

  it('writes what is not known as stock does, and no cipher before one is negotiated', () => {
    const fields = { commonName: undefined, peerId: undefined, virtual4: undefined, virtual6: undefined, cipher: undefined };
    expect(rowOf(2, fields)).toBe('CLIENT_LIST,UNDEF,10.99.0.2:37930,,,2588,2567,2026-11-22 13:00:45,1795352445,UNDEF,0,4294967295,');
    expect(rowOf(2, fields, '2.7')).toContain(',UNDEF,0,16777215,');
    expect(rowOf(1, { commonName: '' })).toBe('UNDEF,10.99.0.2:37930,2588,2567,2026-11-22 13:00:45');
  });

  it.each<[string, Address, string, string]>([
    ['IPv4', { transport: 'udp', family: 4, ip: '10.99.0.2', port: 1194 }, '10.99.0.2:1194', 'udp4:10.99.0.2:1194'],
    ['TCP', { transport: 'tcp-server', family: 4, ip: '10.99.0.2', port: 45358 }, '10.99.0.2:45358', 'tcp4-server:10.99.0.2:45358'],
    ['IPv6', { transport: 'udp', family: 6, ip: 'fd99::2', port: 36295 }, 'fd99::2', 'udp6:[fd99::2]:36295'],
    ['mapped', { transport: 'udp', family: 4, ip: '10.99.0.2', port: 57026, mapped: true }, '10.99.0.2:57026', 'udp6:10.99.0.2:57026'],
  ])('writes %s addresses of 2.6 and 2.7', (_what, address, old, recent) => {
    expect(rowOf(3, { address })?.split('\t')[2]).toBe(old);
    expect(rowOf(3, { address }, '2.7')?.split('\t')[2]).toBe(recent);
  });

  it('marks cached routes', () => {
    const route = {
      destination: '10.66.0.5',
      cached: true,
      commonName: 'client1',
      address: ALICE.address,
      lastReference: unix(1_795_355_040),
    };
    const report: ServerStatus = { ...recordedServer(1_795_355_041, []), routes: [route] };
    expect([...statusLines(report, { version: 3, compat: '2.6' })]).toContain(
      'ROUTING_TABLE\t10.66.0.5C\tclient1\t10.99.0.2:37930\t2026-11-22 13:44:00\t1795355040',
    );
  });

  it('lets no name break a row, however long or strange', () => {
    const username = `x\n\t${'u'.repeat(5000)}`;
    const row = rowOf(3, { commonName: 'a\nCLIENT_LIST\tb', username });
    expect(row?.split('\t')).toHaveLength(13);
    expect(row).toContain('\ta_CLIENT_LIST_b\t');
    expect(row).toContain(`\tx__${'u'.repeat(5000)}\t`);
  });
});
