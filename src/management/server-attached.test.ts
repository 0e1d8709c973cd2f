import { describe, expect, it } from 'vitest';
import { seconds } from '../base/units.ts';
import type { DaemonInfo, DaemonReply, DaemonRequest } from '../model/daemon-port.ts';
import type { CommandAudit, ManagementServerOptions } from './server-options.ts';
import { ManagementRig } from './testing.ts';

/** The server before a daemon that answers through an interface of its own. */

const ATTACHED: Partial<DaemonInfo> = { attached: { version: 6, confirmsVersion: true }, mode: 'client' };

function rigFor(options: Partial<ManagementServerOptions> = {}, info: Partial<DaemonInfo> = ATTACHED) {
  const answer = (request: DaemonRequest): DaemonReply =>
    request.kind === 'unknown'
      ? { kind: 'verbatim', lines: [`SUCCESS: ${request.line.toString()}`, ...(request.body ?? [])] }
      : { kind: 'verbatim', lines: ['X', 'END'] };
  const rig = new ManagementRig({ answer, info, options });
  rig.connect(1);
  rig.read(1);
  return rig;
}

describe('before an attached daemon', () => {
  it('greets with its version, and confirms versions as it does', () => {
    const rig = rigFor();
    rig.connect(2);
    expect(rig.read(2)).toEqual([">INFO:OpenVPN Management Interface Version 6 -- type 'help' for more info"]);
    expect(rig.type(2, 'version')).toContain('Management Version: 6');
    expect(rig.type(2, 'version 3')).toEqual([]);
    expect(rig.type(2, 'version 5')).toEqual(['SUCCESS: Management client version set to 5']);
  });

  it.each([
    ['net', [], ['SUCCESS: net']],
    ['pkcs11-id-count', [], ['SUCCESS: pkcs11-id-count']],
    ['pk-sig', ['QUJD', 'END'], ['SUCCESS: pk-sig', 'QUJD']],
    ['remote-entry-get all', [], ['SUCCESS: remote-entry-get all']],
    ['frobnicate "a b"', [], ['SUCCESS: frobnicate "a b"']],
    ['kill bob', [], ['X', 'END']],
    ['status', [], ['X', 'END']],
  ])('passes on what only it can know: %s', (line, body, reply) => {
    expect(rigFor().type(1, line, ...body)).toEqual(reply);
  });

  it('asks for the format that was asked for', () => {
    const rig = rigFor();
    rig.type(1, 'status', 'status 3', 'status 9', 'status json');
    expect(rig.port.requests).toEqual([
      { kind: 'status', format: 'own', rows: true },
      { kind: 'status', format: 3, rows: true },
      { kind: 'status' },
    ]);
    rig.type(1, 'kill udp:10.0.0.1:5', 'kill 10.0.0.1:5');
    expect(rig.port.requests.slice(3)).toEqual([
      { kind: 'kill-address', ip: '10.0.0.1', port: 5, transport: 'udp' },
      { kind: 'kill-address', ip: '10.0.0.1', port: 5 },
    ]);
  });

  it.each([
    [false, [1, 2], ['>NOTIFY:info,daemon-lost,gone']],
    [true, [], ['>NOTIFY:info,daemon-lost,gone', '>NOTIFY:info,daemon-attached,back']],
  ])('is lost with it: keep %s', (keepClients, closed, said) => {
    const rig = rigFor({ keepClients });
    rig.connect(2);
    rig.port.emit({ kind: 'prompt', text: 'HOLD:Waiting for hold release:0' });
    rig.drive();
    rig.read(2);
    rig.port.emit({ kind: 'link', up: false, why: 'gone' });
    rig.drive();
    expect([...rig.closed]).toEqual(closed);
    rig.port.emit({ kind: 'link', up: true, why: 'back' });
    rig.drive();
    expect(rig.read(2)).toEqual(said);
    rig.connect(3);
    expect(rig.read(3)).toHaveLength(1);
  });

  it('shows what may hold secrets to those alone who may authenticate', () => {
    const rig = rigFor();
    rig.connect(2, { role: 'read' });
    rig.read(2);
    rig.port.emit({ kind: 'unknown', line: Buffer.from('>PASSWORD:Auth-Token:abc') });
    rig.port.emit({ kind: 'unknown', line: Buffer.from('>INFOMSG:WEB_AUTH::https://x') });
    rig.port.emit({ kind: 'unknown', line: Buffer.from('>NOTIFY:warn,a,b') });
    rig.drive();
    expect(rig.read(1)).toHaveLength(3);
    expect(rig.read(2)).toEqual(['>NOTIFY:warn,a,b']);
  });

  it('tells the daemon the shortest interval that anyone wants', () => {
    const rig = rigFor();
    const wanted: number[] = [];
    Object.assign(rig.port, { watchBytes: (every: number) => wanted.push(every) });
    rig.connect(2);
    rig.type(1, 'bytecount 10');
    rig.type(2, 'bytecount 3');
    rig.server.handleClosed(2, rig.now);
    rig.type(1, 'bytecount 0');
    expect(wanted).toEqual([10, 3, 10, 0]);
    rig.type(1, 'bytecount 1');
    rig.advance(seconds(1));
    expect(rig.port.requests).toEqual([{ kind: 'client-bytes' }]);
  });

  it('audits every command with who sent it, and no secret', () => {
    const seen: CommandAudit[] = [];
    const rig = rigFor({ audit: (entry) => seen.push(entry) });
    rig.connect(2, { role: 'read' });
    rig.type(1, 'pid', 'load-stats', 'password Auth hunter2', 'hunter2', '', '# x');
    rig.type(2, 'kill bob');
    expect(seen.map(({ client, role, line, refused }) => [client, role, line, refused === undefined])).toEqual([
      [1, 'authenticate', 'pid', true],
      [1, 'authenticate', 'load-stats', true],
      [1, 'authenticate', 'password [...]', true],
      [1, 'authenticate', '[...]', true],
      [2, 'read', 'kill bob', false],
    ]);
    expect(rig.log).toContain("MANAGEMENT: [AF_INET]127.0.0.1:40002 (read) CMD 'kill bob'");
    expect(rig.log.join()).not.toContain('hunter2');
  });
});
