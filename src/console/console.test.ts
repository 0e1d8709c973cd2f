import { describe, expect, it } from 'vitest';
import { Secret } from '../base/secret.ts';
import type { Instant, Now, WallTime } from '../base/units.ts';
import type { HttpAnswer } from '../host/http.ts';
import { type Fact, Fleet, type SourceKind } from '../telemetry/index.ts';
import type { AccessRules } from './access.ts';
import { answerOf } from './console.ts';

const NOW: Now = { at: 1_000_000 as Instant, wall: 1_795_352_568_000 as WallTime };
const OPEN: AccessRules = { basic: [], bearer: [], tokens: [] };
const CLOSED: AccessRules = { basic: [{ user: 'prometheus', password: new Secret('se:same') }], bearer: [new Secret('token')], tokens: [] };

function world(access: AccessRules = OPEN) {
  const fleet = new Fleet();
  fleet.setDaemons(['a', 'b/c']);
  const tell = (daemon: string, source: SourceKind, fact: Fact): void => fleet.handle({ daemon, source, now: NOW, fact });
  let notReady: string | undefined;
  const ask = (path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): HttpAnswer =>
    answerOf(
      { method, path, headers, query: '', body: () => Promise.resolve(undefined) },
      { fleet, now: () => NOW, kumina: () => false, access, thresholds: () => ({}), notReady: () => notReady },
    );
  return { tell, ask, unready: (why: string) => (notReady = why) };
}

function body({ body: pieces }: HttpAnswer): string {
  return typeof pieces === 'string' ? pieces : Buffer.concat([...pieces].map((piece) => Buffer.from(piece))).toString();
}

describe('the console', () => {
  it('shows metrics in the form that is asked for', () => {
    const { ask } = world();
    const plain = ask('/metrics');
    expect([plain.status, plain.headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    expect(body(plain)).toContain('tunnelscope_daemons 2\n');
    const open = ask('/metrics', { accept: 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5' });
    expect(open.headers['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(body(open).endsWith('# EOF\n')).toBe(true);
  });

  it('is ready when each daemon has told something or is known to be away', () => {
    const { ask, tell, unready } = world();
    expect(ask('/readyz').status).toBe(503);
    tell('a', 'management', { kind: 'source-up', where: 'x' });
    tell('b/c', 'process', { kind: 'process', process: undefined });
    expect(ask('/readyz').status).toBe(503);
    tell('b/c', 'log', { kind: 'source-down', where: 'y', fault: 'missing', text: 'gone' });
    expect(ask('/readyz').status).toBe(200);
    unready('the monitor is ending');
    expect([ask('/readyz').status, body(ask('/readyz'))]).toEqual([503, 'the monitor is ending\n']);
    expect(ask('/healthz').status).toBe(200);
  });

  it('tells the health of a daemon with a status for load balancers', () => {
    const { ask, tell } = world();
    expect([ask('/health/a').status, JSON.parse(body(ask('/health/a')))]).toMatchObject([503, { daemon: 'a', verdict: 'no-data' }]);
    tell('a', 'management', { kind: 'source-up', where: 'x' });
    expect([ask('/health/a').status, JSON.parse(body(ask('/health/a')))]).toMatchObject([200, { verdict: 'ok', reasons: [] }]);
    tell('a', 'management', { kind: 'source-down', where: 'x', fault: 'refused', text: 'Connection refused' });
    expect([ask('/health/a').status, JSON.parse(body(ask('/health/a')))]).toMatchObject([
      503,
      { verdict: 'down', reasons: [{ check: 'sources', text: 'x: Connection refused' }] },
    ]);
    expect(ask('/health/b%2Fc').status).toBe(503);
    expect([ask('/health').status, JSON.parse(body(ask('/health')))]).toMatchObject([503, { verdict: 'down', daemons: [{}, {}] }]);
  });

  it.each([
    ['/health/none', 404],
    ['/health/%zz', 404],
    ['/metrics/', 404],
    ['/__proto__', 404],
    ['/', 200],
  ])('answers %s with %d', (path, status) => {
    expect(world().ask(path).status).toBe(status);
  });

  it('takes no other method', () => {
    const { ask } = world();
    expect([ask('/metrics', {}, 'POST').status, ask('/metrics', {}, 'HEAD').status]).toEqual([405, 200]);
  });

  it.each([
    ['nothing', undefined, 401],
    ['the name with its password', `Basic ${btoa('prometheus:se:same')}`, 200],
    ['another spelling of the scheme', `basic ${btoa('prometheus:se:same')}`, 200],
    ['a wrong password', `Basic ${btoa('prometheus:sesame')}`, 401],
    ['a name alone', `Basic ${btoa('prometheus')}`, 401],
    ['the token', 'Bearer token', 200],
    ['a wrong token', 'Bearer tokens', 401],
    ['an empty token', 'Bearer ', 401],
    ['the password as a token', 'Bearer se:same', 401],
    ['another scheme', 'Digest token', 401],
  ])('is closed: %s', (_what, authorization, status) => {
    const { ask } = world(CLOSED);
    const headers = authorization === undefined ? {} : { authorization };
    const answer = ask('/metrics', headers);
    expect(answer.status).toBe(status);
    expect(ask('/health/a', headers).status).toBe(status === 200 ? 503 : 401);
    expect(ask('/nothing', headers).status).toBe(status === 200 ? 404 : 401);
    if (status === 401) expect(answer.headers['www-authenticate']).toBe('Basic realm="tunnelscope", charset="UTF-8", Bearer');
    expect(ask('/healthz').status).toBe(200);
  });
});
