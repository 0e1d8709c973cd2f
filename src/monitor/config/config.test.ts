import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { reasonOf, TunnelscopeError } from '../../base/errors.ts';
import { attachedDaemon, DEFAULT_LISTEN, type MonitorConfig, parseConfig, readConfig } from './config.ts';
import { configSchema } from './schema.ts';

const folder = mkdtempSync(join(tmpdir(), 'tunnelscope-config-'));
afterAll(() => rmSync(folder, { recursive: true }));
const FILE = join(folder, 'monitor.yaml');
writeFileSync(join(folder, 'password'), 'from a file\r\nsecond line\n');
writeFileSync(join(folder, 'empty'), '\n');
writeFileSync(join(folder, 'cert.pem'), 'CERTIFICATE');

const SECRETS = { LOKI_TOKEN: 'a', HOOK_SECRET: 'b', MAIL_PASSWORD: 'c' };
const ENVIRONMENT = { VPN_PASSWORD: 'from the environment' };
const MINIMAL = 'daemons:\n  - name: a\n    management: 127.0.0.1:7505\n';

function parsed(yaml: string): MonitorConfig {
  return parseConfig(yaml, FILE, ENVIRONMENT);
}

function refusal(yaml: string): string {
  try {
    parsed(yaml);
  } catch (error) {
    expect(error).toBeInstanceOf(TunnelscopeError);
    return reasonOf(error).replaceAll(FILE, 'monitor.yaml').replaceAll(folder, 'FOLDER');
  }
  throw new Error('it was taken');
}

describe('the configuration of the monitor', () => {
  it('takes one address, and has defaults for all else', () => {
    const { daemons, http, fleet, kumina } = parsed(MINIMAL);
    expect(daemons).toMatchObject([
      {
        name: 'a',
        management: { where: { kind: 'tcp', host: '127.0.0.1', port: 7505 }, poll: 15_000, bytecount: 10_000, timeout: 10_000 },
      },
    ]);
    expect(http).toEqual({ listen: [DEFAULT_LISTEN], tls: undefined, basic: [], bearer: [], tokens: [] });
    expect([fleet.series.mode, fleet.keepRoutes, kumina]).toEqual(['off', false, false]);
  });

  it('takes everything', () => {
    const config = parsed(`
daemons:
  - &office
    name: 10
    management:
      address: run/office.sock
      password: "\${VPN_PASSWORD}"
      tls: { ca: cert.pem, server-name: vpn }
      poll: 5s
      bytecount: 1m
      timeout: 250ms
    status-file: { path: status.log, stale-after: 10m }
    log-file: /var/log/openvpn.log
    pid: office.pid
    certificates: { cert: server.crt, ca: [ca.crt, old.crt], crl: crl.pem }
    gateway:
      listen:
        - 127.0.0.1:7600
        - { address: ./admin.sock, role: operate, password-file: password, mode: 0660 }
      keep: true
      log-history: 5
    health: { min-clients: 1 }
http:
  listen: ['[::]:9176', 127.0.0.1:9177]
  tls: { cert: cert.pem, key: cert.pem }
  basic: { user: prometheus, password-file: password }
  bearer: [{ token: x }]
series: { mode: top, top: 5, max: 100, hash-key-file: password }
compat: kumina
health: { certificate-days: 30 }
verb: 4
`);
    const [office] = config.daemons;
    expect(office?.name).toBe('10');
    expect(office?.management?.where).toEqual({ kind: 'unix', path: join(folder, 'run/office.sock') });
    expect(office?.management?.password?.reveal()).toBe('from the environment');
    expect(office?.management?.tls).toEqual({ ca: 'CERTIFICATE', serverName: 'vpn' });
    expect(office?.statusFile).toEqual({ path: join(folder, 'status.log'), staleAfter: 600_000 });
    expect(office?.pid).toEqual({ kind: 'file', path: join(folder, 'office.pid') });
    expect(office?.certificates.map(({ role, path }) => `${role} ${path.slice(folder.length)}`)).toEqual([
      'certificate /server.crt',
      'ca /ca.crt',
      'ca /old.crt',
      'crl /crl.pem',
    ]);
    const [first, second] = office?.gateway?.places ?? [];
    expect(first).toMatchObject({ role: 'read', password: undefined, socket: { mode: 0o600 } });
    expect(second).toMatchObject({ role: 'operate', socket: { mode: 0o660 } });
    expect(second?.password?.reveal()).toBe('from a file');
    expect(office?.gateway).toMatchObject({ keep: true, logHistory: 5 });
    expect(config.http.basic[0]?.password.reveal()).toBe('from a file');
    expect(config.http.bearer[0]?.reveal()).toBe('x');
    expect(config.fleet).toMatchObject({
      keepRoutes: true,
      series: { mode: 'top', top: 5, max: 100, hashKey: Buffer.from('from a file') },
    });
    expect([config.thresholds, office?.thresholds, config.verb]).toEqual([{ certificateDays: 30 }, { minClients: 1 }, 4]);
    expect(JSON.stringify(config)).not.toMatch(/from the environment/);
  });

  it.each([
    ['', 'monitor.yaml:1: not usable; right would be a map of daemons'],
    ['daemons: 3', 'monitor.yaml:1: daemons: not usable; right would be a list'],
    ['http: {}\n', 'monitor.yaml:1: daemons: is missing'],
    [`${MINIMAL}  - {}\n`, 'monitor.yaml:4: daemons[1].name: is missing'],
    [`${MINIMAL}    managment: x\n`, 'monitor.yaml:4: daemons[0].managment: there is no such key here; there are name, management'],
    [`${MINIMAL}    status-file:\n`, 'monitor.yaml:4: daemons[0].status-file: not usable; right would be a path'],
    [
      `${MINIMAL}    pid: 0\n`,
      'monitor.yaml:4: daemons[0].pid: not usable; right would be a process id, the path of a file that holds one',
    ],
    [`${MINIMAL}series: { mode: of }\n`, 'monitor.yaml:4: series.mode: not usable; right would be one of off, user, client, top'],
    [`${MINIMAL}series:\n  top: 0\n`, 'monitor.yaml:5: series.top: not usable; right would be a whole number from 1 to 100000'],
    [`${MINIMAL}silent-after: 5 minutes\n`, 'monitor.yaml:4: silent-after: not usable; right would be a length of time from 1s to 1d'],
    [`${MINIMAL}http: { listen: 9176 }\n`, 'monitor.yaml:4: http.listen: not usable; right would be an address such as 127.0.0.1:7505'],
    [`${MINIMAL}http: { listen: [] }\n`, 'monitor.yaml: http.listen: give an address at least'],
    [`${MINIMAL}http: { tls: { cert: gone, key: gone } }\n`, 'monitor.yaml:4: http.tls.cert: cannot read FOLDER/gone: No such file'],
    [`${MINIMAL}http: { basic: { user: x } }\n`, 'monitor.yaml: http.basic: each user needs password or password-file'],
    [`${MINIMAL}http: { bearer: { token-file: empty } }\n`, 'monitor.yaml:4: http.bearer.token-file: the first line of the file is empty'],
    [`${MINIMAL}http: { bearer: { token: "\${NO}" } }\n`, 'monitor.yaml:4: http.bearer.token: the environment has no variable NO'],
    [`${MINIMAL}  - name: a\n    log-file: x\n`, 'monitor.yaml: daemons: two are called "a"'],
    ['daemons: [{ name: a }]', 'monitor.yaml: daemon a: it has no source; give management, status-file or log-file'],
    ['daemons: [{ name: a, log-file: x, gateway: { listen: 127.0.0.1:1 } }]', 'monitor.yaml: daemon a: a gateway needs its management'],
    ['daemons:\n\t- name: a', 'monitor.yaml:2: Tabs are not allowed as indentation'],
    ['daemons: []\ndaemons: []', 'monitor.yaml:2: Map keys must be unique'],
  ])('refuses %j by line and with what would be right', (yaml, text) => {
    expect(refusal(yaml)).toContain(text);
  });

  it.each([
    ['ship: { spool: s, targets: [{ name: a }] }', 'ship.targets: a: give one of syslog, loki, file'],
    [
      'ship: { spool: s, targets: [{ name: a/b, file: { path: x } }] }',
      'ship.targets[0].name: not usable; right would be a name of letters',
    ],
    ['ship: { spool: s, targets: [{ name: a, file: { path: x } }, { name: a, file: { path: y } }] }', 'ship.targets: two are called a'],
    ['ship: { spool: s, targets: [{ name: a, syslog: { address: ./x.sock } }] }', 'ship.targets: a: syslog needs a host and a port'],
    ['ship: { spool: s, targets: [{ name: a, syslog: { address: h:1, transport: udp, tls: {} } }] }', 'transport udp has no TLS'],
    ['ship: { targets: [] }', 'ship.spool: is missing'],
    [
      'deliver: { spool: s, targets: [{ name: a, webhook: { url: "http://u:p@h/" } }] }',
      'url: not usable; right would be an http or https URL',
    ],
    [
      'deliver: { spool: s, targets: [{ name: a, webhook: { url: "http://h/", body: "{{secret}}" } }] }',
      'body: there is no {{secret}}; there are',
    ],
    ['deliver: { spool: s, targets: [{ name: a, webhook: { url: "http://h/", user: x } }] }', 'a: give user and password, or neither'],
    ['deliver: { spool: s, targets: [{ name: a, email: { server: h:25, from: x } }] }', 'email.to: is missing'],
  ])('refuses %j of what is shipped and delivered', (yaml, text) => {
    expect(refusal(`${MINIMAL}${yaml}\n`)).toContain(text);
  });

  it('keeps names apart that metrics would show alike', () => {
    expect(refusal('daemons: [{ name: "a\\x01", log-file: x }, { name: "a\\x02", log-file: y }]')).toContain('two are called "a\ufffd"');
  });

  it('names every mistake at once, and repeats no secret', () => {
    const text = refusal('daemons: [{ name: [], management: { address: sesame, password: [sesame] } }]');
    expect(text.split('\n')).toHaveLength(3);
    expect(text).not.toContain('sesame');
  });

  it('tells changed daemons from others, by their secrets too', () => {
    const of = (password: string): string | undefined =>
      parsed(`daemons: [{ name: a, management: { address: 127.0.0.1:1, password: ${password} } }]`).daemons[0]?.fingerprint;
    expect(of('x')).toBe(of('x'));
    expect(of('x')).not.toBe(of('y'));
    expect(attachedDaemon('a', DEFAULT_LISTEN).fingerprint).not.toBe(attachedDaemon('b', DEFAULT_LISTEN).fingerprint);
  });

  it('says which file cannot be read', () => {
    expect(() => readConfig(join(folder, 'none.yaml'))).toThrow(`cannot read ${join(folder, 'none.yaml')}: No such file or directory`);
  });

  it('takes any text for a configuration or a mistake, never for a fault of ours', () => {
    const word = fc.constantFrom(
      'daemons',
      'name',
      'management',
      '[',
      ']',
      '{',
      '}',
      ':',
      '- ',
      '\n',
      '  ',
      '&a ',
      '*a ',
      '<<',
      '127.0.0.1:1',
      '"',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word, { maxLength: 40 }).map((words) => words.join('')),
        ),
        (yaml) => {
          try {
            parsed(yaml);
          } catch (error) {
            expect(error).toBeInstanceOf(TunnelscopeError);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each(['monitor.yaml', 'fleet.yaml', 'shipping.yaml'])('takes the example %s', (name) => {
    const path = fileURLToPath(new URL(`../../../docs/examples/${name}`, import.meta.url));
    const config = readConfig(path, { ...SECRETS, VPN_MANAGEMENT_PASSWORD: 'x', METRICS_TOKEN: 'y' });
    expect(config.daemons.length).toBeGreaterThan(0);
  });

  it('describes itself to editors', () => {
    expect(configSchema()).toMatchObject({
      required: ['daemons'],
      additionalProperties: false,
      properties: { daemons: { items: { required: ['name'], properties: { pid: { description: expect.stringContaining('process') } } } } },
    });
  });
});
