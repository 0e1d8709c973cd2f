import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { WallTime } from '../base/units.ts';
import { EnvList } from '../model/env-list.ts';
import type { ClientNotice, DaemonEvent } from '../model/daemon-port.ts';
import { bytesLine, clientBytesLines, encodeEvent, greeting, isWanted, NOTIFICATIONS, promptText } from './notifications.ts';

const TIME = 1_795_352_571_000 as WallTime;
const ENV = new EnvList([['a', '1']]);

function linesOf(event: DaemonEvent, envFilter = 0, clientVersion = 1): string[] {
  const text = encodeEvent(event, { envFilter, clientVersion }).toString();
  return text === '' ? [] : text.slice(0, -2).split('\r\n');
}

/** The blocks of `>CLIENT:` lines that a stock server sent, header first. */
function recordedBlocks(): string[][] {
  const text = readFileSync(new URL('../../test/golden/management/server-client-auth.txt', import.meta.url), 'utf8');
  const blocks: string[][] = [];
  for (const line of text.split('\n')) {
    const said = line.replace(/^S: /, '');
    if (said.startsWith('>CLIENT:ENV,')) blocks.at(-1)?.push(said);
    else if (said.startsWith('>CLIENT:')) blocks.push([said]);
  }
  return blocks;
}

/** An event whose variables were set in the opposite order of how they were printed. */
function eventOf(block: readonly string[]): DaemonEvent {
  const [header = '', ...variables] = block;
  const [what = '', clientId, third, fourth] = header.slice('>CLIENT:'.length).split(',');
  const env = new EnvList(
    variables
      .slice(0, -1)
      .toReversed()
      .map((line) => {
        const [, name = '', value = ''] = /^>CLIENT:ENV,([^=]*)=(.*)$/.exec(line) ?? [];
        return [name, value] as const;
      }),
  );
  if (what === 'ADDRESS') return { kind: 'client-address', clientId: Number(clientId), address: third ?? '', primary: fourth === '1' };
  const keyId = third === undefined ? {} : { keyId: Number(third) };
  return { kind: 'client', what: what as ClientNotice, clientId: Number(clientId), ...keyId, env };
}

describe('encodeEvent', () => {
  it('writes every recorded block about clients as stock wrote it', () => {
    const blocks = recordedBlocks();
    expect(new Set(blocks.map(([header]) => header?.split(',')[0]))).toEqual(
      new Set(['>CLIENT:CONNECT', '>CLIENT:REAUTH', '>CLIENT:ESTABLISHED', '>CLIENT:ADDRESS', '>CLIENT:DISCONNECT']),
    );
    for (const block of blocks) expect(linesOf(eventOf(block))).toEqual(block);
  });

  it.each<[DaemonEvent, string[]]>([
    [{ kind: 'log', line: { time: TIME, word: 1, text: 'TUN/TAP device tun0 opened' } }, ['>LOG:1795352571,I,TUN/TAP device tun0 opened']],
    [{ kind: 'log', line: { time: TIME, word: 0x2b000003, text: 'Socket Buffers' } }, ['>LOG:1795352571,,Socket Buffers']],
    [{ kind: 'state', state: { time: TIME, name: 'WAIT' } }, ['>STATE:1795352571,WAIT,,,,,,']],
    [{ kind: 'state', state: { time: TIME, name: 'ASSIGN_IP', tun4: '10.8.0.2' } }, ['>STATE:1795352571,ASSIGN_IP,,10.8.0.2,,,,']],
    [
      {
        kind: 'state',
        state: {
          time: TIME,
          name: 'CONNECTED',
          detail: 'SUCCESS',
          tun4: '10.8.0.77',
          tun6: 'fd00:8::1000',
          remote: { transport: 'tcp-client', family: 4, ip: '10.99.0.1', port: 11940 },
          local: { transport: 'tcp-client', family: 4, ip: '10.99.0.2', port: 45358 },
        },
      },
      ['>STATE:1795352571,CONNECTED,SUCCESS,10.8.0.77,10.99.0.1,11940,10.99.0.2,45358,fd00:8::1000'],
    ],
    [{ kind: 'echo', time: TIME, text: 'hello-from-server' }, ['>ECHO:1795352571,hello-from-server']],
    [{ kind: 'fatal', text: 'no route' }, ['>FATAL:no route']],
    [
      { kind: 'client-response', clientId: 1, keyId: 3, response: 'YWJj', env: ENV },
      ['>CLIENT:CR_RESPONSE,1,3,YWJj', '>CLIENT:ENV,a=1', '>CLIENT:ENV,END'],
    ],
    [
      { kind: 'client-address', clientId: 1, address: '192.168.50.0/255.255.255.0', primary: false },
      ['>CLIENT:ADDRESS,1,192.168.50.0/255.255.255.0,0'],
    ],
    [{ kind: 'notify', type: 'remote-exit', text: 'EXIT' }, ['>NOTIFY:info,remote-exit,EXIT']],
    [{ kind: 'updown', up: true, env: ENV }, ['>UPDOWN:UP', '>UPDOWN:ENV,a=1', '>UPDOWN:ENV,END']],
    [{ kind: 'updown', up: false, env: new EnvList() }, ['>UPDOWN:DOWN', '>UPDOWN:ENV,END']],
    [{ kind: 'prompt', text: 'HOLD:Waiting for hold release:0' }, ['>HOLD:Waiting for hold release:0']],
    [{ kind: 'prompt', text: undefined }, []],
    [{ kind: 'bytes', received: 4242, sent: 4492 }, ['>BYTECOUNT:4242,4492']],
    [{ kind: 'client-bytes', clients: [{ clientId: 3, received: 1, sent: 2 }] }, ['>BYTECOUNT_CLI:3,1,2']],
    [{ kind: 'unknown', line: Buffer.from('>NEWS:x') }, ['>NEWS:x']],
  ])('%j', (event, lines) => {
    expect(linesOf(event)).toEqual(lines);
  });

  it('filters variables, and shows peer info for requests alone', () => {
    const env = new EnvList([
      ['IV_VER', '2.6.14'],
      ['username', 'al'],
    ]);
    const connect: DaemonEvent = { kind: 'client', what: 'CONNECT', clientId: 0, keyId: 1, env };
    expect(linesOf(connect, 3)).toEqual(['>CLIENT:CONNECT,0,1', '>CLIENT:ENV,IV_VER=2.6.14', '>CLIENT:ENV,END']);
    const established: DaemonEvent = { kind: 'client', what: 'ESTABLISHED', clientId: 0, env };
    expect(linesOf(established, 3)).toEqual(['>CLIENT:ESTABLISHED,0', '>CLIENT:ENV,END']);
  });

  it('uses the words of the table', () => {
    const words = new Set(NOTIFICATIONS.map(({ word }) => word));
    const said = [greeting(), bytesLine(0, 0), ...clientBytesLines([{ clientId: 0, received: 0, sent: 0 }])];
    for (const line of said) expect(words).toContain(/^>([A-Z_-]+):/.exec(line)?.[1]);
    expect(words.size).toBeGreaterThan(15);
  });
});

describe('isWanted', () => {
  const off = { log: false, state: false, echo: false };

  it('goes by subscription for log, state and echo', () => {
    const events: DaemonEvent[] = [
      { kind: 'log', line: { time: TIME, word: 1, text: 'x' } },
      { kind: 'state', state: { time: TIME, name: 'WAIT' } },
      { kind: 'echo', time: TIME, text: 'x' },
    ];
    for (const event of events) {
      expect(isWanted(event, off)).toBe(false);
      expect(isWanted(event, { ...off, [event.kind]: true })).toBe(true);
    }
  });

  it('tells everyone of clients, prompts and the end', () => {
    expect(isWanted({ kind: 'fatal', text: 'x' }, off)).toBe(true);
    expect(isWanted({ kind: 'client-address', clientId: 0, address: 'x', primary: true }, off)).toBe(true);
    expect(isWanted({ kind: 'prompt', text: 'x' }, off)).toBe(true);
    expect(isWanted({ kind: 'bytes', received: 0, sent: 0 }, off)).toBe(false);
  });
});

describe('what an attached daemon says', () => {
  it.each([
    ['PK_SIGN:QUJD,RSA_PKCS1_PADDING', ['RSA_SIGN:QUJD', 'PK_SIGN:QUJD', 'PK_SIGN:QUJD,RSA_PKCS1_PADDING']],
    ['PK_SIGN:QUJD,ECDSA', ['PK_SIGN:QUJD,ECDSA', 'PK_SIGN:QUJD', 'PK_SIGN:QUJD,ECDSA']],
    [
      "PASSWORD:Need 'Auth' username",
      ["PASSWORD:Need 'Auth' username/password", "PASSWORD:Need 'Auth' username/password", "PASSWORD:Need 'Auth' username/password"],
    ],
    ["PASSWORD:Need 'Auth' password", ["PASSWORD:Need 'Auth' password", "PASSWORD:Need 'Auth' password", "PASSWORD:Need 'Auth' password"]],
  ])('%s as clients of versions 1 to 3 know it', (text, shown) => {
    expect([1, 2, 3].map((version) => promptText(text, version))).toEqual(shown);
    expect([4, 5].map((version) => promptText(text, version))).toEqual([text, text]);
    expect(linesOf({ kind: 'prompt', text }, 0, 2)).toEqual([`>${shown[1]}`]);
  });

  it('goes on as it came, to those who asked for its kind', () => {
    const unknown = (line: string): DaemonEvent => ({ kind: 'unknown', line: Buffer.from(line) });
    const nothing = { log: false, state: false, echo: false };
    expect(linesOf(unknown('>FUTURE:a,b'))).toEqual(['>FUTURE:a,b']);
    expect([isWanted(unknown('>FUTURE:a'), nothing), isWanted(unknown('>STATE:1,ODD'), nothing)]).toEqual([true, false]);
    expect(isWanted(unknown('>STATE:1,ODD'), { ...nothing, state: true })).toBe(true);
    expect(linesOf({ kind: 'link', up: false, why: 'the connection ended' })).toEqual(['>NOTIFY:info,daemon-lost,the connection ended']);
    expect(greeting(6)).toContain('Version 6 --');
  });
});
