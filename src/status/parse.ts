import { Cells } from './parse-cells.ts';
import { FieldReader, type ParsedTime } from './parse-fields.ts';
import { clientPlaces, type Columns, type ParsedClient, type ParsedRoute, readClient, readRoute, routePlaces } from './parse-rows.ts';
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
const LIST_HEADERS = [LIST_CLIENT_COLUMNS.join(','), LIST_ROUTE_COLUMNS.join(',')];
const LIST_CLIENT_PLACES = clientPlaces(LIST_CLIENT_COLUMNS, 0);
const LIST_ROUTE_PLACES = routePlaces(LIST_ROUTE_COLUMNS, 0);
const LONGEST_HEAD = Math.max(...[...LIST_SECTIONS.keys()].map((head) => head.length));

/** Reads status output; `\r` before a line's end is ignored. */
export function parseStatus(text: string): ParsedStatus {
  return new StatusParser().parse(text);
}

const CR = 0x0d;
const COMMA = 0x2c;
const TAB = 0x09;
const UNDERSCORE = 0x5f;
const [A, Z] = [0x41, 0x5a];

class StatusParser {
  #form: StatusForm = 'unknown';
  #section: Section | undefined;
  #tag = '';
  #title: string | undefined;
  #time: ParsedTime | undefined;
  #clientPlaces = clientPlaces(CLIENT_COLUMNS, 1);
  #routePlaces = routePlaces(ROUTE_COLUMNS, 1);
  readonly #clients: ParsedClient[] = [];
  readonly #routes: ParsedRoute[] = [];
  readonly #counters = new Map<string, number>();
  readonly #problems: StatusProblem[] = [];
  readonly #cells = new Cells();
  readonly #fields = new FieldReader();

  parse(text: string): ParsedStatus {
    let number = 1;
    let from = 0;
    let complete = false;
    for (let end = text.indexOf('\n'); end >= 0 && !complete; end = text.indexOf('\n', from), number++) {
      const to = end > from && text.charCodeAt(end - 1) === CR ? end - 1 : end;
      // What follows END is the tail of an older, longer file.
      if (isEnd(text, from, to)) complete = true;
      else if (to > from) this.#line(text, from, to, number);
      from = end + 1;
    }
    const torn = complete ? '' : text.slice(from);
    if (!complete && torn.replace('\r', '') === END_LINE) complete = true;
    else if (!complete) this.#problem(number, torn === '' ? 'no END: the rest is missing' : 'the last line is cut off');
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

  #line(text: string, from: number, to: number, number: number): void {
    const section = this.#sectionHead(text, from, to);
    if (section !== undefined) {
      this.#section = section;
      this.#form = section === 'statistics' ? 'statistics' : 'v1';
    } else if (this.#section !== undefined) {
      this.#cells.cut(text, from, to, COMMA);
      if (!this.#listRow(this.#section, text, from, to)) this.#problem(number, `not a row of ${this.#section}`);
    } else if (!this.#record(text, from, to)) {
      this.#problem(number, 'not a line of any status format');
    }
  }

  #sectionHead(text: string, from: number, to: number): Section | undefined {
    return to - from > LONGEST_HEAD ? undefined : LIST_SECTIONS.get(text.slice(from, to));
  }

  /** A line of version 1 or of the statistics form. */
  #listRow(section: Section, text: string, from: number, to: number): boolean {
    const cells = this.#cells;
    if (LIST_HEADERS.some((header) => to - from === header.length && text.startsWith(header, from))) return true;
    if (this.#time === undefined && cells.text(0) === 'Updated') {
      this.#time = this.#fields.timeOf(cells.rest(1), undefined);
      return this.#time !== undefined;
    }
    switch (section) {
      case 'clients':
        return keep(this.#clients, readClient(cells, LIST_CLIENT_PLACES, this.#fields));
      case 'routes':
        this.#fields.beginRoutes();
        return keep(this.#routes, readRoute(cells, LIST_ROUTE_PLACES, this.#fields));
      case 'globals':
      case 'statistics':
        return this.#counter(0);
    }
  }

  /** A line of version 2 or 3: the first field says which. */
  #record(text: string, from: number, to: number): boolean {
    let at = from;
    while (at < to && isTagLetter(text.charCodeAt(at))) at++;
    const separator = at === from || at === to ? 0 : text.charCodeAt(at);
    if (separator !== COMMA && separator !== TAB) return false;
    this.#cells.cut(text, from, to, separator);
    // Hardly a row has another tag than the one before.
    if (at - from !== this.#tag.length || !text.startsWith(this.#tag, from)) this.#tag = text.slice(from, at);
    if (!this.#taggedRow(this.#tag)) return false;
    this.#form = separator === COMMA ? 'v2' : 'v3';
    return true;
  }

  #taggedRow(tag: string): boolean {
    const cells = this.#cells;
    switch (tag) {
      case 'CLIENT_LIST':
        return keep(this.#clients, readClient(cells, this.#clientPlaces, this.#fields));
      case 'ROUTING_TABLE':
        this.#fields.beginRoutes();
        return keep(this.#routes, readRoute(cells, this.#routePlaces, this.#fields));
      case 'TITLE':
        this.#title = cells.rest(1);
        return true;
      case 'TIME':
        this.#time = this.#fields.timeOf(cells.text(1) ?? '', cells.number(2));
        return this.#time !== undefined;
      case 'HEADER':
        return this.#header();
      case 'GLOBAL_STATS':
        return this.#counter(1);
      default:
        return false;
    }
  }

  #header(): boolean {
    const [section, ...columns] = Array.from({ length: this.#cells.count - 1 }, (_, index) => this.#cells.text(index + 1) ?? '');
    if (section === 'CLIENT_LIST') this.#clientPlaces = clientPlaces(columns, 1);
    else if (section === 'ROUTING_TABLE') this.#routePlaces = routePlaces(columns, 1);
    else return false;
    return true;
  }

  /** Name and value from a field on. */
  #counter(field: number): boolean {
    const name = this.#cells.text(field);
    const number = this.#cells.number(field + 1);
    if (name === undefined || number === undefined) return false;
    this.#counters.set(name, number);
    return true;
  }
}

function isEnd(text: string, from: number, to: number): boolean {
  return to - from === END_LINE.length && text.startsWith(END_LINE, from);
}

function isTagLetter(code: number): boolean {
  return (code >= A && code <= Z) || code === UNDERSCORE;
}

function keep<T>(list: T[], item: T | undefined): boolean {
  if (item !== undefined) list.push(item);
  return item !== undefined;
}
