import { createHash } from 'node:crypto';
import { fail, ok, type Result } from '../../base/result.ts';
import type { WallTime } from '../../base/units.ts';

/** A condition on a label of alerts, as Alertmanager has it; regular expressions match the whole value. */
export interface SilenceMatcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  /** False for what must not match. */
  readonly isEqual: boolean;
}

/** What somebody asks for: nothing is told of alerts that all matchers fit, from then until then. */
export interface SilenceRequest {
  readonly matchers: readonly SilenceMatcher[];
  readonly starts: WallTime;
  readonly ends: WallTime;
  readonly by: string;
  readonly comment: string;
}

/** A silence that stands. */
export interface Silence extends SilenceRequest {
  readonly id: string;
}

interface Standing {
  readonly silence: Silence;
  readonly fits: (labels: ReadonlyMap<string, string>) => boolean;
}

const MAX_SILENCES = 1000;
const MAX_MATCHERS = 20;
const MAX_TEXT = 256;
/** Silences that ended are shown for so long. */
const SHOWN_MS = 86_400_000;

/** The silences that there are; bounded. */
export class Silences {
  readonly #standing = new Map<string, Standing>();
  #number = 0;

  get all(): readonly Silence[] {
    return [...this.#standing.values()].map(({ silence }) => silence);
  }

  /** Takes one; else says what is wrong with it. */
  add(request: SilenceRequest, now: WallTime): Result<Silence, string> {
    this.#forget(now);
    const wrong = faultOf(request, now);
    if (wrong !== undefined) return fail(wrong);
    if (this.#standing.size >= MAX_SILENCES) return fail(`there are ${MAX_SILENCES} silences already`);
    const digest = createHash('sha256').update(JSON.stringify([request, now, ++this.#number]));
    return this.#stand({ ...request, id: digest.digest('hex').slice(0, 16) });
  }

  /** Takes those of a former run. What is wrong among them is left out. */
  restore(silences: readonly Silence[], now: WallTime): void {
    for (const silence of silences.slice(0, MAX_SILENCES)) if (faultOf(silence, now) === undefined) this.#stand(silence);
  }

  #stand(silence: Silence): Result<Silence, string> {
    const tests = silence.matchers.map(testOf);
    this.#standing.set(silence.id, { silence, fits: (labels) => tests.every((test) => test(labels)) });
    return ok(silence);
  }

  /** Ends one. False when there is none of that id. */
  remove(id: string): boolean {
    return this.#standing.delete(id);
  }

  /** The ids of those that silence an alert of these labels now. */
  by(labels: ReadonlyMap<string, string>, now: WallTime): readonly string[] {
    const found: string[] = [];
    for (const { silence, fits } of this.#standing.values())
      if (silence.starts <= now && now < silence.ends && fits(labels)) found.push(silence.id);
    return found;
  }

  #forget(now: WallTime): void {
    for (const [id, { silence }] of this.#standing) if (silence.ends + SHOWN_MS < now) this.#standing.delete(id);
  }
}

function faultOf({ matchers, starts, ends, by, comment }: SilenceRequest, now: WallTime): string | undefined {
  if (matchers.length === 0) return 'a silence needs a matcher at least';
  if (matchers.length > MAX_MATCHERS) return `a silence has at most ${MAX_MATCHERS} matchers`;
  if (!(ends > starts)) return 'a silence ends after it starts';
  if (!(ends > now)) return 'the silence has ended already';
  if (by.length > MAX_TEXT || comment.length > 4 * MAX_TEXT) return 'by or comment is too long';
  for (const { name, value, isRegex } of matchers) {
    if (!/^[a-zA-Z_]\w{0,63}$/.test(name)) return 'a matcher names a label';
    if (value.length > MAX_TEXT) return `the value of a matcher has at most ${MAX_TEXT} characters`;
    const wrong = isRegex ? faultOfPattern(value) : undefined;
    if (wrong !== undefined) return `the pattern for ${name}: ${wrong}`;
  }
  return undefined;
}

/** Patterns that could take very long are refused: anything repeated that is more than a character or class, or more than two without an end. */
function faultOfPattern(pattern: string): string | undefined {
  const bare = pattern.replace(/\\./gs, 'x').replace(/\[[^\]]*\]/g, 'x');
  if (/\)[*+{]/.test(bare)) return 'a group may not be repeated';
  if ((bare.match(/[*+{]/g) ?? []).length > 2) return 'at most two repetitions';
  try {
    return new RegExp(pattern, 'su').unicode ? undefined : 'it is no regular expression';
  } catch {
    return 'it is no regular expression';
  }
}

function testOf({ name, value, isRegex, isEqual }: SilenceMatcher): (labels: ReadonlyMap<string, string>) => boolean {
  const pattern = isRegex ? new RegExp(`^(?:${value})$`, 'su') : undefined;
  return (labels) => {
    const label = labels.get(name) ?? '';
    return (pattern === undefined ? label === value : pattern.test(label)) === isEqual;
  };
}
