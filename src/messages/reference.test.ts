import { describe, expect, it } from 'vitest';
import { ALL_ROWS } from './catalogue.ts';
import { renderReference } from './reference.ts';

describe('renderReference', () => {
  const lines = renderReference().split('\n');

  it('has one line for each row', () => {
    const ids = lines.flatMap((line) => /^\| `([a-z0-9.-]+)` \|/.exec(line)?.[1] ?? []);
    expect(ids.toSorted()).toEqual([...ALL_ROWS.keys()].toSorted());
  });

  it('says level, letters, word, category, side, event and every text', () => {
    expect(lines).toContain(
      '| `interface.opened` | 1 | I | `1` | 0 | both | interface-up | `TUN/TAP device {device} opened`<br>`tun/tap device [{device}] opened`<br>`DCO device {device} opened` |',
    );
    expect(lines).toContain(
      '| `auth.failed` | 1 | N | `3000021` | 3 | server | auth-failed | `TLS Auth Error: Auth Username/Password verification failed for peer` |',
    );
  });

  it('has tables that hold together', () => {
    for (const line of lines.filter((text) => text.startsWith('| `'))) {
      expect(line.replaceAll('\\|', '').split('|').length, line).toBe(10);
    }
  });
});
