import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../test/support/sources.ts';
import { dashboardOf, SHOWN_NAMES } from './dashboard.ts';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit: string } };
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly legendFormat: string }[];
}

const made = JSON.parse(JSON.stringify(dashboardOf({ title: 'VPN', uid: 'vpn' }))) as Record<string, unknown> & { panels: Panel[] };
const panels = made.panels;
const shown = panels.filter(({ type }) => type !== 'row');

/** Names, types and labels as the reference page has them. */
const documented = new Map(
  [...readFileSync(`${ROOT}/docs/reference/metrics.md`, 'utf8').matchAll(/^\| `(tunnelscope_\w+)` \| (\w+) \| (.*?) \|/gm)].map(
    ([, name = '', type, labels = '']) => [name, { type, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label) }],
  ),
);

function unitOf(title: string): string | undefined {
  return panels.find((panel) => panel.title === title)?.fieldConfig?.defaults.unit;
}

function queriesOf(title: string): string[] {
  return panels.find((panel) => panel.title === title)?.targets?.map(({ expr }) => expr) ?? [];
}

describe('the dashboard', () => {
  it('has a panel for each metric that there is, and asks for no other', () => {
    const asked = shown.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => expr.match(/tunnelscope_\w+/g) ?? []));
    const names = asked.map((name) => (documented.has(name) ? name : name.replace(/_bucket$/, '')));
    expect(documented.size).toBeGreaterThan(40);
    expect(new Set(names)).toEqual(new Set(documented.keys()));
    for (const name of asked.filter((each) => each.endsWith('_bucket'))) {
      expect(documented.get(name.replace(/_bucket$/, ''))?.type, name).toBe('histogram');
    }
    expect(shown).toHaveLength(documented.size);
  });

  it('names only labels that the metric has', () => {
    for (const { targets = [] } of shown) {
      for (const { expr, legendFormat } of targets) {
        const name = /tunnelscope_\w+/.exec(expr)?.[0] ?? '';
        const { labels } = documented.get(name) ?? documented.get(name.replace(/_bucket$/, '')) ?? { labels: [] };
        const used = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g), ...expr.matchAll(/(\w+)=~/g)].map(([, label]) => label);
        const grouped = /by \((.*?)\)/.exec(expr)?.[1]?.split(', ') ?? [];
        expect([...labels, 'daemon', 'le'], expr).toEqual(expect.arrayContaining([...used, ...grouped]));
      }
    }
  });

  it('asks for a rate of every counter, a quantile of every histogram, and the newest of what users there are', () => {
    expect(queriesOf('Received bytes')).toEqual([
      'sum by (daemon) (rate(tunnelscope_received_bytes_total{daemon=~"$daemon"}[$__rate_interval]))',
    ]);
    expect(queriesOf('Handshake duration seconds')[1]).toBe(
      'histogram_quantile(0.95, sum by (le, daemon) (rate(tunnelscope_handshake_duration_seconds_bucket{daemon=~"$daemon"}[$__rate_interval])))',
    );
    expect(queriesOf('User received bytes')).toEqual([
      'topk(20, sum by (daemon, user) (rate(tunnelscope_user_received_bytes_total{daemon=~"$daemon"}[$__rate_interval])))',
    ]);
    expect(queriesOf('Daemons')).toEqual(['tunnelscope_daemons']);
    expect(queriesOf('State')).toEqual(['tunnelscope_state{daemon=~"$daemon"} == 1']);
    expect(queriesOf('Process start time seconds')).toEqual(['tunnelscope_process_start_time_seconds{daemon=~"$daemon"} * 1000']);
  });

  it('has units', () => {
    expect(unitOf('Received bytes')).toBe('Bps');
    expect(unitOf('Process cpu seconds')).toBe('percentunit');
    expect(unitOf('Process resident memory bytes')).toBe('bytes');
    expect(unitOf('Certificate expiry timestamp seconds')).toBe('dateTimeFromNow');
    expect(unitOf('Round trip seconds')).toBe('s');
  });

  it('can be imported: what Grafana needs is there, each panel has a number and a place of its own', () => {
    expect(made).toMatchObject({ title: 'VPN', uid: 'vpn', schemaVersion: 39 });
    expect(made['templating']).toMatchObject({
      list: [
        { name: 'datasource', type: 'datasource' },
        { name: 'daemon', type: 'query' },
      ],
    });
    expect(JSON.stringify(made)).not.toContain('__inputs');
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const taken = new Set<string>();
    for (const { title, gridPos } of panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x},${y}`), title).toBe(false);
          taken.add(`${x},${y}`);
        }
      }
    }
    for (const { targets = [], title } of shown) expect(new Set(targets.map(({ refId }) => refId)).size, title).toBe(targets.length);
  });

  it('has a making of its own only for metrics that there are', () => {
    expect(SHOWN_NAMES.filter((name) => !documented.has(name))).toEqual([]);
  });
});
