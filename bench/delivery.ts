import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SystemClock } from '../src/host/clock.ts';
import { parseConfig } from '../src/monitor/config/config.ts';
import { Delivery } from '../src/monitor/delivery/delivery.ts';
import { Logging } from '../src/service/logging.ts';
import type { AlertNotice } from '../src/telemetry/alerts/notice.ts';
import { Fleet } from '../src/telemetry/index.ts';
import type { Section } from './support/figure.ts';
import { quantile } from './support/numbers.ts';

/** From the moment an alert fires until the other end has it in its hands, by way of a spool on the disk. */

const MOST_P99 = 1000;
const EVERY_MS = 5;
const CROWD = 10_000;
const GIVE_UP_MS = 60_000;

/** Tells of `count` alerts one after the other, then of a crowd at once. */
export async function benchDelivery(count: number): Promise<Section> {
  const folder = mkdtempSync(join(tmpdir(), 'tunnelscope-bench-'));
  const arrived = new Map<string, number>();
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const { alerts } = JSON.parse(Buffer.concat(pieces).toString()) as { alerts: { fingerprint: string }[] };
      for (const { fingerprint } of alerts) arrived.set(fingerprint, performance.now());
      response.writeHead(204).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const clock = new SystemClock();
  const outlet = { write: () => undefined, close: () => Promise.resolve() };
  const delivery = new Delivery({ fleet: new Fleet(), clock, logging: new Logging(clock, outlet, outlet) });
  try {
    const targets = `[{ name: hook, webhook: { url: "http://127.0.0.1:${port}/", secret: x } }]`;
    await delivery.configure(parseConfig(`daemons: []\ndeliver: { spool: spool, targets: ${targets} }\n`, join(folder, 'x.yaml'), {}));
    const single = await tell(delivery, arrived, 'single', count, EVERY_MS);
    const crowd = await tell(delivery, arrived, 'crowd', CROWD, 0);
    return {
      title: 'Alerts to whom they concern',
      how: `${count} alerts, one every ${EVERY_MS} ms, to a webhook on the same machine through a spool that waits for the disk; then ${CROWD} at once.`,
      comparisons: [],
      rates: [
        { what: 'event to delivery, 50 of 100', unit: 'ms', value: quantile(single, 0.5) },
        { what: 'event to delivery, 99 of 100', unit: 'ms', value: quantile(single, 0.99), target: { atMost: MOST_P99 } },
        { what: `of ${CROWD} at once, 99 of 100`, unit: 'ms', value: quantile(crowd, 0.99) },
        { what: `of ${CROWD} at once, those that arrived`, unit: '', value: crowd.length, target: { atLeast: CROWD } },
      ],
    };
  } finally {
    await delivery.close();
    server.close();
    rmSync(folder, { recursive: true });
  }
}

/** Milliseconds that each took to arrive. */
async function tell(
  delivery: Delivery,
  arrived: ReadonlyMap<string, number>,
  name: string,
  count: number,
  everyMs: number,
): Promise<number[]> {
  const told = new Map<string, number>();
  for (let number = 0; number < count; number++) {
    const notice = noticeOf(`${name} ${number}`);
    told.set(notice.fingerprint, performance.now());
    delivery.group({ notices: [notice] });
    if (everyMs > 0) await delay(everyMs);
  }
  const end = performance.now() + GIVE_UP_MS;
  while ([...told.keys()].some((fingerprint) => !arrived.has(fingerprint)) && performance.now() < end) await delay(20);
  return [...told].flatMap(([fingerprint, at]) => {
    const came = arrived.get(fingerprint);
    return came === undefined ? [] : [came - at];
  });
}

function noticeOf(fingerprint: string): AlertNotice {
  return {
    rule: 'OpenVPNDown',
    state: 'firing',
    labels: new Map([
      ['alertname', 'OpenVPNDown'],
      ['severity', 'critical'],
      ['daemon', fingerprint],
    ]),
    annotations: new Map([['summary', `${fingerprint} is down`]]),
    since: new SystemClock().now().wall,
    ended: undefined,
    value: 1,
    fingerprint,
  };
}
