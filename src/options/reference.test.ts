import { describe, expect, it } from 'vitest';
import { DIRECTIVES, SUBJECTS } from './directives.ts';
import { renderHelp, renderReference } from './reference.ts';

describe('renderReference', () => {
  const lines = renderReference().split('\n');

  it('has one table row for each directive, with as many cells as its head', () => {
    const rows = lines.filter((line) => line.startsWith('| `'));
    expect(rows).toHaveLength(DIRECTIVES.size);
    for (const row of rows) expect(row.replaceAll('\\|', '').split('|')).toHaveLength(8);
  });

  it('says what happens with each', () => {
    expect(lines).toContain(
      '| `iroute network [netmask]` | server | client file | client file | done | A network that lies behind this client. The system also needs a `route` to it into the tunnel. |',
    );
    expect(lines.find((line) => line.startsWith('| `fragment '))).toContain('| refused: the fragment header is not spoken');
    expect(lines.find((line) => line.startsWith('| `fast-io`'))).toContain('| ignored: ');
    expect(lines.find((line) => line.startsWith('| `tls-crypt '))).toContain('| block | SIGUSR1 | done |');
    expect(lines.filter((line) => line.startsWith('## '))).toEqual(SUBJECTS.map(({ title }) => `## ${title}`));
  });
});

describe('renderHelp', () => {
  const help = renderHelp();

  it('shows what is done, with its parameters, in lines that fit a terminal', () => {
    expect(help).toContain('  --server network netmask [nopool]\n    Serves clients from this network');
    expect(help.split('\n').every((line) => line.length <= 100)).toBe(true);
  });

  it('leaves out what would be refused or ignored', () => {
    expect(help).not.toContain('--fragment');
    expect(help).not.toContain('--fast-io');
    expect(help).not.toContain('Windows');
  });
});
