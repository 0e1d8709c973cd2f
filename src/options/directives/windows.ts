import { type DirectiveRow, directive, number, optional, refused, rest, text } from '../row.ts';

const WINDOWS = refused('only for Windows');

/** Directives that only OpenVPN on Windows knows; elsewhere its parser does not. */
export const WINDOWS_ONLY: readonly DirectiveRow[] = [
  directive('allow-nonadmin', [optional(text('adapter'))], 'Opens an adapter to ordinary users.', { standing: WINDOWS }),
  directive('block-outside-dns', [], 'Blocks name servers outside the tunnel.', {
    standing: WINDOWS,
    atClient: WINDOWS,
    side: 'client',
    pushable: true,
  }),
  directive('cryptoapicert', [text('selector')], "Takes the certificate from the system's store.", { standing: WINDOWS }),
  directive('dhcp-release', [optional(text('mode'))], 'Gives the DHCP lease back at the end.', { standing: WINDOWS }),
  directive('dhcp-renew', [], 'Renews the DHCP lease at start.', { standing: WINDOWS }),
  directive('ip-win32', [rest(text('word'))], 'How the adapter gets its address.', { standing: WINDOWS }),
  directive('msg-channel', [rest(text('handle'))], 'The pipe to the interactive service.', { standing: WINDOWS }),
  directive('pause-exit', [], 'Waits for a key before the window closes.', { standing: WINDOWS }),
  directive('register-dns', [], 'Registers names in DNS.', { standing: WINDOWS, atClient: WINDOWS, side: 'client', pushable: true }),
  directive('service', [text('event'), optional(number('state', 0, 1))], 'Runs under a service wrapper.', { standing: WINDOWS }),
  directive('show-adapters', [], 'Lists adapters and ends.', { standing: WINDOWS }),
  directive('show-net', [], 'Shows routes and adapters and ends.', { standing: WINDOWS }),
  directive('show-net-up', [], 'Shows routes and adapters once the tunnel is up.', { standing: WINDOWS }),
  directive('show-valid-subnets', [], 'Lists subnets of net30 and ends.', { standing: WINDOWS }),
  directive('tap-sleep', [number('seconds')], 'Waits after the adapter is opened.', { standing: WINDOWS }),
  directive('win-sys', [text('path')], 'Where Windows is installed.', { standing: WINDOWS }),
  directive('windows-driver', [text('driver')], 'Which driver to use.', { standing: WINDOWS }),
];
