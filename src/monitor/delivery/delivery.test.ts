import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WallTime } from '../../base/units.ts';
import type { AlertNotice } from '../../telemetry/alerts/notice.ts';
import { alertmanagerBody, idOf, signatureHeaders, webhookBody } from './bodies.ts';
import { packNotice, unpackNotice } from './notice-record.ts';
import { fillTemplate, insideJson, parseTemplate, type Template } from './template.ts';

const SINCE = 1_795_352_568_000 as WallTime;
const FIRING: AlertNotice = {
  rule: 'OpenVPNDown',
  state: 'firing',
  labels: new Map([
    ['alertname', 'OpenVPNDown'],
    ['daemon', 'office "1" {{rule}}'],
    ['empty', ''],
  ]),
  annotations: new Map([
    ['summary', 'office is down'],
    ['runbook_url', 'https://example.org/alerts#down'],
  ]),
  since: SINCE,
  ended: undefined,
  value: 1,
  fingerprint: '0123456789abcdef',
};
const RESOLVED: AlertNotice = { ...FIRING, state: 'resolved', ended: (SINCE + 60_000) as WallTime };

function template(text: string): Template {
  const read = parseTemplate(text);
  if (typeof read === 'string') throw new Error(read);
  return read;
}

describe('a template', () => {
  it.each([
    ['[{{state}}] {{ summary }}', '[firing] office is down'],
    ['{{rule}} {{value}} since {{since}}{{ended}}', 'OpenVPNDown 1 since 2026-11-22T13:02:48.000Z'],
    ['{{labels.daemon}}/{{annotations.summary}}/{{labels.none}}/{{description}}', 'office "1" {{rule}}/office is down//'],
    ['{{labels}}', 'alertname=OpenVPNDown daemon=office "1" {{rule}} empty='],
    ['no places', 'no places'],
  ])('%j gives %j', (text, filled) => {
    expect(fillTemplate(template(text), FIRING)).toBe(filled);
  });

  it.each(['{{secret}}', '{{labels.a.b}}', '{{constructor}}', '{{ }}', '{{', '{{labels', 'a {{{{rule}}}}'])('%j is refused', (text) => {
    expect(parseTemplate(text)).toEqual(expect.any(String));
  });

  it('fits whatever a label holds into JSON', () => {
    const json = template('{"text":"{{labels.daemon}}"}');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (daemon) => {
        const filled = fillTemplate(json, { ...FIRING, labels: new Map([['daemon', daemon]]) }, insideJson);
        expect(JSON.parse(filled)).toEqual({ text: daemon });
      }),
    );
  });
});

describe('what is posted', () => {
  it('is what Alertmanager takes: no empty labels, an end in the future as long as it fires', () => {
    const now = (SINCE + 1000) as WallTime;
    expect(JSON.parse(alertmanagerBody([FIRING, RESOLVED], now, 60_000))).toEqual([
      {
        labels: { alertname: 'OpenVPNDown', daemon: 'office "1" {{rule}}' },
        annotations: { summary: 'office is down', runbook_url: 'https://example.org/alerts#down' },
        startsAt: '2026-11-22T13:02:48.000Z',
        endsAt: '2026-11-22T13:06:49.000Z',
        generatorURL: 'https://example.org/alerts#down',
      },
      expect.objectContaining({ endsAt: '2026-11-22T13:03:48.000Z' }),
    ]);
  });

  it('has an id by which a receiver knows what comes twice', () => {
    const [first, again] = [webhookBody([FIRING]), webhookBody([{ ...FIRING, value: NaN }])].map((text) => JSON.parse(text).alerts[0]);
    expect(first).toMatchObject({ id: again.id, state: 'firing', since: '2026-11-22T13:02:48.000Z', value: 1 });
    expect('value' in again).toBe(false);
    expect(idOf(RESOLVED)).not.toBe(idOf(FIRING));
  });

  it('is signed with its time', () => {
    const body = Buffer.from('{"a":1}');
    const signature = createHmac('sha256', 'key').update('1795352568.{"a":1}').digest('hex');
    expect(signatureHeaders(body, 'key', SINCE)).toEqual({
      'x-tunnelscope-timestamp': '1795352568',
      'x-tunnelscope-signature': `sha256=${signature}`,
    });
  });
});

describe('a notice in a spool', () => {
  it('is what it was, and nothing else is one', () => {
    for (const notice of [FIRING, RESOLVED]) expect(unpackNotice(packNotice(notice))).toEqual(notice);
    expect(unpackNotice(packNotice({ ...FIRING, value: Infinity }))?.value).toBeNaN();
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(unpackNotice(bytes)).toBeUndefined();
      }),
    );
    for (const text of ['{}', 'null', '{"rule":"a","state":"odd"}']) expect(unpackNotice(Buffer.from(text))).toBeUndefined();
  });
});
