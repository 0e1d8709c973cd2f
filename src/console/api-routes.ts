import type { HttpAnswer, HttpQuestion } from '../host/http.ts';
import { FEED_KINDS } from '../monitor/feed.ts';
import { EVENT_KINDS, type EventKind, EVENT_WORDS } from '../monitor/history/records.ts';
import type { Position } from '../monitor/history/store.ts';
import type { HttpRole } from './access.ts';
import { decoded, headerOf, json } from './answers.ts';
import { eventStream } from './api-events.ts';
import { alertObject, eventObject, sessionObject, silenceObject } from './api-objects.ts';
import { cursorParam, integerParam, type Params, type ParamValues, readQuery, textParam, timeParam, wordsParam } from './api-params.ts';
import { SILENCE_SCHEMA, silenceFrom } from './api-silence.ts';
import type { ApiSources } from './api-sources.ts';

/** Every question that the API answers. Dispatch, access, checks, the OpenAPI document and the page about it derive from this table. */

/** One of them. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** `{id}` stands for one part. */
  readonly path: string;
  /** Who may ask. */
  readonly role: HttpRole;
  readonly about: string;
  readonly params: Params;
  /** The body that it needs, as JSON Schema. */
  readonly body?: object;
  /** What is answered, in words; a status beside the common ones. */
  readonly answers: Readonly<Record<number, string>>;
  run(question: RouteQuestion, sources: ApiSources): HttpAnswer | Promise<HttpAnswer>;
}

/** A question for a route. */
export interface RouteQuestion extends HttpQuestion {
  /** What stands for `{id}`. */
  readonly id: string;
}

/** A route whose parameters are read before it runs. */
function route<const P extends Params>(
  about: Omit<Route, 'params' | 'run'> & { readonly params: P },
  run: (question: RouteQuestion, given: ParamValues<P>, sources: ApiSources) => HttpAnswer | Promise<HttpAnswer>,
): Route {
  return {
    ...about,
    run(question, sources) {
      const given = readQuery(about.params, question.query);
      return 'wrong' in given ? json(400, { error: given.wrong }) : run(question, given.value, sources);
    },
  };
}

const PAGE = 100;
const LARGEST_PAGE = 1000;

const SEARCH = {
  daemon: textParam('only of this daemon'),
  user: textParam('only of this user: the name of the login, or of the certificate'),
  since: timeParam('only what was there, or happened, then or later'),
  until: timeParam('only what was there, or happened, then or earlier'),
  limit: integerParam('at most so many', 1, LARGEST_PAGE, PAGE),
};

const PAGED = { ...SEARCH, cursor: cursorParam() };

const EVENT_PATHS: Readonly<Record<EventKind, string>> = {
  'auth-failure': 'auth-failures',
  state: 'states',
  alert: 'alerts',
  audit: 'audit',
};

const NO_HISTORY = { 404: 'no history is kept' };
const PAGE_ANSWER = { 200: '`records`, the latest first, and `next` where there are more', ...NO_HISTORY };

/** The table. */
export const ROUTES: readonly Route[] = [
  route(
    {
      method: 'GET',
      path: '/api/v1/alerts',
      role: 'read',
      about: 'alerts that are pending or fire now',
      params: {},
      answers: { 200: '`alerts`' },
    },
    (_question, _given, { alerts }) =>
      json(200, { alerts: [...alerts.alerts].map((alert) => alertObject(alert, alerts.silencedBy(alert.labels))) }),
  ),
  route(
    { method: 'GET', path: '/api/v1/silences', role: 'read', about: 'silences that stand', params: {}, answers: { 200: '`silences`' } },
    (_question, _given, { alerts }) => json(200, { silences: alerts.silences.map(silenceObject) }),
  ),
  route(
    {
      method: 'POST',
      path: '/api/v1/silences',
      role: 'operate',
      about: 'silences alerts: nobody is told of those that all matchers fit',
      params: {},
      body: SILENCE_SCHEMA,
      answers: { 201: 'the silence, with its `id`', 413: 'the body is too long', 415: 'the body is not application/json' },
    },
    addSilence,
  ),
  route(
    {
      method: 'DELETE',
      path: '/api/v1/silences/{id}',
      role: 'operate',
      about: 'ends a silence',
      params: {},
      answers: { 200: 'it is over', 404: 'there is none of that id' },
    },
    ({ id }, _given, { alerts }) => (alerts.removeSilence(id) ? json(200, { id }) : json(404, { error: 'there is no such silence' })),
  ),
  route(
    {
      method: 'GET',
      path: '/api/v1/history/sessions',
      role: 'read',
      about: 'sessions: who, from where, when, how much, how they ended',
      params: PAGED,
      answers: PAGE_ANSWER,
    },
    (_question, given, sources) =>
      searched(sources, given, async (store, query) => {
        const { records, next } = await store.sessions(query);
        return { records: records.map(sessionObject), next: cursorOf(next) };
      }),
  ),
  route(
    {
      method: 'GET',
      path: '/api/v1/history/traffic',
      role: 'read',
      about: 'what each user moved on each day (UTC) over each daemon',
      params: SEARCH,
      answers: { 200: '`records`, the latest day first', ...NO_HISTORY },
    },
    (_question, given, sources) => searched(sources, given, async (store, query) => ({ records: await store.traffic(query) })),
  ),
  ...EVENT_KINDS.map((kind) =>
    route(
      {
        method: 'GET',
        path: `/api/v1/history/${EVENT_PATHS[kind]}`,
        role: 'read',
        about: aboutEvents(kind),
        params: PAGED,
        answers: PAGE_ANSWER,
      },
      (_question, given, sources) =>
        searched(sources, given, async (store, query) => {
          const { records, next } = await store.events(kind, query);
          return { records: records.map(eventObject), next: cursorOf(next) };
        }),
    ),
  ),
  route(
    {
      method: 'GET',
      path: '/api/v1/events',
      role: 'read',
      about: 'what happens, as it happens, as server-sent events; with `Last-Event-ID` those that were missed come first',
      params: { kinds: wordsParam('only these', FEED_KINDS), daemon: textParam('only of this daemon') },
      answers: { 200: 'text/event-stream', 503: 'too many read already' },
    },
    ({ headers }, { kinds, daemon }, sources) => eventStream({ kinds, daemon, after: headerOf(headers['last-event-id']) }, sources),
  ),
];

function aboutEvents(kind: EventKind): string {
  const words = Object.entries(EVENT_WORDS[kind]).filter(([, meaning]) => meaning !== '');
  return `${kind} records: ${words.map(([name, meaning]) => `\`${name}\` is ${meaning}`).join('; ')}`;
}

async function addSilence(question: RouteQuestion, _given: unknown, { alerts, now }: ApiSources): Promise<HttpAnswer> {
  // Also keeps out forms of pages of others, which cannot send this.
  if (!/^application\/json\s*(;|$)/i.test(headerOf(question.headers['content-type']) ?? ''))
    return json(415, { error: 'send application/json' });
  const body = await question.body();
  if (body === undefined) return json(413, { error: 'the body is too long, or broke off' });
  const read = silenceFrom(body, now().wall);
  if ('wrong' in read) return json(400, { error: read.wrong });
  const taken = alerts.addSilence(read.value);
  return taken.ok ? json(201, silenceObject(taken.value)) : json(400, { error: taken.error });
}

type Store = NonNullable<ReturnType<ApiSources['history']>>['store'];

/** What was given for a search, as a query of the history, and what is found by it. */
async function searched(
  { history }: ApiSources,
  { cursor, ...given }: ParamValues<typeof SEARCH> & { readonly cursor?: Position | undefined },
  find: (store: Store, query: Parameters<Store['sessions']>[0]) => Promise<object>,
): Promise<HttpAnswer> {
  const kept = history();
  if (kept === undefined) return json(404, { error: 'no history is kept' });
  const query = { ...given, user: kept.names.of(given.user), after: cursor, limit: given.limit ?? PAGE };
  try {
    return json(200, await find(kept.store, query));
  } catch {
    // Why is in the log of the monitor, with paths that are nobody's business here.
    return json(503, { error: 'the history cannot be read' });
  }
}

function cursorOf(position: Position | undefined): string | undefined {
  return position === undefined ? undefined : `${position.time}.${position.id}`;
}

/** The route of a path, with what stands for `{id}`; the methods that it has where none is the one that was asked. */
export function routeOf(
  method: string,
  path: string,
): { readonly route: Route; readonly id: string } | { readonly allow: readonly string[] } {
  const found = ROUTES.flatMap((each) => {
    const id = idIn(each.path, path);
    return id === undefined ? [] : [{ route: each, id }];
  });
  return found.find(({ route: { method: own } }) => own === method) ?? { allow: found.map(({ route: { method: own } }) => own) };
}

function idIn(pattern: string, path: string): string | undefined {
  if (!pattern.endsWith('/{id}')) return pattern === path ? '' : undefined;
  const prefix = pattern.slice(0, -'{id}'.length);
  const rest = path.startsWith(prefix) ? path.slice(prefix.length) : '';
  return rest === '' || rest.includes('/') ? undefined : decoded(rest);
}
