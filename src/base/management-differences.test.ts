import { describe, expect, it } from 'vitest';
import { DIFFERENCES } from './differences.ts';

/**
 * What is known to be wrong with stock's management interface (facts: management 22), point by point, and the rows that say what became
 * of it: fixed, or kept because programs depend on it.
 */
const DEFECTS: readonly (readonly [point: string, ...rows: string[]])[] = [
  ['1 one client at a time', 'many-clients', 'password-timeout'],
  ['2 no TLS, no rights, one password, no throttling, no time-out', 'tls', 'roles', 'guessing', 'password-timeout'],
  ['3 no reply to a wrong password', 'bad-password'],
  ['4 a socket for all, and a file in its place deleted', 'socket-mode', 'socket-path'],
  ['5 lines that are too long', 'long-line'],
  ['6 the body of a refused command', 'refused-body'],
  ['7 logins that nobody heard of, and cannot be listed', 'pending-logins', 'more-commands'],
  ['8 settings of the client before', 'per-connection-settings'],
  ['9 secrets in the log and in ENV', 'log-without-secrets', 'kept-password-in-env'],
  ['10 the port inside the tunnel', 'tunnel-port'],
  ['11 commands that stop the daemon', 'huge-counts', 'kill-resolves-nothing'],
  ['12 SIGUSR2 in the first hold', 'status-in-hold'],
  ['13 the exit status', 'exit-status', 'kept-login-status'],
  ['14 kill by address and by odd names', 'kill-address-forms', 'kept-undef'],
  ['15 replies without END, and slips of the pen', 'kept-reply-texts'],
  ['16 numbers that are none', 'strict-levels', 'kept-numbers'],
  ['17 commands without a reply', 'kept-silence'],
  ['18 queues without a bound', 'slow-reader', 'body-limit'],
  ['19 texts that are cut', 'prompt-length'],
  ['20 ends that are not told', 'disconnect-always'],
  ['21 client-kill in a renegotiation, and an exit without a name', 'kill-in-renegotiation', 'kept-remote-exit'],
  ['22 no escaping', 'kept-raw-values'],
  ['23 a long line of status', 'status.no-line-limit'],
  ['24 settings of the start', 'kept-until-restart'],
];

describe('the defects of stock', () => {
  it.each(DEFECTS)('%s', (_point, ...rows) => {
    const ids = new Set(DIFFERENCES.map(({ id }) => id));
    const named = rows.map((row) => (row.includes('.') ? row : `management.${row}`));
    expect(named.filter((id) => !ids.has(id))).toEqual([]);
  });

  it('are all of them, in their order, and every row of what is kept belongs to one', () => {
    expect(DEFECTS.map(([point]) => Number.parseInt(point, 10))).toEqual(Array.from({ length: 24 }, (_, index) => index + 1));
    const kept = DIFFERENCES.map(({ id }) => id).filter((id) => id.startsWith('management.kept-'));
    const named = DEFECTS.flatMap(([, ...rows]) => rows.map((row) => `management.${row}`));
    expect(kept.filter((id) => !named.includes(id))).toEqual(['management.kept-push-update']);
  });
});
