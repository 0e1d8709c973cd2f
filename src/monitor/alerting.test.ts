import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seconds, type WallTime } from '../base/units.ts';
import { ManualClock } from '../host/clock.ts';
import { Notes } from '../messages/notes.ts';
import { renderRow } from '../messages/row.ts';
import type { AlertGroup, AlertNotice } from '../telemetry/alerts/notice.ts';
import type { Fact, SourceKind } from '../telemetry/facts.ts';
import { Fleet } from '../telemetry/fleet.ts';
import { Alerting } from './alerting.ts';
import { type AlertsConfig, DEFAULT_ALERTS } from './config/alerts.ts';

const HOUR = 3_600_000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tunnelscope-alerts-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Alerts of one daemon, `vpn`, in virtual time. */
class Rig {
  readonly clock: ManualClock;
  readonly fleet = new Fleet();
  readonly alerting: Alerting;
  readonly lines: string[] = [];
  readonly told: string[] = [];
  readonly groups: string[] = [];

  constructor(clock = new ManualClock()) {
    this.clock = clock;
    const notes = new Notes(3, ({ row, args }) => this.lines.push(renderRow(row, args)));
    this.alerting = new Alerting({ fleet: this.fleet, clock, logging: { notes } });
    this.fleet.setDaemons(['vpn']);
    this.alerting.listen({
      notice: ({ rule, state }: AlertNotice) => this.told.push(`${state} ${rule}`),
      group: ({ notices }: AlertGroup) => this.groups.push(notices.map(({ state, rule }) => `${state} ${rule}`).join(', ')),
    });
  }

  async start(changes: Partial<AlertsConfig> = {}): Promise<this> {
    await this.alerting.configure({ alerts: { ...DEFAULT_ALERTS, ...changes } });
    return this;
  }

  tell(source: SourceKind, fact: Fact): void {
    this.fleet.handle({ daemon: 'vpn', source, now: this.clock.now(), fact });
  }

  /** Lets time pass while every source goes on telling. */
  watch(length: number): void {
    for (let passed = 0; passed < length; passed += 5000) {
      this.clock.advance(5000);
      for (const source of this.fleet.daemon('vpn')?.sources.keys() ?? []) this.tell(source, { kind: 'collected', took: seconds(0) });
    }
  }

  /** A daemon of which all is well. */
  well(): void {
    const { wall } = this.clock.now();
    this.tell('management', { kind: 'source-up', where: 'here', lines: true });
    this.tell('management', { kind: 'state', state: { time: wall, name: 'CONNECTED', detail: 'SUCCESS' } });
    this.tell('management', { kind: 'load', clients: 0, received: 0, sent: 0 });
    this.tell('process', { kind: 'source-up', where: 'here' });
    const days = (count: number): WallTime => (wall + count * 24 * HOUR) as WallTime;
    const crl = { role: 'crl', file: 'crl.pem', subject: 'CN=ca', notAfter: (wall + 0.5 * HOUR) as WallTime } as const;
    const cert = { role: 'certificate', file: 'a.crt', subject: 'CN=a', notAfter: (days(14) + 0.5 * HOUR) as WallTime } as const;
    this.tell('process', { kind: 'certificates', certificates: [crl, cert] });
  }

  down(): void {
    this.tell('management', { kind: 'source-down', where: 'here', fault: 'closed', text: 'gone' });
  }
}

describe('alerts of the monitor', () => {
  it('are evaluated on the clock, told, and said in the log', async () => {
    const rig = await new Rig().start();
    rig.tell('management', { kind: 'source-up', where: 'here' });
    rig.watch(60_000);
    rig.down();
    rig.clock.advance(120_000);
    expect(rig.told).toEqual(['firing OpenVPNDown']);
    expect(rig.groups).toEqual(['firing OpenVPNDown']);
    expect(rig.lines).toEqual(['Monitor: alert OpenVPNDown (critical) fires: vpn is down']);
    expect([...rig.alerting.counts()]).toContainEqual({
      daemon: 'vpn',
      rule: 'OpenVPNDown',
      severity: 'critical',
      state: 'firing',
      count: 1,
    });
    rig.tell('management', { kind: 'source-up', where: 'here' });
    rig.watch(120_000);
    expect(rig.told).toContain('resolved OpenVPNDown');
    expect(rig.groups.some((group) => group.includes('resolved OpenVPNDown'))).toBe(true);
    expect(rig.lines.at(-1)).toMatch(/alert OpenVPNDown \(critical\) is over after \d+ s: vpn is down/);
    await rig.alerting.close();
    expect(rig.clock.pending).toBe(0);
  });

  it.each([
    ['forward', HOUR],
    ['back', -HOUR],
  ])('neither fire nor end by a clock that jumps an hour %s', async (_way, jump) => {
    const rig = await new Rig().start();
    rig.well();
    rig.watch(300_000);
    const before = [...rig.told];
    expect(before).toEqual(['firing OpenVPNCrlExpiring']);
    rig.clock.setWall((rig.clock.now().wall + jump) as WallTime);
    rig.watch(600_000);
    rig.clock.setWall((rig.clock.now().wall - jump) as WallTime);
    rig.watch(600_000);
    expect(rig.told).toEqual(before);
    await rig.alerting.close();
  });

  it('follow a clock that stays where it jumped to', async () => {
    const rig = await new Rig().start();
    rig.well();
    rig.clock.setWall((rig.clock.now().wall + 30 * 24 * HOUR) as WallTime);
    rig.watch(30 * 60_000 - 30_000);
    expect(rig.told).toEqual(['firing OpenVPNCrlExpiring']);
    rig.watch(HOUR);
    expect(rig.told).toContain('firing OpenVPNCertificateExpired');
    await rig.alerting.close();
  });

  it('show rules that nothing supplies as without data, not as fine', async () => {
    const rig = await new Rig().start();
    rig.well();
    rig.watch(30_000);
    const unknown = rig.alerting.withoutData().get('vpn') ?? [];
    expect(unknown).toEqual(expect.arrayContaining(['OpenVPNHighCpu', 'OpenVPNPacketLoss', 'OpenVPNDiskSpace', 'OpenVPNLowThroughput']));
    for (const known of ['OpenVPNDown', 'OpenVPNAuthFailures', 'OpenVPNCrlExpiring', 'OpenVPNReplays', 'OpenVPNAuthBurstByUser'])
      expect(unknown).not.toContain(known);
    await rig.alerting.close();
  });

  it('keep alerts and silences over a restart, in a file of their owner', async () => {
    const file = join(folder, 'alerts.json');
    const first = await new Rig().start({ file });
    first.tell('management', { kind: 'source-up', where: 'here' });
    first.watch(30_000);
    first.down();
    first.clock.advance(120_000);
    const matchers = [{ name: 'daemon', value: 'vpn', isRegex: false, isEqual: true }];
    const { wall } = first.clock.now();
    expect(first.alerting.addSilence({ matchers, starts: wall, ends: (wall + HOUR) as WallTime, by: 'ops', comment: '' }).ok).toBe(true);
    await first.alerting.close();
    expect(statSync(file).mode & 0o777).toBe(0o600);

    const second = await new Rig(first.clock).start({ file });
    expect([...second.alerting.alerts].map(({ rule, state }) => `${state} ${rule.name}`)).toContain('firing OpenVPNDown');
    expect(second.alerting.silences).toHaveLength(1);
    second.down();
    second.clock.advance(120_000);
    // It is the same alert, and it is silenced.
    expect([second.told.filter((word) => word.includes('Down')), second.groups]).toEqual([[], []]);
    expect(second.alerting.removeSilence(second.alerting.silences[0]?.id ?? '')).toBe(true);
    second.clock.advance(120_000);
    expect(second.groups.some((group) => group.includes('firing OpenVPNDown'))).toBe(true);
    await second.alerting.close();
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '{"version":1'],
    ['something else', '[1,2,3]'],
    ['parts that fit nothing', '{"version":1,"alerts":[5,{"rule":1}],"silences":"x","patterns":{"daemons":[{"name":2}]}}'],
  ])('begin anew with a file of %s', async (_what, text) => {
    const file = join(folder, 'alerts.json');
    writeFileSync(file, text);
    const rig = await new Rig().start({ file });
    expect([[...rig.alerting.alerts], rig.alerting.silences]).toEqual([[], []]);
    await rig.alerting.close();
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ version: 1, alerts: [] });
  });
});
