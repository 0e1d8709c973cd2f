import type { Metric } from './metrics/metric.ts';
import type { HistogramView } from './views.ts';

/** What a family's head is made of. */
export interface Head {
  readonly name: string;
  readonly type: Metric['type'];
  readonly unit?: string;
  readonly help: string;
}

const ROOM = 40_960;
const NEWLINE = 10;
const ZERO = 48;
/** UTF-8 has no more bytes for a code unit of a string. */
const MOST_BYTES = 3;
/** A safe integer has no more digits. */
const MOST_DIGITS = 16;

/**
 * A page of metrics in the making, as bytes: a sample is written without a text being made of it. A family without samples leaves
 * no trace.
 */
export class Page {
  readonly #open: boolean;
  #bytes = Buffer.allocUnsafe(ROOM);
  #length = 0;
  #head: Head | undefined;
  #sample = '';

  /** `open`: as OpenMetrics wants it. */
  constructor(open: boolean) {
    this.#open = open;
  }

  /** Bytes since `take`. */
  get length(): number {
    return this.#length;
  }

  /** A family begins; `sample` is what its samples are called. */
  begin(head: Head, sample: string): void {
    this.#head = head;
    this.#sample = sample;
  }

  /** `labels` is a block with its braces, or nothing. */
  sample(labels: string, value: number): void {
    this.#writeHead();
    this.#text(this.#sample);
    this.#text(labels);
    this.#value(value);
  }

  /** `labels` comes without braces, and is never empty. */
  histogram(labels: string, { bounds, counts, sum, count }: HistogramView): void {
    this.#writeHead();
    let below = 0;
    for (const [index, end] of endsOf(bounds).entries()) {
      below = index < bounds.length ? below + (counts[index] ?? 0) : count;
      this.#text(this.#sample);
      this.#text('_bucket{');
      this.#text(labels);
      this.#text(end);
      this.#value(below);
    }
    this.#part('_sum{', labels, sum);
    this.#part('_count{', labels, count);
  }

  #part(suffix: string, labels: string, value: number): void {
    this.#text(this.#sample);
    this.#text(suffix);
    this.#text(labels);
    this.#text('}');
    this.#value(value);
  }

  /** Nothing comes any more. */
  end(): void {
    if (this.#open) this.#text('# EOF\n');
  }

  /** What was written since the last time. */
  take(): Uint8Array {
    const piece = Uint8Array.prototype.slice.call(this.#bytes, 0, this.#length);
    this.#length = 0;
    return piece;
  }

  #writeHead(): void {
    if (this.#head === undefined) return;
    this.#text(headText(this.#head, this.#sample, this.#open));
    this.#head = undefined;
  }

  /** Almost all is ASCII, which is copied faster than anybody else could be called for it. */
  #text(text: string): void {
    this.#ensure(text.length * MOST_BYTES);
    const bytes = this.#bytes;
    const start = this.#length;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code > 127) {
        this.#length = start + bytes.write(text, start, 'utf8');
        return;
      }
      bytes[start + index] = code;
    }
    this.#length = start + text.length;
  }

  /** A blank, the value, the end of the line. */
  #value(value: number): void {
    this.#ensure(MOST_DIGITS + 2);
    this.#bytes[this.#length++] = 32;
    if (Number.isSafeInteger(value) && value >= 0) this.#digits(value);
    else this.#text(numberText(value));
    this.#bytes[this.#length++] = NEWLINE;
  }

  #digits(value: number): void {
    let count = 1;
    for (let power = 10; power <= value; power *= 10) count++;
    let rest = value;
    for (let at = this.#length + count - 1; at >= this.#length; at--) {
      const tenth = Math.floor(rest / 10);
      this.#bytes[at] = ZERO + (rest - tenth * 10);
      rest = tenth;
    }
    this.#length += count;
  }

  /** Makes room for so many bytes more, and for a number behind them. */
  #ensure(count: number): void {
    const needed = this.#length + count + MOST_DIGITS + 2;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

const HEADS = { text: new WeakMap<Head, string>(), open: new WeakMap<Head, string>() };

function headText(head: Head, sample: string, open: boolean): string {
  const known = HEADS[open ? 'open' : 'text'];
  const text = known.get(head) ?? (open ? openHead(head) : plainHead(head, sample));
  known.set(head, text);
  return text;
}

function openHead({ name, type, unit, help }: Head): string {
  const unitLine = unit === undefined ? '' : `# UNIT ${name} ${unit}\n`;
  return `# HELP ${name} ${escapeHelp(help).replaceAll('"', '\\"')}\n# TYPE ${name} ${type}\n${unitLine}`;
}

function plainHead({ type, help }: Head, sample: string): string {
  return `# HELP ${sample} ${escapeHelp(help)}\n# TYPE ${sample} ${type === 'info' ? 'gauge' : type}\n`;
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

const ENDS = new WeakMap<readonly number[], readonly string[]>();

/** What stands behind the labels of each bucket, the last without a bound. Bounds are few lists, each of many distributions. */
function endsOf(bounds: readonly number[]): readonly string[] {
  const known = ENDS.get(bounds);
  if (known !== undefined) return known;
  const ends = [...bounds.map(boundText), '+Inf'].map((bound) => `,le="${bound}"}`);
  ENDS.set(bounds, ends);
  return ends;
}

/** As OpenMetrics wants it, in both forms, so that a series has one name. */
function boundText(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}
