import { describe, expect, it } from 'vitest';
import { LinePart, Outlet, WholeLines } from './outlet.ts';

function* lines(count: number): Generator<string, void> {
  for (let i = 0; i < count; i++) yield `line ${i}`;
}

/** Everything it has, read at once. */
function drain(outlet: Outlet): { text: string; pieces: number } {
  let text = '';
  let pieces = 0;
  for (let bytes = outlet.take(); bytes !== undefined; bytes = outlet.take()) {
    text += bytes.toString();
    pieces++;
    outlet.handleSent(bytes.length);
  }
  return { text, pieces };
}

describe('Outlet', () => {
  it('sends what is queued in order and in one piece', () => {
    const outlet = new Outlet();
    outlet.raw('PROMPT:');
    outlet.notify(Buffer.from('a\r\n'));
    outlet.reply(['b', 'c']);
    expect(outlet.backlog).toBe(16);
    expect(drain(outlet)).toEqual({ text: 'PROMPT:a\r\nb\r\nc\r\n', pieces: 1 });
    expect(outlet).toMatchObject({ backlog: 0, empty: true });
  });

  it('makes a long reply while it is sent, and keeps it together', () => {
    const outlet = new Outlet();
    outlet.reply(lines(50_000));
    const first = outlet.take();
    expect(first?.length).toBeLessThan(140_000);
    expect(outlet.replying).toBe(true);
    outlet.notify(Buffer.from('>NEWS\r\n'));
    outlet.handleSent(first?.length ?? 0);
    const { text, pieces } = drain(outlet);
    expect(pieces).toBeGreaterThan(2);
    expect(first?.toString() + text).toBe([...lines(50_000), '>NEWS', ''].join('\r\n'));
    expect(outlet).toMatchObject({ replying: false, empty: true, backlog: 0 });
  });

  it('sends whole lines as they are, in their place', () => {
    const outlet = new Outlet();
    outlet.reply(['a', new WholeLines('b\r\nc\r\n'), new LinePart('d\r'), '', 'e'].values());
    expect(drain(outlet).text).toBe('a\r\nb\r\nc\r\nd_\r\ne\r\n');
  });

  it('makes no more than the host can take', () => {
    const outlet = new Outlet();
    let made = 0;
    outlet.reply(
      (function* () {
        for (;;) yield `${made++}`;
      })(),
    );
    while (outlet.take() !== undefined);
    expect(outlet.backlog).toBeLessThan(140_000);
    expect(made).toBeLessThan(30_000);
    expect(outlet.take()).toBeUndefined();
  });

  it('breaks an endless reply off, between lines', () => {
    const outlet = new Outlet();
    outlet.reply(lines(Number.POSITIVE_INFINITY));
    outlet.take();
    outlet.notify(Buffer.from('>FATAL:x\r\n'));
    outlet.endReply();
    let text = '';
    for (let bytes = outlet.take(true); bytes !== undefined; bytes = outlet.take(true)) text += bytes.toString();
    expect(text).toBe('>FATAL:x\r\n');
  });

  it('forgets what waits, not what the host has', () => {
    const outlet = new Outlet();
    outlet.notify(Buffer.alloc(70_000));
    outlet.take();
    outlet.notify(Buffer.alloc(5));
    outlet.clear();
    expect(outlet).toMatchObject({ backlog: 70_000, empty: true });
  });

  it('takes an empty reply for nothing', () => {
    const outlet = new Outlet();
    outlet.reply([]);
    outlet.reply(lines(0));
    expect(outlet.take()).toBeUndefined();
    expect(outlet).toMatchObject({ replying: false, empty: true });
  });

  it('puts a long line together from its parts, and lets none of them end it', () => {
    const outlet = new Outlet();
    outlet.reply(new Set([new LinePart('{"a\n'), new LinePart('":1}'), '', 'END']));
    expect(outlet.take()?.toString()).toBe('{"a_":1}\r\nEND\r\n');
  });
});
