import { type ParsedTime, readNumber, readTime } from './parse-fields.ts';
import { type Columns, type ParsedClient, type ParsedRoute, readClient, readRoute } from './parse-rows.ts';
import { CLIENT_COLUMNS, END_LINE, ROUTE_COLUMNS } from './write.ts';

/**
 * One tolerant reader of status output: versions 1 to 3 of 2.3 to master, the statistics form of clients, files and
 * management replies, whole, torn and empty. What is certain is kept; what is not is named in `problems`.
 */
export interface ParsedStatus {
  readonly form: StatusForm;
  readonly title: string | undefined;
  /** When the daemon wrote it. */
  readonly time: ParsedTime | undefined;
  readonly clients: readonly ParsedClient[];
  readonly routes: readonly ParsedRoute[];
  /** Global figures and a client's statistics, by the name they are printed with. */
  readonly counters: ReadonlyMap<string, number>;
  /** True when the last line, `END`, was there. */
  readonly complete: boolean;
  /** What could not be read; the first hundred. */
  readonly problems: readonly StatusProblem[];
}

/** Which of the formats it was. */
export type StatusForm = 'v1' | 'v2' | 'v3' | 'statistics' | 'unknown';

/** A line, counted from 1, that could not be read. */
export interface StatusProblem {
  readonly line: number;
  readonly reason: string;
}

const MAX_PROBLEMS = 100;

/** Rows of version 1 by the line that heads their section, and of versions 2 and 3 by their first field. */
type Section = 'clients' | 'routes' | 'globals' | 'statistics';

const LIST_SECTIONS: ReadonlyMap<string, Section> = new Map([
  ['OpenVPN CLIENT LIST', 'clients'],
  ['ROUTING TABLE', 'routes'],
  ['GLOBAL STATS', 'globals'],
  ['OpenVPN STATISTICS', 'statistics'],
]);

const LIST_CLIENT_COLUMNS: Columns = ['Common Name', 'Real Address', 'Bytes Received', 'Bytes Sent', 'Connected Since'];
const LIST_ROUTE_COLUMNS: Columns = ['Virtual Address', 'Common Name', 'Real Address', 'Last Ref'];
const LIST_HEADERS = new Set([LIST_CLIENT_COLUMNS.join(','), LIST_ROUTE_COLUMNS.join(',')]);

/** Reads status output; `\r` before a line's end is ignored. */
export function parseStatus(text: string): ParsedStatus {
  return new StatusParser().parse(text);
}

class StatusParser {
  #form: StatusForm = 'unknown';
  #section: Section | undefined;
  #title: string | undefined;
  #time: ParsedTime | undefined;
  #clientColumns: Columns = CLIENT_COLUMNS;
  #routeColumns: Columns = ROUTE_COLUMNS;
  readonly #clients: ParsedClient[] = [];
  readonly #routes: ParsedRoute[] = [];
  readonly #counters = new Map<string, number>();
  readonly #problems: StatusProblem[] = [];

  parse(text: string): ParsedStatus {
    const lines = text.split('\n');
    const torn = lines.pop() ?? '';
    let complete = false;
    for (const [index, raw] of lines.entries()) {
      const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
      if (line === END_LINE) {
        // What follows is the tail of an older, longer file.
        complete = true;
        break;
      }
      if (line !== '') this.#line(line, index + 1);
    }
    if (!complete && torn.replace('\r', '') === END_LINE) complete = true;
    else if (!complete) this.#problem(lines.length + 1, torn === '' ? 'no END: the rest is missing' : 'the last line is cut off');
    return {
      form: this.#form,
      title: this.#title,
      time: this.#time,
      clients: this.#clients,
      routes: this.#routes,
      counters: this.#counters,
      complete,
      problems: this.#problems,
    };
  }

  #problem(line: number, reason: string): void {
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push({ line, reason });
  }

  #line(line: string, number: number): void {
    const section = LIST_SECTIONS.get(line);
    if (section !== undefined) {
      this.#section = section;
      this.#form = section === 'statistics' ? 'statistics' : 'v1';
    } else if (this.#section !== undefined) {
      if (!this.#listRow(this.#section, line)) this.#problem(number, `not a row of ${this.#section}`);
    } else if (!this.#record(line)) {
      this.#problem(number, 'not a line of any status format');
    }
  }

  /** A line of version 1 or of the statistics form. */
  #listRow(section: Section, line: string): boolean {
    if (LIST_HEADERS.has(line)) return true;
    if (line.startsWith('Updated,') && this.#time === undefined) {
      this.#time = readTime(line.slice('Updated,'.length));
      return this.#time !== undefined;
    }
    const fields = line.split(',');
    switch (section) {
      case 'clients':
        return keep(this.#clients, readClient(fields, LIST_CLIENT_COLUMNS));
      case 'routes':
        return keep(this.#routes, readRoute(fields, LIST_ROUTE_COLUMNS));
      case 'globals':
      case 'statistics':
        return this.#counter(fields);
    }
  }

  /** A line of version 2 or 3: the first field says which. */
  #record(line: string): boolean {
    const separator = /^[A-Z_]+([,\t])/.exec(line)?.[1];
    if (separator === undefined) return false;
    const [tag = '', ...fields] = line.split(separator);
    if (!this.#taggedRow(tag, fields, separator)) return false;
    this.#form = separator === ',' ? 'v2' : 'v3';
    return true;
  }

  #taggedRow(tag: string, fields: readonly string[], separator: string): boolean {
    switch (tag) {
      case 'TITLE':
        this.#title = fields.join(separator);
        return true;
      case 'TIME':
        this.#time = readTime(fields[0] ?? '', fields[1]);
        return this.#time !== undefined;
      case 'HEADER':
        return this.#header(fields);
      case 'CLIENT_LIST':
        return keep(this.#clients, readClient(fields, this.#clientColumns));
      case 'ROUTING_TABLE':
        return keep(this.#routes, readRoute(fields, this.#routeColumns));
      case 'GLOBAL_STATS':
        return this.#counter(fields);
      default:
        return false;
    }
  }

  #header([section, ...columns]: readonly string[]): boolean {
    if (section === 'CLIENT_LIST') this.#clientColumns = columns;
    else if (section === 'ROUTING_TABLE') this.#routeColumns = columns;
    else return false;
    return true;
  }

  #counter([name, value]: readonly string[]): boolean {
    const number = readNumber(value);
    if (name === undefined || number === undefined) return false;
    this.#counters.set(name, number);
    return true;
  }
}

function keep<T>(list: T[], item: T | undefined): boolean {
  if (item !== undefined) list.push(item);
  return item !== undefined;
}
