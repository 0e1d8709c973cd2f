import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { monitor } from '../src/cli/monitor.ts';
import { parseConfig } from '../src/monitor/config/config.ts';
import { filesBelow, ROOT, textOf } from './support/sources.ts';

/** What runs the programs as services: nobody tries these files on before a user does. */

const DOCKERFILE = textOf('Dockerfile');

/** The lines of the Dockerfile that begin with a word, without it. */
function instructions(word: string): string[] {
  return [...DOCKERFILE.matchAll(new RegExp(`^${word} (.*)$`, 'gm'))].map(([, rest = '']) => rest);
}

/** The words of an instruction in its JSON form. */
function wordsOf(instruction: string): string[] {
  return JSON.parse(instructions(instruction)[0] ?? '[]') as string[];
}

describe('the Dockerfile', () => {
  const copied = instructions('COPY').filter((rest) => !rest.startsWith('--from='));

  it('copies what is there, and what .dockerignore lets through', () => {
    const sources = copied.flatMap((rest) => rest.split(' ').slice(0, -1));
    expect(sources).toContain('src');
    expect(sources.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    const allowed = textOf('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'));
    expect(sources.filter((path) => !allowed.includes(`!${path}`))).toEqual([]);
  });

  it('builds with what it copied', () => {
    const config = JSON.parse(textOf('tsconfig.build.json')) as { extends: string };
    expect(copied.join(' ')).toContain(basename(config.extends));
    expect(textOf('package.json')).toContain('"build": "tsc -p tsconfig.build.json"');
  });

  it('runs what the package calls its program, not as root, with words that the command takes', async () => {
    const { bin } = JSON.parse(textOf('package.json')) as { bin: Record<string, string> };
    expect(wordsOf('ENTRYPOINT')).toEqual(['node', `/opt/tunnelscope/${bin['tunnelscope']}`]);
    expect(instructions('USER')).toEqual(['node']);
    const [command, , ...rest] = wordsOf('CMD');
    expect(command).toBe('monitor');
    // The file that it names is the user's to bring.
    const folder = mkdtempSync(join(tmpdir(), 'tunnelscope-docker-'));
    const file = join(folder, 'monitor.yaml');
    writeFileSync(file, 'daemons:\n  - { name: a, management: 127.0.0.1:7505 }\n');
    expect(await monitor([file, ...rest, '--check-config'], () => undefined)).toBe(0);
    rmSync(folder, { recursive: true });
  });

  it('asks for the health of the monitor with a program that can be run', () => {
    const words = JSON.parse(/HEALTHCHECK .*? CMD (\[.*\])$/m.exec(DOCKERFILE)?.[1] ?? '[]') as string[];
    expect(words.slice(0, 2)).toEqual(['node', '-e']);
    // Nothing answers here, unless a monitor runs on this machine.
    expect([0, 1]).toContain(spawnSync(process.execPath, words.slice(1)).status);
  });
});

describe('the example configurations', () => {
  it.each(['monitor.yaml', 'fleet.yaml'])('%s is fine', (name) => {
    const environment = { VPN_MANAGEMENT_PASSWORD: 'a', METRICS_TOKEN: 'b' };
    expect(parseConfig(textOf(`docs/examples/${name}`), join(ROOT, 'docs/examples', name), environment).daemons.length).toBeGreaterThan(0);
  });
});

const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0;

describe('the units', () => {
  const units = filesBelow('docs/examples').filter((path) => path.endsWith('.service'));
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tunnelscope-units-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(units)('%s starts what the package installs', (path) => {
    const commands = [...textOf(path).matchAll(/^Exec(?:Start|StartPre)=(\S+) (\S+)/gm)];
    expect(commands.length).toBeGreaterThan(0);
    for (const [, program, command] of commands)
      expect([program, ['run', 'monitor'].includes(command ?? '')]).toEqual(['/usr/bin/tunnelscope', true]);
  });

  it.skipIf(!hasAnalyze).each(units)('%s is what systemd takes', (path) => {
    const name = basename(path).replace('@.', '@office.');
    const unit = join(folder, name);
    // The program is not installed here; any that is will do.
    writeFileSync(unit, readFileSync(join(ROOT, path), 'utf8').replaceAll('/usr/bin/tunnelscope', process.execPath));
    const said = execFileSync('sh', ['-c', 'systemd-analyze verify --man=no "$1" 2>&1 || true', 'sh', unit], {
      encoding: 'utf8',
    });
    expect(said.split('\n').filter((line) => line.includes(name))).toEqual([]);
  });
});
