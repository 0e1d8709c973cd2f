import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { RULES } from '../telemetry/alerts/table.ts';
import { monitor } from './monitor.ts';
import { rules } from './rules.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tunnelscope-rules-'));
  file = join(folder, 'monitor.yaml');
});
afterEach(() => rmSync(folder, { recursive: true }));

async function printed(
  ...argv: readonly string[]
): Promise<{ alert: string; expr: string; for?: string; labels: object; annotations: object }[]> {
  let text = '';
  await rules(argv, (piece) => {
    text += piece;
  });
  const read = parse(text) as { groups: { rules: Awaited<ReturnType<typeof printed>> }[] };
  return read.groups.flatMap((group) => group.rules);
}

describe('tunnelscope rules', () => {
  it('prints every rule', async () => {
    const all = await printed();
    expect(all.map(({ alert }) => alert)).toEqual(RULES.map(({ name }) => name));
    expect(all.find(({ alert }) => alert === 'OpenVPNDown')).toEqual({
      alert: 'OpenVPNDown',
      expr: 'tunnelscope_up == 0',
      for: '1m',
      labels: { severity: 'critical', category: 'connection' },
      annotations: {
        summary: '{{ $labels.daemon }} is down',
        description: expect.any(String),
        runbook_url: 'docs/reference/alerts.md#openvpndown',
      },
    });
  });

  it('prints the thresholds of a configuration, and those of single daemons', async () => {
    writeFileSync(
      file,
      `
alerts:
  runbook-url: https://wiki.example.test/alerts
  rules:
    OpenVPNPoolNearlyUsedUp: { share: 0.8, for: 2m }
    OpenVPNOddHour: { off: true }
daemons:
  - { name: a, status-file: a, alerts: { OpenVPNPoolNearlyUsedUp: { share: 0.5, severity: critical } } }
  - { name: b, status-file: b }
`,
    );
    const all = await printed('--config', file);
    expect(all.some(({ alert }) => alert === 'OpenVPNOddHour')).toBe(false);
    const pools = all.filter(({ alert }) => alert === 'OpenVPNPoolNearlyUsedUp');
    expect(pools.map(({ expr, for: hold }) => [expr, hold])).toEqual([
      ['(tunnelscope_pool_used_addresses{daemon!~"a"} / tunnelscope_pool_addresses{daemon!~"a"}) > 0.8', '2m'],
      ['(tunnelscope_pool_used_addresses{daemon="a"} / tunnelscope_pool_addresses{daemon="a"}) > 0.5', '2m'],
    ]);
    expect(pools.map(({ labels }) => labels)).toMatchObject([{ severity: 'warning' }, { severity: 'critical' }]);
    expect(pools[0]?.annotations).toMatchObject({ runbook_url: 'https://wiki.example.test/alerts#openvpnpoolnearlyusedup' });
  });

  it.each([
    ['OpenVPNDwon: {}', 'there is no such key here'],
    ['OpenVPNPacketLoss: { share: 5 }', 'a number from 0 to 1'],
    ['OpenVPNPacketLoss: { packets: 5 }', 'there are off, severity, for, window, share'],
    ['OpenVPNDown: { for: soon }', 'a length of time'],
  ])('says what is wrong with %s', async (text, words) => {
    writeFileSync(file, `alerts:\n  rules:\n    ${text}\ndaemons:\n  - { name: a, status-file: a }\n`);
    await expect(rules(['--config', file])).rejects.toThrow(words);
  });
});

describe('tunnelscope monitor --check-config', () => {
  it('says which rules have no data, by daemon', async () => {
    writeFileSync(
      file,
      `daemons:\n  - { name: a, status-file: a }\n  - { name: b, management: 127.0.0.1:7505, pid: management, certificates: { crl: c } }\n`,
    );
    let text = '';
    expect(
      await monitor([file, '--check-config'], (piece) => {
        text += piece;
      }),
    ).toBe(0);
    const [fine, a = '', b = ''] = text.split('\n');
    expect(fine).toBe(`${file}: fine, 2 daemons`);
    expect(a).toMatch(/^a: no data for .*OpenVPNReconnecting \(no tunnelscope_state\)/);
    for (const rule of ['OpenVPNAuthFailures', 'OpenVPNHighCpu', 'OpenVPNCrlExpired']) expect(a).toContain(`${rule} (no `);
    for (const rule of ['OpenVPNDown', 'OpenVPNDiskSpace', 'OpenVPNConcurrentSessions']) expect(a).not.toContain(`${rule} (`);
    expect(b).toContain('OpenVPNCertificateExpired (no tunnelscope_certificate_expiry_timestamp_seconds)');
    for (const rule of ['OpenVPNHighCpu', 'OpenVPNCrlExpired', 'OpenVPNReconnecting']) expect(b).not.toContain(`${rule} (`);
  });
});
