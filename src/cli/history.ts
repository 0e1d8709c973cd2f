import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { reasonOf, TunnelscopeError } from '../base/errors.ts';
import type { WallTime } from '../base/units.ts';
import { readTextFile } from '../host/files.ts';
import { readConfig } from '../monitor/config/config.ts';
import { Names } from '../monitor/history/names.ts';
import { SqliteHistory } from '../monitor/history/sqlite.ts';
import type { HistoryQuery, HistoryStore, Page } from '../monitor/history/store.ts';
import { type AnyRecord, csvForm, jsonForm, type Subject, tableForm } from './history-view.ts';
import { momentFrom } from './moment.ts';
import { numberFrom } from './sources.ts';

/** Where the configuration is looked for when no FILE is given. */
const PLACES = ['monitor.yaml', '/etc/tunnelscope/monitor.yaml'];
const PAGE = 1000;
const MOST = 1_000_000_000;

/** Options that choose another subject than sessions. */
const SUBJECTS = { traffic: 'traffic', 'auth-failures': 'auth-failure', states: 'state', alerts: 'alert', audit: 'audit' } as const;

/** `tunnelscope history`: see its usage. */
export async function history(
  argv: readonly string[],
  print: (text: string) => void = (text) => void process.stdout.write(text),
  now: WallTime = Date.now() as WallTime,
): Promise<number> {
  const { values, positionals } = parse(argv);
  const { file, names } = placeFrom(positionals, values['hash-key-file']);
  if (values.erase !== undefined) return erase(file, values.erase, names, print);
  const subject = subjectFrom(values);
  const query: Omit<HistoryQuery, 'limit'> = {
    daemon: values.daemon,
    user: names.of(values.user),
    since: values.since === undefined ? undefined : (momentFrom('since', values.since, now) as WallTime),
    until: values.until === undefined ? undefined : (momentFrom('until', values.until, now) as WallTime),
  };
  const everything = values.csv || values.json;
  const most = values.limit === undefined ? (everything ? MOST : 100) : numberFrom('limit', values.limit, 1, MOST);
  const store = SqliteHistory.openToRead(file);
  if (everything) {
    const form = values.csv ? csvForm(subject) : jsonForm(subject);
    for (const line of form.head()) print(`${line}\n`);
    for await (const records of pages(store, subject, query, most))
      print(
        form
          .lines(records)
          .map((line) => `${line}\n`)
          .join(''),
      );
  } else {
    const records: AnyRecord[] = [];
    for await (const page of pages(store, subject, query, most + 1)) records.push(...page);
    print(`${tableForm(subject, now).lines(records.slice(0, most)).join('\n')}\n`);
    if (records.length > most) print(`(the latest ${most}; --limit N shows more)\n`);
  }
  await store.close();
  return 0;
}

/** Records of a subject, in pieces, at most so many. */
async function* pages(
  store: HistoryStore,
  subject: Subject,
  query: Omit<HistoryQuery, 'limit'>,
  most: number,
): AsyncGenerator<readonly AnyRecord[]> {
  if (subject === 'traffic') {
    yield await store.traffic({ ...query, limit: most });
    return;
  }
  let left = most;
  let after: HistoryQuery['after'];
  do {
    const part = { ...query, after, limit: Math.min(PAGE, left) };
    const page: Page<AnyRecord> = subject === 'sessions' ? await store.sessions(part) : await store.events(subject, part);
    yield page.records;
    left -= page.records.length;
    after = page.next;
  } while (after !== undefined && left > 0);
}

async function erase(file: string, user: string, names: Names, print: (text: string) => void): Promise<number> {
  if (user === '') throw new TunnelscopeError('CLI', '--erase: give a name');
  if (!existsSync(file)) throw new TunnelscopeError('FILE', `there is no database at ${file}`);
  const store = SqliteHistory.open(file);
  const met = await store.erase(names.of(user));
  await store.close();
  print(`${met} records erased or changed\n`);
  return 0;
}

type Values = ReturnType<typeof parse>['values'];

function subjectFrom(values: Values): Subject {
  const asked = Object.entries(SUBJECTS).filter(([option]) => values[option as keyof typeof SUBJECTS]);
  if (asked.length > 1)
    throw new TunnelscopeError(
      'CLI',
      `give one of ${Object.keys(SUBJECTS)
        .map((option) => `--${option}`)
        .join(', ')}`,
    );
  if (values.csv && values.json) throw new TunnelscopeError('CLI', 'give --csv or --json, not both');
  return asked[0]?.[1] ?? 'sessions';
}

/** The database, and how names are written in it: of a configuration, or as given. */
function placeFrom(positionals: readonly string[], hashKeyFile: string | undefined): { readonly file: string; readonly names: Names } {
  const [given, ...more] = positionals;
  if (more.length > 0) throw new TunnelscopeError('CLI', 'give one FILE');
  const path = given ?? PLACES.find((place) => existsSync(place));
  if (path === undefined) throw new TunnelscopeError('CLI', `give a FILE: there is neither ${PLACES.join(' nor ')}`);
  const key = hashKeyFile === undefined ? undefined : keyFrom(hashKeyFile);
  if (!/\.ya?ml$/.test(path)) return { file: path, names: new Names(key) };
  const config = readConfig(path).history;
  if (config === undefined) throw new TunnelscopeError('OPTIONS', `${path}: it keeps no history; give \`history: { file: PATH }\``);
  const own = config.hashKey === undefined ? undefined : Buffer.from(config.hashKey.reveal());
  return { file: config.file, names: new Names(key ?? own) };
}

function keyFrom(path: string): Buffer {
  const [line = ''] = readTextFile(path, 1 << 20).split(/\r?\n/, 1);
  if (line === '') throw new TunnelscopeError('FILE', `the first line of ${path} is empty`);
  return Buffer.from(line);
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      strict: true,
      options: {
        user: { type: 'string' },
        daemon: { type: 'string' },
        since: { type: 'string' },
        until: { type: 'string' },
        limit: { type: 'string' },
        csv: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        traffic: { type: 'boolean', default: false },
        'auth-failures': { type: 'boolean', default: false },
        states: { type: 'boolean', default: false },
        alerts: { type: 'boolean', default: false },
        audit: { type: 'boolean', default: false },
        erase: { type: 'string' },
        'hash-key-file': { type: 'string' },
      },
    });
  } catch (thrown) {
    throw new TunnelscopeError('CLI', reasonOf(thrown), { cause: thrown });
  }
}
