import type { Difference } from './differences.ts';

const PARSED = 'Programs were written against it, and what they read must not change under them.';

/** What of the management interface is odd in stock, and kept: programs depend on it. */
export const MANAGEMENT_KEPT: readonly Difference[] = [
  {
    id: 'management.kept-reply-texts',
    area: 'management',
    stock:
      '`test`, `net` and a refused `status` have no END; `client-auth-nt` answers with `client-auth`, and a refused `cr-response` with `cr-repsonse`.',
    ours: 'The same.',
    why: PARSED,
    test: 'src/management/kept.test.ts',
  },
  {
    id: 'management.kept-numbers',
    area: 'management',
    stock: '`bytecount abc` turns byte counts off, `status abc` is `status`, and numbers may have anything behind them.',
    ours: 'The same, but for `verb` and `mute`.',
    why: 'It does no harm, and scripts that rely on it go on working.',
    test: 'src/management/kept.test.ts',
  },
  {
    id: 'management.kept-silence',
    area: 'management',
    stock: '`version N` up to 3, and an empty line, have no reply.',
    ours: 'The same.',
    why: 'A program that counts replies would take an unexpected one for that of its next command.',
    test: 'src/management/kept.test.ts',
  },
  {
    id: 'management.kept-undef',
    area: 'management',
    stock: '`kill UNDEF` ends every client that is still in its handshake.',
    ours: 'The same; `clients handshake` shows whom that would be.',
    why: 'It is the only name that they have in `status`.',
    test: 'src/management/kept.test.ts',
  },
  {
    id: 'management.kept-raw-values',
    area: 'management',
    stock: 'Values of ENV blocks and status rows are not escaped: a name may hold commas or, in ENV, an equals sign.',
    ours: 'The same; `status json` and `events on` are exact, and our parser finds names with commas by the number of columns.',
    why: PARSED,
    test: 'src/management/kept.test.ts',
  },
  {
    id: 'management.kept-password-in-env',
    area: 'management',
    stock: 'CONNECT and REAUTH carry the password of the user in clear.',
    ours: 'The same, to management clients alone that may decide about logins, and `management-tls` hides it on the way.',
    why: 'Whoever decides about a login has to see it.',
    test: 'src/management/kept.test.ts',
  },
  {
    id: 'management.kept-remote-exit',
    area: 'management',
    stock: '`>NOTIFY:info,remote-exit,EXIT` of a server does not say whose exit it is.',
    ours: 'The same; the CLIENT:DISCONNECT that follows does.',
    why: PARSED,
    test: 'src/management/kept.test.ts',
  },
  {
    id: 'management.kept-login-status',
    area: 'management',
    stock: 'A client whose login is refused for good ends with status 0.',
    ours: 'The same; the log, EXITING and `>PASSWORD:Verification Failed` say why.',
    why: 'Service managers would start it again and again with the wrong password, until the account is locked.',
    test: 'test/interop/client-daemon.test.ts',
  },
  {
    id: 'management.kept-until-restart',
    area: 'management',
    stock: 'A reload does not look at the lines of the management interface.',
    ours: 'The interface stays as it was opened, and a warning says so when its lines have changed.',
    why: 'The clients that are connected stay connected over a reload, which is what most of them watch.',
    test: 'src/daemon/app.test.ts',
  },
  {
    id: 'management.kept-push-update',
    area: 'management',
    stock: 'Clients up to 2.6 do not announce that they take PUSH_UPDATE, and are sent none.',
    ours: 'Our client daemon neither. Our server sends it to every client that announces it, as 2.7 does.',
    why: 'It is a client of 2.6 to every server that it meets.',
    test: 'test/sim/push-update.test.ts',
  },
];
