import { describe, expect, it } from 'vitest';
import type { DaemonInfo } from '../model/daemon-port.ts';
import { understand } from './understand.ts';

const INFO: DaemonInfo = { title: 't', mode: 'server', statusVersion: 1, connected: true };

describe('what the log shows of a command', () => {
  it.each<[string, string | undefined]>([
    ['pid', 'pid'],
    ['log on # all of it', 'log on # all of it'],
    ['', ''],
    ['   ', '   '],
    ['# comment', '# comment'],
    ['load-stats', undefined],
    ['client-deny 0 1 "bad credentials"', 'client-deny 0 1 "bad credentials"'],
    ['password "Auth" "hunter2"', 'password [...]'],
    ['password hunter2', 'password [...]'],
    ['"password" "Auth" "hunter2"', 'password [...]'],
    ['password "Auth" "hunter2', 'password [...]'],
    ['username Auth alice', 'username [...]'],
    ['proxy HTTP host 80', 'proxy [...]'],
    ['needstr pin 1234', 'needstr [...]'],
    ['cr-response c2VjcmV0', 'cr-response [...]'],
    ['pasword Auth hunter2', '[...]'],
    ['hunter2', '[...]'],
    ['"hunter2', '[...]'],
    ['hunter\\q2', '[...]'],
  ])('%j -> %j', (line, logged) => {
    expect(understand(line, INFO).logged).toBe(logged);
  });
});
