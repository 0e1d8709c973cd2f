import { describe, expect, it } from 'vitest';
import type { DaemonReply, DaemonRequest } from '../model/daemon-port.ts';
import { NativePort } from './native-port.ts';

/** A port without an engine, over a verbosity of 3 and a mute level of 0. */
function portWith(levels: { verb: number; mute: number }): NativePort {
  return new NativePort({
    title: 'test',
    pid: 42,
    plane: {
      counters: () => undefined,
      counter: () => undefined,
      routes: () => [],
      tunnel: () => ({ packetsRead: 0, packetsWritten: 0, bytesRead: 0, bytesWritten: 0 }),
    },
    run: () => undefined,
    verb: (set) => (levels.verb = set ?? levels.verb),
    hold: () => ({ kind: 'value', value: 0 }),
    reopenLog: () => true,
    password: () => ({ kind: 'refused', text: '' }),
    forgetPasswords: () => undefined,
    mute: (set) => (levels.mute = set ?? levels.mute),
    signal: (name) => ({ SIGUSR2: 'SIGUSR2', SIGUSR1: 'SIGHUP' })[name],
  });
}

describe('the native port', () => {
  it.each<[DaemonRequest, DaemonReply]>([
    [{ kind: 'pid' }, { kind: 'value', value: 42 }],
    [{ kind: 'load-stats' }, { kind: 'load', clients: 0, received: 0, sent: 0 }],
    [
      { kind: 'kill-name', commonName: 'alice' },
      { kind: 'refused', text: '' },
    ],
    [{ kind: 'verb' }, { kind: 'value', value: 3 }],
    [
      { kind: 'verb', set: 5 },
      { kind: 'done', text: '' },
    ],
    [{ kind: 'mute' }, { kind: 'value', value: 0 }],
    [
      { kind: 'mute', set: 7 },
      { kind: 'done', text: '' },
    ],
    [
      { kind: 'signal', name: 'SIGUSR2' },
      { kind: 'done', text: '' },
    ],
    [
      { kind: 'signal', name: 'SIGUSR1' },
      { kind: 'done', text: 'signal SIGHUP thrown' },
    ],
    [
      { kind: 'signal', name: 'SIGKILL' },
      { kind: 'refused', text: '' },
    ],
  ])('answers %j with %j', (request, expected) => {
    const replies: DaemonReply[] = [];
    portWith({ verb: 3, mute: 0 }).request(request, (reply) => replies.push(reply));
    expect(replies).toEqual([expected]);
  });

  it('hands on what is set', () => {
    const levels = { verb: 3, mute: 0 };
    const port = portWith(levels);
    port.request({ kind: 'verb', set: 5 }, () => undefined);
    port.request({ kind: 'mute', set: 7 }, () => undefined);
    expect(levels).toEqual({ verb: 5, mute: 7 });
  });
});
