import type { WallTime } from '../base/units.ts';
import { ALL_ROWS } from './catalogue.ts';
import { compileTemplate, type MatchedArgs, type Matcher } from './matcher.ts';
import { type PrefixPeer, prefixesOf } from './prefix.ts';
import type { Row } from './row.ts';
import { stripStamp } from './stamp.ts';

/** What a line of a log says. */
export interface RecognisedLine {
  /** Without time stamp and client prefix. */
  readonly text: string;
  readonly time: WallTime | undefined;
  /** The message word of a machine-readable line. */
  readonly word: number | undefined;
  readonly peer: PrefixPeer | undefined;
  /** Undefined for a line that is not in the catalogue. */
  readonly row: Row | undefined;
  /** The row's values by placeholder; empty without a row. */
  readonly args: MatchedArgs;
}

/** Lines are cut at this length, like stock cuts its own (facts: logging 4). */
const LINE_LIMIT = 10_240;
/** Rows are looked up by their first characters. */
const KEY_LENGTH = 4;
/** Stock's prefix for what it does before a client instance stands (2.6). */
const ATTEMPT = 'Connection Attempt ';

/** Every template, by the first characters of the lines that it may recognise. */
interface Matchers {
  readonly byKey: ReadonlyMap<string, readonly Matcher[]>;
  /** For lines that begin like none of those. */
  readonly others: readonly Matcher[];
}

let made: Matchers | undefined;

/** Made when the first line is read: a daemon that runs well reads none. */
function matchers(): Matchers {
  made ??= makeMatchers();
  return made;
}

/** The most specific first. A row of nothing but a value would recognise every line, and is left out. */
function makeMatchers(): Matchers {
  const all = [...ALL_ROWS.values()]
    .flatMap((row) => [row.template, ...row.also].map((template) => compileTemplate(row, template)))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight);
  const keys = all.map(({ head }) => head.slice(0, KEY_LENGTH)).filter((key) => key.length === KEY_LENGTH);
  return {
    byKey: new Map(keys.map((key) => [key, all.filter(({ head }) => head.startsWith(key) || key.startsWith(head))])),
    others: all.filter(({ head }) => head.length < KEY_LENGTH),
  };
}

interface Match {
  readonly row: Row;
  readonly args: MatchedArgs;
}

/** The most specific row, where a few texts come at several levels the one of the line's own word. */
function matchText(text: string, word: number | undefined): Match | undefined {
  let best: Match | undefined;
  const { byKey, others } = matchers();
  for (const { row, match } of byKey.get(text.slice(0, KEY_LENGTH)) ?? others) {
    const args = match(text);
    if (args === undefined) continue;
    if (word === undefined || row.word === word) return { row, args };
    best ??= { row, args };
  }
  return best;
}

/**
 * Reads a line of an OpenVPN log, ours or stock's of any version, with or without time stamp and client prefix. The earliest
 * reading with a prefix wins, as user names in a text are a client's choice while common names are a certificate's.
 */
export function recognise(line: string): RecognisedLine {
  const { text, time, word } = stripStamp(line.slice(0, LINE_LIMIT));
  let firstPeer: PrefixPeer | undefined;
  let firstText: string | undefined;
  for (const prefixed of prefixesOf(text)) {
    const found = matchText(prefixed.text, word);
    if (found !== undefined) return { text: prefixed.text, time, word, peer: prefixed.peer, ...found };
    firstPeer ??= prefixed.peer;
    firstText ??= prefixed.text;
  }
  const whole = text.startsWith(ATTEMPT) ? text.slice(ATTEMPT.length) : text;
  const found = matchText(whole, word);
  if (found !== undefined) return { text: whole, time, word, peer: undefined, ...found };
  return { text: firstText ?? whole, time, word, peer: firstPeer, row: undefined, args: {} };
}
