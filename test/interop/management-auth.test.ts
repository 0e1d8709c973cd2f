import { describe, expect, it } from 'vitest';
import { DIFFERENCES } from '../../src/base/differences.ts';
import { type Program, type Server, type StockClient, TUNNEL_SERVER4 } from './support/daemons.ts';
import { type Lab, useLab } from './support/lab.ts';
import { comparable, Talk } from './support/management-talk.ts';
import { requireInterop } from './support/require.ts';

/** A management client decides about stock clients, at a stock server and at ours. */

async function loginClient(lab: Lab, name: string, lines: readonly string[] = []): Promise<StockClient> {
  const file = lab.file('al ice\np"w\\d\n', 0o600);
  return lab.client(name, { wait: false, lines: [`auth-user-pass ${file}`, 'push-peer-info', 'setenv UV_TEST "one two"', ...lines] });
}

interface Case {
  readonly server: Server;
  readonly talk: Talk;
}

async function serve(lab: Lab, program: Program, lines: readonly string[] = []): Promise<Case> {
  const server = await lab.server({ program, lines: ['management-client-auth', ...lines] });
  return { server, talk: await Talk.open(server.managementPath) };
}

/** Hardware addresses and port numbers of scripts differ between runs and programs, and are of no interest. */
const plain = (block: readonly string[]): string[] => block.map(comparable).map((line) => line.replace(/IV_HWADDR=.*/, 'IV_HWADDR=<mac>'));

/** Deny, pend, approve, disconnect: what is said on the way. */
async function course(lab: Lab, program: Program): Promise<Record<string, readonly string[]>> {
  const { talk } = await serve(lab, program);
  const denied = await loginClient(lab, 'alice', ['auth-retry nointeract']);
  const connect = await talk.block('CONNECT,0');
  const deny = await talk.ask('client-deny 0 1 "bad credentials" "Wrong password, try again"');
  const told = await denied.process.waitFor('AUTH_FAILED,Wrong password, try again');
  const left = await talk.block('DISCONNECT,0');
  await talk.block('CONNECT,1');
  const pend = await talk.ask('client-pending-auth 1 1 "WEB_AUTH::https://sso.example/login" 30');
  await denied.process.waitFor('AUTH_PENDING received');
  const info = await denied.process.waitFor("Info command was pushed by server ('WEB_AUTH::https://sso.example/login')");
  const allow = await talk.ask('client-auth 1 1', 'push "route 192.168.77.0 255.255.255.0"', 'iroute 192.168.50.0 255.255.255.0', 'END');
  const established = await talk.block('ESTABLISHED,1');
  const addresses = talk.lines.filter((line) => line.startsWith('>CLIENT:ADDRESS'));
  await denied.process.waitFor('Initialization Sequence Completed');
  const pushed = denied.process.matching(/PUSH: Received control message: 'PUSH_REPLY.*route 192\.168\.77\.0 255\.255\.255\.0/).length;
  const kill = await talk.ask('client-kill 1 HALT');
  const gone = await talk.block('DISCONNECT,1');
  await loginClient(lab, 'bob');
  await talk.block('CONNECT,2');
  await talk.ask('client-auth-nt 2 1');
  await talk.block('ESTABLISHED,2');
  const from = talk.lines.length;
  await talk.ask('kill bob');
  const order = talk.lines.slice(from).filter((line) => /^>CLIENT:D|^SUCCESS: common/.test(line));
  talk.close();
  await lab.network.stopAll();
  return {
    connect: plain(connect),
    deny,
    told: [told.replace(/^.*(AUTH_FAILED.*)$/, '$1')],
    left: plain(left),
    pend,
    info: [info.replace(/^.*\('(.*)'\)$/, '$1')],
    allow,
    established: plain(established),
    addresses,
    pushed: [String(pushed)],
    kill,
    gone: plain(gone),
    order: plain(order),
  };
}

describe.skipIf(!requireInterop())('a management client that decides about logins', () => {
  const lab = useLab(['alice', 'bob']);

  it('denies, pends, approves and sees a stock client go, with the same words at both servers', async () => {
    const stock = await course(lab, 'stock');
    const ours = await course(lab, 'ours');
    expect(ours).toEqual(stock);
  }, 120_000);

  it('is shown logins that were raised while nobody was there', async () => {
    const server = await lab.server({ program: 'ours', lines: ['management-client-auth'] });
    const alice = await loginClient(lab, 'alice');
    await server.process.waitFor('authentication deferred');
    const talk = await Talk.open(server.managementPath);
    await talk.block('CONNECT,0,1');
    expect(await talk.ask('client-auth-nt 0 1')).toEqual(['SUCCESS: client-auth command succeeded']);
    expect(await talk.ask('client-auth-nt 0 1')).toEqual(['ERROR: client-auth command failed']);
    await alice.process.waitFor('Initialization Sequence Completed');
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual({ sent: 5, received: 5 });
    expect(DIFFERENCES.map(({ id }) => id)).toEqual(expect.arrayContaining(['management.pending-logins', 'management.first-decision']));
  }, 60_000);

  it('fails logins that nobody decides about in time', async () => {
    await serve(lab, 'ours', ['hand-window 3']);
    const alice = await loginClient(lab, 'alice');
    await alice.process.waitFor('Received control message: AUTH_FAILED');
  }, 60_000);

  it('decides again with every renegotiation', async () => {
    const { talk } = await serve(lab, 'ours', ['reneg-sec 6']);
    const alice = await loginClient(lab, 'alice');
    await talk.block('CONNECT,0,1');
    await talk.ask('client-auth-nt 0 1');
    await alice.process.waitFor('Initialization Sequence Completed');
    await talk.block('REAUTH,0,2');
    expect(await talk.ask('client-auth-nt 0 2')).toEqual(['SUCCESS: client-auth command succeeded']);
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual({ sent: 5, received: 5 });
    await talk.block('REAUTH,0,3');
    await talk.ask('client-deny 0 3 over "No longer"');
    await alice.process.waitFor('AUTH_FAILED,No longer');
  }, 60_000);
});
