import { describe, expect, it } from 'vitest';
import { type Accounts, changePriority, dropPrivileges, type IdentityCalls, resolveIdentity, systemAccounts } from './process.ts';

const ACCOUNTS: Accounts = {
  user: (name) => (name === 'nobody' ? { name, id: 65_534, group: 65_534 } : undefined),
  group: (name) => (name === 'nogroup' ? { name, id: 65_533, group: 0 } : undefined),
};

class FakeCalls implements IdentityCalls {
  readonly calls: string[] = [];
  #uid = 0;
  #gid = 0;
  readonly #refuse: string;

  constructor(refuse = '') {
    this.#refuse = refuse;
  }

  #call(name: string, ...args: readonly unknown[]): void {
    this.calls.push([name, ...args].join(' '));
    if (name === this.#refuse) throw new Error('EPERM');
  }

  setgid(group: number): void {
    this.#call('setgid', group);
    this.#gid = group;
  }

  setgroups(groups: readonly number[]): void {
    this.#call('setgroups', ...groups);
  }

  initgroups(user: string | number, group: number): void {
    this.#call('initgroups', user, group);
  }

  setuid(user: number): void {
    this.#call('setuid', user);
    this.#uid = user;
  }

  getuid(): number {
    return this.#uid;
  }

  getgid(): number {
    return this.#gid;
  }
}

describe('dropPrivileges', () => {
  it.each([
    [{ user: 'nobody', group: 'nogroup' }, ['initgroups nobody 65533', 'setgid 65533', 'setuid 65534']],
    [{ user: undefined, group: 'nogroup' }, ['setgroups 65533', 'setgid 65533']],
    [{ user: 'nobody', group: undefined }, ['setuid 65534']],
    [{ user: undefined, group: undefined }, []],
  ])('becomes %j in the right order', (identity, calls) => {
    const fake = new FakeCalls();
    dropPrivileges(resolveIdentity(identity, ACCOUNTS), fake);
    expect(fake.calls).toEqual(calls);
  });

  it.each(['initgroups', 'setgid', 'setuid'])('says so when %s is refused', (call) => {
    const identity = resolveIdentity({ user: 'nobody', group: 'nogroup' }, ACCOUNTS);
    expect(() => dropPrivileges(identity, new FakeCalls(call))).toThrow(expect.objectContaining({ code: 'PRIVILEGES' }));
  });

  it('does not believe a call that changed nothing', () => {
    const deaf: IdentityCalls = { ...bound(new FakeCalls()), getuid: () => 0 };
    expect(() => dropPrivileges(resolveIdentity({ user: 'nobody', group: undefined }, ACCOUNTS), deaf)).toThrow("setuid('nobody') failed");
  });
});

function bound(calls: FakeCalls): IdentityCalls {
  return {
    setgid: (group) => calls.setgid(group),
    setgroups: (groups) => calls.setgroups(groups),
    initgroups: (user, group) => calls.initgroups(user, group),
    setuid: (user) => calls.setuid(user),
    getuid: () => calls.getuid(),
    getgid: () => calls.getgid(),
  };
}

describe('resolveIdentity', () => {
  it('names what is not there', () => {
    expect(() => resolveIdentity({ user: 'ghost', group: undefined }, ACCOUNTS)).toThrow('failed to find UID for user ghost');
    expect(() => resolveIdentity({ user: undefined, group: 'ghosts' }, ACCOUNTS)).toThrow('failed to find GID for group ghosts');
  });

  it('reads the accounts of the system', () => {
    expect(systemAccounts.user('root')).toEqual({ name: 'root', id: 0, group: 0 });
    expect(systemAccounts.user('0')).toEqual({ name: 'root', id: 0, group: 0 });
    expect(systemAccounts.group('root')).toMatchObject({ name: 'root', id: 0 });
    expect(systemAccounts.user('4294960000')).toMatchObject({ id: 4_294_960_000 });
    expect(systemAccounts.user('no such user')).toBeUndefined();
  });
});

describe('changePriority', () => {
  it.each([
    [0, 5, 5],
    [3, -5, -2],
    [15, 19, 19],
    [-10, -20, -20],
  ])('counts from what it is: %i and %i give %i', (now, by, expected) => {
    const set: number[] = [];
    expect(changePriority(by, { get: () => now, set: (priority) => void set.push(priority) })).toBeUndefined();
    expect(set).toEqual([expected]);
  });

  it('says why it cannot, as nice(2) does', () => {
    const calls = {
      get: () => 0,
      set: () => {
        throw new Error('permission denied');
      },
    };
    expect(changePriority(-5, calls)).toBe('Operation not permitted (errno=1)');
  });
});
