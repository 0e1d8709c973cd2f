import { type Route, ROUTES } from './api-routes.ts';

const COMMON: Readonly<Record<number, string>> = { 400: 'something about the question is wrong', 401: 'a password or token is needed' };

/** The API as an OpenAPI document. */
export function openApi(version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of ROUTES) (paths[route.path] ??= {})[route.method.toLowerCase()] = operation(route);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tunnelscope monitor',
      version,
      description: 'Alerts, silences, history and events of the OpenVPN daemons that are watched. Errors are objects with `error`.',
    },
    security: [{ bearer: [] }, { basic: [] }],
    paths,
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' }, basic: { type: 'http', scheme: 'basic' } } },
  };
}

function operation({ path, about, role, params, body, answers }: Route): object {
  const query = Object.entries(params).map(([name, { about: description, schema }]) => ({ name, in: 'query', description, schema }));
  const inPath = path.includes('{id}') ? [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }] : [];
  const responses = { ...COMMON, ...(role === 'operate' ? { 403: 'the token may only read' } : {}), ...answers };
  return {
    summary: about,
    'x-role': role,
    parameters: [...inPath, ...query],
    ...(body === undefined ? {} : { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: Object.fromEntries(Object.entries(responses).map(([status, description]) => [status, { description }])),
  };
}

/** The page about it. */
export function renderReference(): string {
  const lines = [
    '# HTTP API',
    '',
    'What the monitor serves below `/api/v1/`, beside metrics and health, at the addresses of `http.listen`: JSON, and server-sent events.',
    'A token of `http.tokens` has a role: `read` looks, `operate` also changes things. The names of `http.basic` and the tokens of',
    '`http.bearer` read. Where nobody is asked for anything everybody may read, and nobody change anything. Errors are objects with `error`.',
    'The same for programs: [api.json](api.json), which the monitor serves at `/api/v1/openapi.json`. Both are generated from the table in',
    '`src/console/api-routes.ts`.',
  ];
  for (const { method, path, role, about, params, body, answers } of ROUTES) {
    lines.push('', `## ${method} ${path}`, '', `${about[0]?.toUpperCase()}${about.slice(1)}.`, '', `Role: ${role}.`);
    const rows = Object.entries(params);
    if (rows.length > 0) lines.push('', '| Parameter | |', '|---|---|', ...rows.map(([name, param]) => `| \`${name}\` | ${param.about} |`));
    if (body !== undefined) lines.push('', 'Body, as JSON Schema:', '', '```json', JSON.stringify(body, null, 2), '```');
    lines.push('', '| Status | |', '|---|---|', ...Object.entries(answers).map(([status, meaning]) => `| ${status} | ${meaning} |`));
  }
  return lines.join('\n');
}

/** The document as a file. */
export function renderDocument(): string {
  return JSON.stringify(openApi('1'), null, 2);
}
