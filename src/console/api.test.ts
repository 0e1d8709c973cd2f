import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { fail, ok } from '../base/result.ts';
import { Secret } from '../base/secret.ts';
import type { WallTime } from '../base/units.ts';
import { ManualClock } from '../host/clock.ts';
import type { HttpAnswer } from '../host/http.ts';
import { Feed } from '../monitor/feed.ts';
import { MemoryHistory } from '../monitor/history/memory.ts';
import { Names } from '../monitor/history/names.ts';
import type { NewEvent, SessionRecord } from '../monitor/history/records.ts';
import type { Silence, SilenceRequest } from '../telemetry/alerts/silences.ts';
import type { AccessRules } from './access.ts';
import { answerApi } from './api.ts';
import type { ApiSources } from './api-sources.ts';

const START = 1_795_352_568_000 as WallTime;
const ACCESS: AccessRules = {
  basic: [{ user: 'prometheus', password: new Secret('sesame') }],
  bearer: [new Secret('old')],
  tokens: [
    { token: new Secret('look'), role: 'read' },
    { token: new Secret('act'), role: 'operate' },
  ],
};
const OPEN: AccessRules = { basic: [], bearer: [], tokens: [] };

let clock: ManualClock;
let feed: Feed;
let store: MemoryHistory;
let asked: SilenceRequest[];
let standing: Silence[];
let sources: ApiSources;

beforeEach(() => {
  clock = new ManualClock(START);
  feed = new Feed('run1');
  store = new MemoryHistory();
  asked = [];
  standing = [];
  const names = new Names(undefined);
  sources = {
    now: () => clock.now(),
    version: '1.2.3',
    clock,
    feed,
    history: () => ({ store, names }),
    alerts: {
      alerts: [],
      get silences() {
        return standing;
      },
      silencedBy: () => [],
      addSilence(request) {
        asked.push(request);
        return request.comment === 'no' ? fail('it is not wanted') : ok({ ...request, id: 'abc' });
      },
      removeSilence: (id) => id === 'a/b',
    },
  };
});

interface Question {
  readonly method?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly access?: AccessRules;
}

async function ask(path: string, { method = 'GET', query = '', headers = {}, body, access = OPEN }: Question = {}): Promise<HttpAnswer> {
  const bytes = body === undefined ? undefined : Buffer.from(body);
  return answerApi({ method, path, query, headers, body: () => Promise.resolve(bytes) }, access, sources);
}

async function object(path: string, question: Question = {}): Promise<[status: number, value: unknown]> {
  const { status, body } = await ask(path, question);
  return [status, JSON.parse(typeof body === 'string' ? body : [...body].join(''))];
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const JSON_BODY = { 'content-type': 'application/json' };
const SILENCE = { matchers: [{ name: 'alertname', value: 'x' }], ends: '2026-11-24T00:00:00Z' };
const post = (body: unknown, more: Question = {}): Question => ({
  method: 'POST',
  headers: { ...JSON_BODY, ...bearer('act') },
  access: ACCESS,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  ...more,
});

describe('the roles of the API', () => {
  it.each([
    ['nothing', {}, 401, 401],
    ['a name with its password', { authorization: `Basic ${btoa('prometheus:sesame')}` }, 200, 403],
    ['a token without a role', bearer('old'), 200, 403],
    ['a token that reads', bearer('look'), 200, 403],
    ['a token that operates', bearer('act'), 200, 201],
    ['a wrong token', bearer('acts'), 401, 401],
    ['the password as a token', bearer('sesame'), 401, 401],
  ])('%s', async (_what, headers, read, operate) => {
    expect((await ask('/api/v1/silences', { headers, access: ACCESS })).status).toBe(read);
    const given = post(SILENCE, { headers: { ...JSON_BODY, ...headers } });
    expect((await ask('/api/v1/silences', given)).status).toBe(operate);
    expect(asked).toHaveLength(operate === 201 ? 1 : 0);
  });

  it('let everybody read and nobody change anything where nobody is asked', async () => {
    expect((await ask('/api/v1/alerts')).status).toBe(200);
    expect((await ask('/api/v1/silences', post(SILENCE, { access: OPEN, headers: JSON_BODY }))).status).toBe(403);
  });
});

describe('silences', () => {
  it('are taken as they were asked for, and ended', async () => {
    const [status, taken] = await object('/api/v1/silences', post({ ...SILENCE, by: 'me', comment: 'work' }));
    expect([status, taken]).toMatchObject([201, { id: 'abc', starts: new Date(START).toISOString() }]);
    expect(asked).toEqual([
      {
        matchers: [{ name: 'alertname', value: 'x', isRegex: false, isEqual: true }],
        starts: START,
        ends: Date.UTC(2026, 10, 24),
        by: 'me',
        comment: 'work',
      },
    ]);
    const remove = { method: 'DELETE', headers: bearer('act'), access: ACCESS };
    expect(await object('/api/v1/silences/a%2Fb', remove)).toEqual([200, { id: 'a/b' }]);
    expect((await ask('/api/v1/silences/other', remove)).status).toBe(404);
    expect((await ask('/api/v1/silences/%zz', remove)).status).toBe(404);
  });

  it.each<[string, unknown, number]>([
    ['no JSON', '{', 400],
    ['an empty body', '', 400],
    ['a list', [], 400],
    ['null', 'null', 400],
    ['no matchers', { ends: SILENCE.ends }, 400],
    ['a matcher that is text', { ...SILENCE, matchers: ['x'] }, 400],
    ['a matcher without a value', { ...SILENCE, matchers: [{ name: 'x' }] }, 400],
    ['a matcher of another type', { ...SILENCE, matchers: [{ name: 'x', value: 1 }] }, 400],
    ['a key that there is not', { ...SILENCE, __proto__x: 1 }, 400],
    ['no end', { matchers: SILENCE.matchers }, 400],
    ['an end that is no time', { ...SILENCE, ends: 'soon' }, 400],
    ['what the monitor does not take', { ...SILENCE, comment: 'no' }, 400],
    ['deep nesting', '['.repeat(30_000), 400],
  ])('are refused: %s', async (_what, body, status) => {
    const [found, value] = await object('/api/v1/silences', post(body));
    expect([found, value]).toEqual([status, { error: expect.any(String) }]);
  });

  it('are refused as forms of pages send them, and when they are too long', async () => {
    expect((await ask('/api/v1/silences', post(SILENCE, { headers: { ...bearer('act'), 'content-type': 'text/plain' } }))).status).toBe(
      415,
    );
    expect((await ask('/api/v1/silences', { ...post(SILENCE), body: undefined })).status).toBe(413);
  });
});

function session(id: number): SessionRecord {
  const nothing = { username: undefined, virtual4: undefined, virtual6: undefined, lost: undefined, reason: undefined, version: undefined };
  const rest = { platform: undefined, cipher: undefined, ended: undefined, received: 5, sent: 6, daemon: 'vpn', commonName: 'alice' };
  return { id, ...nothing, ...rest, address: '192.0.2.1:5', started: (START + id) as WallTime, updated: START };
}

describe('the history', () => {
  beforeEach(() => store.write([1, 2, 3].map((id) => ({ kind: 'session-begun', session: session(id) }))));

  it('is searched, a page at a time', async () => {
    const [status, page] = await object('/api/v1/history/sessions', { query: 'limit=2&user=alice&daemon=vpn' });
    const next = `${START + 2}.2`;
    expect([status, page]).toMatchObject([
      200,
      { records: [{ id: 3, received: 5, started: new Date(START + 3).toISOString() }, { id: 2 }], next },
    ]);
    const [, last] = await object('/api/v1/history/sessions', { query: `limit=2&cursor=${next}` });
    expect(last).toMatchObject({ records: [{ id: 1 }] });
    expect(last).not.toHaveProperty('next');
    expect(await object('/api/v1/history/sessions', { query: 'user=bob' })).toEqual([200, { records: [] }]);
    expect(await object('/api/v1/history/sessions', { query: `until=${START}` })).toEqual([200, { records: [] }]);
    const [, traffic] = await object('/api/v1/history/traffic', { query: 'since=2026-11-01T00:00:00Z' });
    expect(traffic).toMatchObject({ records: [{ user: 'alice', received: 15, sent: 18 }] });
    for (const kind of ['auth-failures', 'states', 'alerts', 'audit'])
      expect(await object(`/api/v1/history/${kind}`)).toEqual([200, { records: [] }]);
  });

  it.each([
    'limit=0',
    'limit=1001',
    'limit=1e3',
    'limit=-1',
    'limit=',
    'limit=5&limit=5',
    'since=yesterday',
    'since=99999999999999999999',
    'cursor=1',
    'cursor=x.y',
    'cursor=1.2.3',
    'user=',
    `user=${'x'.repeat(257)}`,
    'nothing=1',
    '__proto__=1',
    'constructor=1',
    "user=a'%20OR%201=1&x=",
  ])('is not searched by %s', async (query) => {
    expect(await object('/api/v1/history/sessions', { query })).toEqual([400, { error: expect.any(String) }]);
  });

  it('is not there, or cannot be read, without a word about where it is', async () => {
    sources = { ...sources, history: () => undefined };
    expect((await ask('/api/v1/history/sessions')).status).toBe(404);
    store.sessions = () => Promise.reject(new Error('/var/lib/secret/history.db'));
    sources = { ...sources, history: () => ({ store, names: new Names(undefined) }) };
    expect(await object('/api/v1/history/sessions')).toEqual([503, { error: 'the history cannot be read' }]);
  });
});

describe('events', () => {
  const event = (what: string, daemon = 'vpn'): NewEvent => {
    const nothing = { user: undefined, address: undefined, level: undefined, status: undefined, detail: undefined };
    return { kind: 'state', time: START, daemon, what, ...nothing };
  };
  const read = async (question: Question = {}) => (await ask('/api/v1/events', question)).stream;

  it('come as they happen, each with its number', async () => {
    const answer = await ask('/api/v1/events');
    expect([answer.status, answer.headers['content-type'], answer.body]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
      'retry: 2000\n\n',
    ]);
    const waiting = answer.stream?.next();
    feed.event(event('one\ntwo'));
    expect(await waiting).toBe(
      `id: run1.1\nevent: state\ndata: ${JSON.stringify({ kind: 'state', daemon: 'vpn', what: 'one\ntwo', time: new Date(START).toISOString() })}\n\n`,
    );
    answer.stream?.close();
    expect([await answer.stream?.next(), feed.readers, clock.pending]).toEqual([undefined, 0, 0]);
  });

  it('are of the kinds and the daemon that are asked for', async () => {
    const stream = await read({ query: 'kinds=state,alert&daemon=b' });
    feed.event(event('a'));
    feed.event({ ...event('b', 'b'), kind: 'audit' });
    feed.event(event('c', 'b'));
    expect((await stream?.next())?.match(/"what":"(.)"/g)).toEqual(['"what":"c"']);
    expect((await ask('/api/v1/events', { query: 'kinds=all' })).status).toBe(400);
    stream?.close();
  });

  it('go on where a reader left, and from the oldest that is kept after a restart', async () => {
    for (let number = 1; number <= 1500; number++) feed.event(event(`e${number}`));
    const after = async (id: string): Promise<string[]> => {
      const stream = await read({ headers: { 'last-event-id': id } });
      const text = await stream?.next();
      stream?.close();
      return [...(text ?? '').matchAll(/"what":"(\w+)"/g)].map((match) => match[1] ?? '');
    };
    expect(await after('run1.1498')).toEqual(['e1499', 'e1500']);
    expect((await after('run1.5')).slice(0, 2)).toEqual(['e501', 'e502']);
    expect((await after('run0.7')).length).toBe(1000);
    const first = after('nonsense');
    expect((await first).length).toBe(1000);
  });

  it('leave who does not read, and do not take too many readers', async () => {
    const slow = await read();
    for (let number = 0; number < 1001; number++) feed.event(event(`e${number}`));
    expect(feed.readers).toBe(0);
    expect((await slow?.next())?.match(/^id:/gm)).toHaveLength(1000);
    expect(await slow?.next()).toBeUndefined();
    for (let reader = 0; reader < 64; reader++) await read();
    expect((await ask('/api/v1/events')).status).toBe(503);
  });

  it('say that they are there still where nothing happens', async () => {
    const stream = await read();
    const waiting = stream?.next();
    clock.advance(15_000);
    expect(await waiting).toBe(': still here\n\n');
    stream?.close();
  });
});

describe('a question', () => {
  it.each([
    ['GET', '/api/v1/nothing', 404],
    ['GET', '/api/v2/alerts', 404],
    ['GET', '/api/v1/alerts/', 404],
    ['GET', '/api/v1/silences/', 404],
    ['GET', '/api/v1/silences/x', 405],
    ['PUT', '/api/v1/alerts', 405],
    ['HEAD', '/api/v1/alerts', 200],
    ['GET', '/api/v1/openapi.json', 200],
  ])('%s %s gets %d', async (method, path, status) => {
    expect((await ask(path, { method })).status).toBe(status);
  });

  it('of any form gets an answer that is JSON', async () => {
    const paths = fc.oneof(
      fc.constantFrom('alerts', 'silences', 'silences/x', 'history/sessions', 'history/traffic', 'history/audit'),
      fc.string(),
    );
    const some = fc.record({
      method: fc.constantFrom('GET', 'POST', 'DELETE', 'HEAD', 'x'),
      query: fc.oneof(fc.string(), fc.webQueryParameters()),
      body: fc.oneof(fc.string(), fc.json()),
    });
    await fc.assert(
      fc.asyncProperty(paths, some, async (path, question) => {
        const headers = { ...JSON_BODY, ...bearer('act') };
        const [status, value] = await object(`/api/v1/${path}`, { ...question, headers, access: ACCESS });
        expect([200, 201, 400, 404, 405]).toContain(status);
        expect(typeof value).toBe('object');
      }),
    );
  });

  it('is described as OpenAPI, each with who may ask', async () => {
    const [, document] = await object('/api/v1/openapi.json');
    expect(document).toMatchObject({
      openapi: '3.1.0',
      paths: {
        '/api/v1/silences': { post: { 'x-role': 'operate', requestBody: { required: true } }, get: { 'x-role': 'read' } },
        '/api/v1/silences/{id}': { delete: { parameters: [{ name: 'id', in: 'path' }] } },
      },
    });
  });
});
