import { describe, expect, it } from 'vitest';
import { Notes } from '../../messages/notes.ts';
import { renderRow } from '../../messages/row.ts';
import type { PullSettings } from './configuration.ts';
import { filterPushed } from './push-filter.ts';

const TAKES_ALL: PullSettings = { enabled: true, filters: [], withoutRoutes: false };

function filtered(options: readonly string[], settings: Partial<PullSettings> = {}) {
  const said: string[] = [];
  const result = filterPushed(options, { ...TAKES_ALL, ...settings }, new Notes(15, ({ row, args }) => said.push(renderRow(row, args))));
  return { result, said };
}

describe('pushed options', () => {
  it('of stock pass untouched', () => {
    const options =
      'route 10.1.0.0 255.255.0.0,route-gateway 10.8.0.1,topology subnet,ping 10,ping-restart 60,ifconfig 10.8.0.2 255.255.255.0,peer-id 0,cipher AES-256-GCM,protocol-flags cc-exit tls-ekm dyn-tls-crypt,tun-mtu 1500'.split(
        ',',
      );
    expect(filtered(options)).toEqual({ result: { options }, said: [] });
  });

  it('that a server may not push are said and left out', () => {
    const { result, said } = filtered(['up /bin/sh', 'ping 5', 'nonsense 1', 'script-security 3', 'ca /etc/passwd']);
    expect(result).toEqual({ options: ['ping 5'] });
    expect(said).toHaveLength(4);
    expect(said[0]).toBe("Options error: option 'up' cannot be used in this context ([PUSH-OPTIONS])");
  });

  it('are taken, dropped or refused by the first filter that fits', () => {
    const filters = [
      { action: 'accept', prefix: 'route 10.1.' },
      { action: 'ignore', prefix: 'route' },
      { action: 'reject', prefix: 'dhcp-option' },
    ] as const;
    const { result, said } = filtered(['route 10.1.0.0 255.255.0.0', 'route 10.2.0.0 255.255.0.0', 'ping 1'], { filters });
    expect(result).toEqual({ options: ['route 10.1.0.0 255.255.0.0', 'ping 1'] });
    expect(said).toEqual(["Pushed option removed by filter: 'route 10.2.0.0 255.255.0.0'"]);
    expect(filtered(['dhcp-option DNS 1.1.1.1'], { filters })).toEqual({
      result: { refused: 'Offending option received from server' },
      said: ["Pushed option rejected by filter: 'dhcp-option DNS 1.1.1.1'. Restarting."],
    });
  });

  it('are left out by route-nopull where they are about routes and names', () => {
    const { result } = filtered(
      ['route 10.1.0.0 255.255.0.0', 'redirect-gateway def1', 'dhcp-option DNS 1.1.1.1', 'ifconfig 10.8.0.2 255.255.255.0'],
      {
        withoutRoutes: true,
      },
    );
    expect(result).toEqual({ options: ['ifconfig 10.8.0.2 255.255.255.0'] });
  });

  it.each(['comp-lzo no', 'comp-lzo', 'compress lz4', 'compress'])('end the session when they compress: %s', (option) => {
    expect(filtered([option]).result).toEqual({ refused: 'process-push-msg-failed' });
  });
});
