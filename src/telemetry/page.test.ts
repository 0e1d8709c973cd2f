import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Histogram } from './figures.ts';
import { Page } from './page.ts';

const GAUGE = { name: 'a_gauge', type: 'gauge', help: 'One.' } as const;

function pageOf(write: (page: Page) => void, open = false): string {
  const page = new Page(open);
  write(page);
  page.end();
  return Buffer.from(page.take()).toString();
}

function samplesOf(samples: readonly (readonly [labels: string, value: number])[]): string {
  return pageOf((page) => {
    page.begin(GAUGE, 'a_gauge');
    for (const [labels, value] of samples) page.sample(labels, value);
  });
}

describe('a page', () => {
  it('has the head of a family before its first sample, and nothing of one without', () => {
    const text = pageOf((page) => {
      page.begin({ name: 'none', type: 'counter', help: 'Nobody.' }, 'none_total');
      page.begin({ name: 'seen', type: 'counter', unit: 'bytes', help: 'A "b" \\ c\nd.' }, 'seen_total');
      page.sample('{x="1"}', 2);
      page.sample('{x="2"}', 3);
    });
    expect(text).toBe('# HELP seen_total A "b" \\\\ c\\nd.\n# TYPE seen_total counter\nseen_total{x="1"} 2\nseen_total{x="2"} 3\n');
  });

  it('names the unit, escapes quotes and says where it ends, for OpenMetrics', () => {
    const text = pageOf((page) => {
      page.begin({ name: 'seen', type: 'counter', unit: 'bytes', help: 'A "b".' }, 'seen_total');
      page.sample('', 2);
    }, true);
    expect(text).toBe('# HELP seen A \\"b\\".\n# TYPE seen counter\n# UNIT seen bytes\nseen_total 2\n# EOF\n');
  });

  it('counts a distribution up to each bound', () => {
    const histogram = new Histogram([0.5, 1]);
    for (const value of [0.25, 0.75, 0.75, 9]) histogram.observe(value);
    const text = pageOf((page) => {
      page.begin({ name: 'h', type: 'histogram', help: 'H.' }, 'h');
      page.histogram('a="b"', histogram);
    });
    expect(text.split('\n').slice(2, -1)).toEqual([
      'h_bucket{a="b",le="0.5"} 1',
      'h_bucket{a="b",le="1.0"} 3',
      'h_bucket{a="b",le="+Inf"} 4',
      'h_sum{a="b"} 10.75',
      'h_count{a="b"} 4',
    ]);
  });

  it.each([
    [0, '0'],
    [7, '7'],
    [10, '10'],
    [999_999_999_999, '999999999999'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
    [2 ** 60, '1152921504606847000'],
    [-0, '0'],
    [-5, '-5'],
    [0.125, '0.125'],
    [1e300, '1e+300'],
    [NaN, 'NaN'],
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
  ])('writes %d as %s', (value, text) => {
    expect(samplesOf([['', value]])).toBe(`# HELP a_gauge One.\n# TYPE a_gauge gauge\na_gauge ${text}\n`);
  });

  it('writes any label and any number as they are, however much there is', () => {
    const sample = fc.tuple(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.oneof(fc.maxSafeNat(), fc.double({ noNaN: true })));
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 500 }), (samples) => {
        const lines = samples.map(([labels, value]) => `a_gauge${labels} ${textOf(value)}\n`);
        expect(samplesOf(samples)).toBe(`# HELP a_gauge One.\n# TYPE a_gauge gauge\n${lines.join('')}`);
      }),
      { numRuns: 30 },
    );
  });
});

function textOf(value: number): string {
  return Number.isFinite(value) ? `${value}` : value > 0 ? '+Inf' : '-Inf';
}
