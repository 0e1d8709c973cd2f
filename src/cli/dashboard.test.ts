import { describe, expect, it } from 'vitest';
import { dashboard } from './dashboard.ts';

async function printed(...argv: readonly string[]): Promise<Record<string, unknown>> {
  let text = '';
  expect(await dashboard(argv, (piece) => (text += piece))).toBe(0);
  return JSON.parse(text) as Record<string, unknown>;
}

describe('tunnelscope dashboard', () => {
  it('prints JSON with the title and uid that are wanted', async () => {
    expect(await printed()).toMatchObject({ title: 'OpenVPN', uid: 'tunnelscope' });
    expect(await printed('--title', 'Site "A"', '--uid', 'site-a')).toMatchObject({ title: 'Site "A"', uid: 'site-a' });
  });

  it.each([[['--uid', 'a/b']], [['--uid', '']], [['extra']], [['--nope']]])('refuses %j', async (argv) => {
    await expect(dashboard(argv, () => undefined)).rejects.toMatchObject({ code: 'CLI' });
  });
});
