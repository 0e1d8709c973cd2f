import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManagementRig } from './testing.ts';

function connected(...ids: readonly number[]): ManagementRig {
  const rig = new ManagementRig();
  for (const id of ids) rig.connect(id);
  for (const id of ids) rig.read(id);
  return rig;
}

/** A daemon that answers when it is told to. */
function slowDaemon(): ManagementRig {
  const rig = new ManagementRig({ answer: () => undefined });
  rig.connect(1);
  rig.read(1);
  return rig;
}

describe('hostile input', () => {
  it('1 MiB without a line end is one error', () => {
    const rig = connected(1);
    for (let i = 0; i < 1024; i++) rig.send(1, Buffer.alloc(1024, 'x'));
    expect(rig.read(1)).toEqual(['ERROR: line too long (1023 bytes max)']);
    expect(rig.type(1, 'pid', 'verb 99').at(-1)).toBe('ERROR: verb level is out of range');
  });

  it('is not read faster than it is dealt with', () => {
    const rig = slowDaemon();
    rig.send(1, 'pid\n');
    rig.send(1, 'version 1\n'.repeat(10_000));
    expect(rig.paused).toEqual(new Set([1]));
    rig.port.settle({ kind: 'value', value: 1 });
    rig.drive();
    expect(rig.paused.size).toBe(0);
    expect(rig.closed.size).toBe(0);
  });

  it('that does not stop at all is the end of it', () => {
    const rig = slowDaemon();
    rig.send(1, 'pid\n');
    for (let i = 0; i < 20; i++) rig.send(1, Buffer.alloc(64 * 1024, 'x'));
    expect(rig.closed).toEqual(new Set([1]));
    expect(rig.read(1)).toEqual(['ERROR: too much input']);
    expect(rig.log.at(-2)).toContain('sent too much at once');
  });

  it('that is no UTF-8 is text with replacement characters', () => {
    const rig = new ManagementRig({ answer: () => ({ kind: 'killed', count: 0 }) });
    rig.connect(1);
    rig.read(1);
    rig.send(1, Buffer.from('kill k\xff\n', 'latin1'));
    expect(rig.port.requests).toEqual([{ kind: 'kill-name', commonName: 'k\ufffd' }]);
  });

  it('of any kind, cut anywhere, gets the same replies, and whole lines only', () => {
    const word = fc.constantFrom(
      'pid',
      'log',
      'state',
      'on',
      'all',
      '1',
      'client-auth',
      '0 0',
      'END',
      'certificate',
      '"',
      "'",
      '\\',
      'env-filter',
      'x',
      '\0',
      '#',
    );
    const line = fc.oneof(
      fc.array(word, { maxLength: 4 }).map((words) => words.join(' ')),
      fc.string(),
    );
    const input = fc.array(line, { maxLength: 15 }).map((lines) => Buffer.from(`${lines.join('\n')}\n`));
    fc.assert(
      fc.property(input, fc.array(fc.nat(200), { maxLength: 10 }), (bytes, cuts) => {
        const [whole, pieces] = [connected(1), connected(1)];
        whole.send(1, bytes);
        let from = 0;
        for (const cut of [...cuts, bytes.length].sort((a, b) => a - b)) {
          pieces.send(1, bytes.subarray(from, cut));
          from = Math.max(from, cut);
        }
        const reply = whole.readBytes(1).toString();
        expect(pieces.readBytes(1).toString()).toBe(reply);
        expect(reply === '' || reply.endsWith('\r\n')).toBe(true);
        expect(reply.replaceAll('\r\n', '')).not.toMatch(/[\r\n\0]/);
      }),
      { numRuns: 150 },
    );
  });
});
