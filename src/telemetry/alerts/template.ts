import { durationText } from './promql.ts';
import type { Rule, Variant } from './rule.ts';

/**
 * Texts of rules. In braces stand a label (`{daemon}`), the value (`{value}`, `{value|percent}`, `{value|duration}`, `{value|bytes}`) or a
 * threshold (`{$window}`). Prometheus gets them as its own templates, which come out the same.
 */

type Format = (value: number) => string;

const FORMATS: Readonly<Record<string, { readonly prometheus: string; readonly format: Format }>> = {
  '': { prometheus: 'humanize', format: humanize },
  percent: { prometheus: 'humanizePercentage', format: (value) => `${fourDigits(value * 100)}%` },
  duration: { prometheus: 'humanizeDuration', format: humanizeDuration },
  bytes: { prometheus: 'humanize1024', format: humanize1024 },
};

const PLACE = /\{(\$?)(\w+)(?:\|(\w+))?\}/g;

/** What a text may name. */
export interface Filling {
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

/** The annotations of an alert. */
export function annotationsOf(variant: Variant, filling: Filling, runbookUrl: string): ReadonlyMap<string, string> {
  return new Map([
    ['summary', filled(variant, variant.rule.summary, filling)],
    ['description', filled(variant, variant.rule.description, filling)],
    ['runbook_url', runbookOf(variant.rule, runbookUrl)],
  ]);
}

/** The same as templates of Prometheus. */
export function annotationTemplates(variant: Variant, runbookUrl: string): ReadonlyMap<string, string> {
  return new Map([
    ['summary', template(variant, variant.rule.summary)],
    ['description', template(variant, variant.rule.description)],
    ['runbook_url', runbookOf(variant.rule, runbookUrl)],
  ]);
}

/** The section about a rule, below the address of the page. */
function runbookOf({ name }: Rule, url: string): string {
  return `${url}#${name.toLowerCase()}`;
}

function filled(variant: Variant, text: string, { labels, value }: Filling): string {
  return text.replace(PLACE, (_all, dollar: string, name: string, format = '') => {
    if (dollar !== '') return thresholdText(variant, name);
    return name === 'value' ? formatted(format, value) : (labels.get(name) ?? '');
  });
}

function template(variant: Variant, text: string): string {
  return text.replace(PLACE, (_all, dollar: string, name: string, format = '') => {
    if (dollar !== '') return thresholdText(variant, name);
    return name === 'value' ? `{{ $value | ${FORMATS[format]?.prometheus ?? 'humanize'} }}` : `{{ $labels.${name} }}`;
  });
}

function formatted(format: string, value: number): string {
  return (FORMATS[format]?.format ?? humanize)(value);
}

/** A threshold as people read it. */
export function thresholdText({ rule, values }: Pick<Variant, 'rule' | 'values'>, name: string): string {
  const value = values.get(name) ?? Number.NaN;
  return numberText(value, rule.thresholds[name]?.unit);
}

/** A number in its unit. */
export function numberText(value: number, unit: string | undefined): string {
  if (unit === 'seconds') return durationText(value);
  if (unit === 'share') return `${fourDigits(value * 100)}%`;
  return unit === 'bytes per second' ? `${humanize(value)}B/s` : String(value);
}

/** `%.4g` of Go: four digits that count, no zeros behind them, and halves go to the even digit. */
function fourDigits(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const rounded = toFourDigits(value);
  const [digits = '', exponent = '0'] = rounded.toExponential().split('e');
  if (Number(exponent) >= -4 && Number(exponent) < 4) return String(rounded);
  const sign = exponent.startsWith('-') ? '-' : '+';
  return `${digits}e${sign}${exponent.replace(/^[-+]/, '').padStart(2, '0')}`;
}

/** JavaScript rounds halves up. What differs from a half does so in the first twenty digits: a number has sixteen of its own. */
function toFourDigits(value: number): number {
  const [digits = '', exponent = '0'] = value.toExponential(20).split('e');
  const half = /^(-?\d\.\d\d[02468])50*$/.exec(digits);
  return half === null ? Number(value.toPrecision(4)) : Number(`${half[1]}e${exponent}`);
}

const LARGE = ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
const SMALL = ['', 'm', 'u', 'n', 'p', 'f', 'a', 'z', 'y'];
const BINARY = ['', 'ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi'];

function humanize(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return fourDigits(value);
  return Math.abs(value) >= 1 ? scaled(value, 1000, LARGE) : scaledUp(value, SMALL);
}

function humanize1024(value: number): string {
  return Math.abs(value) <= 1 || !Number.isFinite(value) ? fourDigits(value) : scaled(value, 1024, BINARY);
}

function scaled(value: number, step: number, prefixes: readonly string[]): string {
  let [left, power] = [value, 0];
  while (Math.abs(left) >= step && power < prefixes.length - 1) {
    left /= step;
    power++;
  }
  return `${fourDigits(left)}${prefixes[power] ?? ''}`;
}

function scaledUp(value: number, prefixes: readonly string[]): string {
  let [left, power] = [value, 0];
  while (Math.abs(left) < 1 && power < prefixes.length - 1) {
    left *= 1000;
    power++;
  }
  return `${fourDigits(left)}${prefixes[power] ?? ''}`;
}

function humanizeDuration(value: number): string {
  if (!Number.isFinite(value)) return fourDigits(value);
  if (value === 0) return '0s';
  if (Math.abs(value) < 1) return `${scaledUp(value, SMALL)}s`;
  const whole = Math.trunc(Math.abs(value));
  const sign = value < 0 ? '-' : '';
  const [days, hours, minutes, rest] = [Math.trunc(whole / 86_400), Math.trunc(whole / 3600) % 24, Math.trunc(whole / 60) % 60, whole % 60];
  if (days > 0) return `${sign}${days}d ${hours}h ${minutes}m ${rest}s`;
  if (hours > 0) return `${sign}${hours}h ${minutes}m ${rest}s`;
  if (minutes > 0) return `${sign}${minutes}m ${rest}s`;
  return `${sign}${fourDigits(Math.abs(value))}s`;
}
