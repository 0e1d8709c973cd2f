import type { DaemonEvent } from '../model/daemon-port.ts';

/** What a management client may do; each may do what the ones before it may. */
export type Role = 'read' | 'operate' | 'authenticate';

const RANK: Readonly<Record<Role, number>> = { read: 0, operate: 1, authenticate: 2 };

/** Commands that show things, or concern their own connection alone. */
const READS: ReadonlySet<string> = new Set([
  'bytecount',
  'clients',
  'echo',
  'env-filter',
  'events',
  'exit',
  'help',
  'load-stats',
  'log',
  'nclients',
  'net',
  'pid',
  'pkcs11-id-count',
  'pkcs11-id-get',
  'quit',
  'remote-entry-count',
  'remote-entry-get',
  'state',
  'status',
  'test',
  'version',
  'who',
]);

/** Commands that show without a parameter and change with one. */
const SHOW_OR_SET: ReadonlySet<string> = new Set(['auth-retry', 'hold', 'mute', 'verb']);

/** Commands that decide who may connect, or say secrets. */
const AUTHENTICATES: ReadonlySet<string> = new Set([
  'certificate',
  'client-auth',
  'client-auth-nt',
  'client-deny',
  'client-pending-auth',
  'cr-response',
  'needok',
  'needstr',
  'password',
  'pk-sig',
  'rsa-sig',
  'username',
]);

/** The role that a command takes; of commands that are not in the table, `operate`. */
export function roleFor(name: string, words: readonly string[]): Role {
  if (READS.has(name) || (SHOW_OR_SET.has(name) && words.length === 0)) return 'read';
  return AUTHENTICATES.has(name) ? 'authenticate' : 'operate';
}

/** Whether a role may do what another may. */
export function covers(has: Role, needed: Role): boolean {
  return RANK[has] >= RANK[needed];
}

/** The role that an event is for: questions go to those who may answer them, and what carries passwords, or may, to nobody else. */
export function roleToSee(event: DaemonEvent): Role {
  switch (event.kind) {
    case 'client':
      return event.what === 'CONNECT' || event.what === 'REAUTH' ? 'authenticate' : 'read';
    case 'client-response':
      return 'authenticate';
    case 'prompt':
      return promptRole(event.text);
    case 'unknown':
      return /^>(?:LOG|STATE|ECHO|NOTIFY|UPDOWN|BYTECOUNT)\b/.test(event.line.toString('latin1')) ? 'read' : 'authenticate';
    default:
      return 'read';
  }
}

/** The role that answers a prompt. */
export function promptRole(text: string | undefined): Role {
  return /^(?:HOLD|REMOTE|PROXY):/.test(text ?? '') ? 'operate' : 'authenticate';
}
