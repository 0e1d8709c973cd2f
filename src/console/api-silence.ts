import type { WallTime } from '../base/units.ts';
import type { SilenceMatcher, SilenceRequest } from '../telemetry/alerts/silences.ts';
import { type ParamResult, timeFrom } from './api-params.ts';

/** A silence as it is asked for, as JSON Schema. */
export const SILENCE_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['matchers', 'ends'],
  properties: {
    matchers: {
      type: 'array',
      minItems: 1,
      maxItems: 20,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'value'],
        properties: {
          name: { type: 'string', description: 'a label of alerts, such as alertname or daemon' },
          value: { type: 'string' },
          isRegex: { type: 'boolean', default: false },
          isEqual: { type: 'boolean', default: true },
        },
      },
    },
    starts: { type: 'string', format: 'date-time', description: 'now unless given' },
    ends: { type: 'string', format: 'date-time' },
    by: { type: 'string', description: 'whoever wants it' },
    comment: { type: 'string' },
  },
} as const;

const KEYS = new Set(Object.keys(SILENCE_SCHEMA.properties));
const MATCHER_KEYS = new Set(Object.keys(SILENCE_SCHEMA.properties.matchers.items.properties));

/** Reads one. What it says beyond its form is judged by whoever takes it. */
export function silenceFrom(body: Buffer, now: WallTime): ParamResult<SilenceRequest> {
  let given: unknown;
  try {
    given = JSON.parse(body.toString('utf8'));
  } catch {
    return { wrong: 'the body is no JSON' };
  }
  if (!isObject(given)) return { wrong: 'the body is no object' };
  const strange = Object.keys(given).find((key) => !KEYS.has(key));
  if (strange !== undefined) return { wrong: `there is no ${JSON.stringify(strange.slice(0, 80))}; there are ${[...KEYS].join(', ')}` };
  const { matchers, starts, ends, by = '', comment = '' } = given;
  if (typeof by !== 'string' || typeof comment !== 'string') return { wrong: 'by and comment are text' };
  const [from, to] = [starts === undefined ? now : momentOf(starts), momentOf(ends)];
  if (from === undefined || to === undefined) return { wrong: 'starts and ends are times such as 2026-11-22T13:00:00Z' };
  const read = Array.isArray(matchers) ? matchers.map(matcherFrom) : [undefined];
  const sound = read.filter((matcher) => matcher !== undefined);
  if (sound.length < read.length) return { wrong: 'matchers are a list of objects with name, value, and perhaps isRegex and isEqual' };
  return { value: { matchers: sound, starts: from, ends: to, by, comment } };
}

function matcherFrom(given: unknown): SilenceMatcher | undefined {
  if (!isObject(given) || !Object.keys(given).every((key) => MATCHER_KEYS.has(key))) return undefined;
  const { name, value, isRegex = false, isEqual = true } = given;
  if (typeof name !== 'string' || typeof value !== 'string' || typeof isRegex !== 'boolean' || typeof isEqual !== 'boolean')
    return undefined;
  return { name, value, isRegex, isEqual };
}

function momentOf(given: unknown): WallTime | undefined {
  return typeof given === 'string' ? timeFrom(given) : undefined;
}

function isObject(given: unknown): given is Readonly<Record<string, unknown>> {
  return typeof given === 'object' && given !== null && !Array.isArray(given);
}
