import { readFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { reasonOf, TunnelscopeError } from '../base/errors.ts';
import { failureOf, formatFailure } from './errno.ts';

/** `user` and `group` as configured: names, or numbers in digits. */
export interface Identity {
  readonly user: string | undefined;
  readonly group: string | undefined;
}

/** The calls that change who the process is. `process` has them. */
export interface IdentityCalls {
  setgid(group: number): void;
  setgroups(groups: readonly number[]): void;
  initgroups(user: string | number, group: number): void;
  setuid(user: number): void;
  getuid(): number;
  getgid(): number;
}

/** A user or group as the system knows it. */
export interface Account {
  readonly name: string;
  readonly id: number;
  /** Of a user: the primary group. */
  readonly group: number;
}

/** Where names are looked up. */
export interface Accounts {
  user(name: string): Account | undefined;
  group(name: string): Account | undefined;
}

/**
 * `/etc/passwd` and `/etc/group`. Node tells nobody's ids but its own; accounts of other sources (LDAP) can be given
 * in digits.
 */
export const systemAccounts: Accounts = {
  user: (name) => find('/etc/passwd', name),
  group: (name) => find('/etc/group', name),
};

function find(file: string, name: string): Account | undefined {
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [known = '', , id = '', group = ''] = line.split(':');
    if (known === name || (/^\d+$/.test(name) && id === name)) return { name: known, id: Number(id), group: Number(group) };
  }
  return /^\d+$/.test(name) ? { name, id: Number(name), group: Number(name) } : undefined;
}

/** Who a process is to become. */
export interface ResolvedIdentity {
  readonly user: Account | undefined;
  readonly group: Account | undefined;
}

/** Looks names up, before they are needed: a wrong one should stop the start. Throws `PRIVILEGES` in stock's words. */
export function resolveIdentity(identity: Identity, accounts: Accounts = systemAccounts): ResolvedIdentity {
  const user = identity.user === undefined ? undefined : accounts.user(identity.user);
  const group = identity.group === undefined ? undefined : accounts.group(identity.group);
  if (identity.user !== undefined && user === undefined) {
    throw new TunnelscopeError('PRIVILEGES', `failed to find UID for user ${identity.user}`);
  }
  if (identity.group !== undefined && group === undefined) {
    throw new TunnelscopeError('PRIVILEGES', `failed to find GID for group ${identity.group}`);
  }
  return { user, group };
}

/**
 * Becomes somebody else for good: supplementary groups, group, then user. On the main thread, after all descriptors are
 * open and before workers start (facts: node-engine, pitfall 19). Throws `PRIVILEGES`; the process should then end.
 */
export function dropPrivileges(identity: ResolvedIdentity, calls: IdentityCalls = processCalls()): void {
  const { user, group } = identity;
  try {
    if (group !== undefined) {
      if (user === undefined) calls.setgroups([group.id]);
      else calls.initgroups(user.name, group.id);
      calls.setgid(group.id);
    }
    if (user !== undefined) calls.setuid(user.id);
  } catch (thrown) {
    throw new TunnelscopeError('PRIVILEGES', `changing user or group failed: ${reasonOf(thrown)}`, { cause: thrown });
  }
  if (group !== undefined && calls.getgid() !== group.id) throw new TunnelscopeError('PRIVILEGES', `setgid('${group.name}') failed`);
  if (user !== undefined && calls.getuid() !== user.id) throw new TunnelscopeError('PRIVILEGES', `setuid('${user.name}') failed`);
}

/** Windows has none of these. */
function processCalls(): IdentityCalls {
  const posix: Partial<IdentityCalls> = process;
  const need = <Name extends keyof IdentityCalls>(name: Name): IdentityCalls[Name] => {
    const call = posix[name];
    if (call === undefined) throw new TunnelscopeError('PRIVILEGES', `this system has no ${name}`);
    return call;
  };
  return {
    setgid: need('setgid'),
    setgroups: need('setgroups'),
    initgroups: need('initgroups'),
    setuid: need('setuid'),
    getuid: need('getuid'),
    getgid: need('getgid'),
  };
}

/** The calls behind `changePriority`. `node:os` has them. */
export interface PriorityCalls {
  get(): number;
  set(priority: number): void;
}

const SYSTEM_PRIORITY: PriorityCalls = { get: () => getPriority(), set: (priority) => setPriority(priority) };
const EPERM = 1;

/**
 * Makes the process more urgent or less by so much, as nice(2) does: above 0 is less, and the scale ends at -20 and 19. Undefined when
 * it worked, else why not, in the words of nice(2).
 */
export function changePriority(by: number, calls: PriorityCalls = SYSTEM_PRIORITY): string | undefined {
  try {
    calls.set(Math.max(-20, Math.min(19, calls.get() + by)));
    return undefined;
  } catch {
    return formatFailure(failureOf(EPERM));
  }
}
