import type { HttpAnswer, HttpQuestion } from '../host/http.ts';
import { type AccessRules, challengeOf, roleOf } from './access.ts';
import { headerOf, json } from './answers.ts';
import { openApi } from './api-reference.ts';
import { routeOf } from './api-routes.ts';
import type { ApiSources } from './api-sources.ts';

/** All that the API answers lies below this. */
export const API = '/api/';

const DOCUMENT = '/api/v1/openapi.json';

/** Answers a question below `API`. */
export function answerApi(question: HttpQuestion, access: AccessRules, sources: ApiSources): HttpAnswer | Promise<HttpAnswer> {
  const { path, headers } = question;
  const method = question.method === 'HEAD' ? 'GET' : question.method;
  const role = roleOf(headerOf(headers['authorization']), access);
  if (role === undefined) return json(401, { error: 'not without a password or token' }, { 'www-authenticate': challengeOf(access) });
  if (path === DOCUMENT && method === 'GET') return json(200, openApi(sources.version));
  const found = routeOf(method, path);
  if ('allow' in found) {
    if (found.allow.length === 0) return json(404, { error: `there is no such thing; ${DOCUMENT} says what there is` });
    return json(405, { error: `only ${found.allow.join(', ')}` }, { allow: found.allow.join(', ') });
  }
  const { route, id } = found;
  if (route.role === 'operate' && role !== 'operate') return json(403, { error: 'this needs a token of the role operate' });
  return route.run({ ...question, id }, sources);
}
