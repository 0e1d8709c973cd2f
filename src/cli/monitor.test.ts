import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { monitor } from './monitor.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tunnelscope-monitor-'));
  writeFileSync(join(folder, 'monitor.yaml'), 'daemons:\n  - { name: a, management: 127.0.0.1:7505 }\n');
  writeFileSync(join(folder, 'password'), 'sesame\n');
  writeFileSync(join(folder, 'empty'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

const inFolder = (words: readonly string[]): string[] => words.map((word) => word.replace('FOLDER', folder));

describe('the words of the command monitor', () => {
  it.each([
    ['--attach 127.0.0.1:7505', 'the command line: fine, 1 daemons\n'],
    ['--attach 127.0.0.1:7505 --attach 127.0.0.1:7506 --password-file FOLDER/password --tls', 'the command line: fine, 2 daemons\n'],
    ['FOLDER/monitor.yaml', 'FOLDER/monitor.yaml: fine, 1 daemons\n'],
  ])('%s are taken', async (words, says) => {
    let said = '';
    const status = await monitor([...inFolder(words.split(' ')), '--check-config'], (text) => (said += text));
    expect([status, said.startsWith(says.replace('FOLDER', folder))]).toEqual([0, true]);
  });

  it.each([
    ['', 'give a configuration file, or --attach ADDRESS'],
    ['FOLDER/monitor.yaml --attach 127.0.0.1:7505', 'give a configuration file or --attach, not both'],
    ['FOLDER/monitor.yaml --tls', '--tls is for --attach; the configuration file has it for each daemon'],
    [
      'FOLDER/monitor.yaml --password-file FOLDER/password',
      '--password-file is for --attach; the configuration file has it for each daemon',
    ],
    ['--attach /run/a.sock --tls', '--tls: TLS is for TCP'],
    ['--attach 127.0.0.1:7505 --cert FOLDER/password', 'give --cert and --key, or neither'],
    ['--attach 127.0.0.1:7505 --password-file FOLDER/empty', 'the first line of FOLDER/empty is no password'],
    ['--attach 127.0.0.1:7505 --attach 127.0.0.1:7505', '--attach: each address once'],
    ['--attach nowhere', '--attach "nowhere" is no address; right would be 127.0.0.1:7505, [::1]:7505 or the path of a socket'],
  ])('%s are refused', async (words, why) => {
    const argv = inFolder(words.split(' ').filter((word) => word !== ''));
    await expect(monitor([...argv, '--check-config'], () => undefined)).rejects.toThrow(why.replace('FOLDER', folder));
  });
});
