import type { AlertNotice } from '../../telemetry/alerts/notice.ts';

/**
 * Texts about alerts: `{{state}}`, `{{rule}}`, `{{since}}`, `{{ended}}`, `{{value}}`, `{{labels}}` for all of them, `{{labels.daemon}}` and
 * `{{annotations.summary}}` for one, and `{{summary}}`, `{{description}}`, `{{runbook_url}}` for short. What is put in is never read for
 * further places, so that nobody who chooses a label writes a template.
 */
export interface Template {
  /** Texts and places by turns, beginning with a text. */
  readonly parts: readonly string[];
}

const PLACE = /\{\{\s*([\w.]+)\s*\}\}/;
const WORDS = new Set(['state', 'rule', 'since', 'ended', 'value', 'labels', 'summary', 'description', 'runbook_url']);

/** Reads a template; words say what is wrong with it. */
export function parseTemplate(text: string): Template | string {
  const parts = text.split(PLACE);
  for (const [index, part] of parts.entries()) {
    if (index % 2 === 0) {
      if (part.includes('{{')) return 'after {{ comes one name and }}';
    } else if (!WORDS.has(part) && !/^(?:labels|annotations)\.\w+$/.test(part)) {
      return `there is no {{${part}}}; there are ${[...WORDS, 'labels.NAME', 'annotations.NAME'].join(', ')}`;
    }
  }
  return { parts };
}

/** Fills it in; `escape` makes a value fit where it is put. A label that there is not is nothing. */
export function fillTemplate({ parts }: Template, notice: AlertNotice, escape: (value: string) => string = asItIs): string {
  return parts.map((part, index) => (index % 2 === 0 ? part : escape(valueOf(part, notice)))).join('');
}

function asItIs(value: string): string {
  return value;
}

/** For a place inside the quotes of a JSON string. */
export function insideJson(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}

function valueOf(name: string, notice: AlertNotice): string {
  const { labels, annotations, since, ended, value, rule, state } = notice;
  const [family = '', key] = name.split('.', 2);
  if (key !== undefined) return (family === 'labels' ? labels : annotations).get(key) ?? '';
  switch (family) {
    case 'state':
      return state;
    case 'rule':
      return rule;
    case 'since':
      return dateText(since);
    case 'ended':
      return ended === undefined ? '' : dateText(ended);
    case 'value':
      return String(value);
    case 'labels':
      return [...labels].map(([label, text]) => `${label}=${text}`).join(' ');
    default:
      return annotations.get(family) ?? (family === 'summary' ? rule : '');
  }
}

/** `2026-11-22T21:53:00.123Z`; a time that is no date is the first of all. */
export function dateText(wall: number): string {
  return new Date(Math.abs(wall) <= 8.64e15 ? wall : 0).toISOString();
}
