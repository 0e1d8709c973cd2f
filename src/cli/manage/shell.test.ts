import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WallTime } from '../../base/units.ts';
import type { DaemonEvent, DaemonReply, DaemonRequest, StateName } from '../../model/daemon-port.ts';
import { ManageRig, screenOf } from './testing.ts';

let rig: ManageRig;
beforeEach(() => {
  rig = new ManageRig();
});
afterEach(() => rig.close());

function answer(request: DaemonRequest): DaemonReply {
  if (request.kind === 'pid') return { kind: 'value', value: 7 };
  return request.kind === 'kill-name' ? { kind: 'refused', text: '' } : { kind: 'done', text: '' };
}

type Run = ReturnType<ManageRig['run']>;

async function shell(columns = 40, more: { colour?: boolean; json?: boolean } = {}): Promise<Run> {
  const options = more.json === true ? ['--json'] : [];
  const run = rig.run({ interactive: true, columns, options, colour: more.colour ?? false });
  await run.until((out) => out.includes('Ctrl-D ends') && out.endsWith('\x1b[9G'));
  return run;
}

/** Waits until the last rows of the screen are these; a pattern stands for a row. */
async function shows(run: Run, rows: readonly (string | RegExp)[], columns = 40): Promise<void> {
  const last = (): string[] => screenOf(run.out, columns).slice(-rows.length);
  const fits = (): boolean =>
    last().every((row, index) => (typeof rows[index] === 'string' ? rows[index] === row : rows[index]?.test(row)));
  await run.until(fits).catch(() => expect(last()).toEqual(rows));
}

const STATE = (name: StateName): DaemonEvent => ({ kind: 'state', state: { time: 1_795_352_490_000 as WallTime, name } });
const CTRL = { c: '\x03', d: '\x04', a: '\x01' };
const UP = '\x1b[A';

describe('the shell', () => {
  it('shows replies, and what comes unasked above the line that is being typed', async () => {
    const port = await rig.serve(answer);
    const run = await shell();
    run.type('state on\r');
    await shows(run, ['SUCCESS: real-time state notification se', 't to ON', 'manage>']);
    run.type('kill al');
    await shows(run, ['manage> kill al']);
    port.emit(STATE('RECONNECTING'));
    await run.until((out) => out.includes('RECONNECTING'));
    await shows(run, [/^\d\d:\d\d:\d\d state RECONNECTING$/, 'manage> kill al']);
    run.type('ice\r');
    await shows(run, ["ERROR: common name 'alice' not found", 'manage>']);
    expect(port.requests.at(-1)).toMatchObject({ kind: 'kill-name', commonName: 'alice' });
    run.type(CTRL.d);
    expect(await run.code).toBe(0);
  });

  it.each(['', CTRL.a])('draws a line of several rows again as it was, the cursor included (%j)', async (move) => {
    const port = await rig.serve(answer);
    const run = await shell(20);
    run.type('state on\r');
    await run.until((out) => out.includes('set to ON'));
    for (const key of ['kill ', ...'abcdefgh'.repeat(5), move]) run.type(key);
    const rows = ['manage> kill abcdefg', 'habcdefghabcdefghabc', 'defghabcdefgh'];
    await shows(run, rows, 20);
    for (const name of ['WAIT', 'AUTH'] as const) port.emit(STATE(name));
    await run.until((out) => out.includes('AUTH'));
    port.emit(STATE('CONNECTED'));
    await run.until((out) => out.includes('CONNECTED'));
    await run.until(() => screenOf(run.out, 20).at(-1) === 'defghabcdefgh');
    const screen = screenOf(run.out, 20);
    expect(screen.slice(-3)).toEqual(rows);
    expect(screen.slice(-7, -3).map((row) => row.replace(/^[\d:]{8} /, ''))).toEqual(['state WAIT', 'state AUTH', 'state CONNE', 'CTED']);
    run.type(move === '' ? 'X' : '#');
    await shows(
      run,
      move === '' ? [...rows.slice(0, 2), 'defghabcdefghX'] : ['manage> #kill abcdef', 'ghabcdefghabcdefghab', 'cdefghabcdefgh'],
      20,
    );
    run.type(`${CTRL.c}${CTRL.c}`);
    expect(await run.code).toBe(0);
  });

  it('takes the lines of a body, and gives one up at Ctrl-C', async () => {
    const port = await rig.serve(answer);
    const run = await shell();
    run.type('client-auth 0 1\rpush "a b"\r');
    await shows(run, ['manage> client-auth 0 1', '...> push "a b"', '...>']);
    run.type(CTRL.c);
    await run.until((out) => out.includes('^C'));
    run.type('client-auth 2 3\r\rquit\rEND\r');
    await run.until((out) => out.includes('SUCCESS: client-auth command succeeded'));
    expect(port.requests).toEqual([{ kind: 'client-auth', clientId: 2, keyId: 3, config: ['', 'quit'] }]);
    run.type('client-auth x\r');
    await run.until((out) => out.includes('not sent: client-auth is used as: client-auth CID KID'));
    run.type('quit\r');
    expect(await run.code).toBe(0);
  });

  it('asks for a password without showing it, and does not bring it back', async () => {
    const port = await rig.serve(answer);
    const run = await shell();
    run.type('state on\r');
    await run.until((out) => out.includes('set to ON'));
    run.type('password Auth\r');
    await shows(run, ['value, not shown:']);
    run.type('hunter');
    port.emit(STATE('WAIT'));
    await run.until((out) => out.includes('WAIT'));
    await shows(run, ['value, not shown:']);
    run.type('2"\\\r');
    await run.until(() => port.requests.length === 1);
    const [request] = port.requests;
    expect(request?.kind === 'password' && request.password.reveal()).toBe('hunter2"\\');
    run.type('password Auth seen\r');
    await run.until(() => port.requests.length === 2);
    run.type(UP);
    await shows(run, ['manage> state on']);
    expect(run.out).not.toContain('hunter2');
    run.type(CTRL.c);
    run.type('password Auth\rgiven up');
    await shows(run, ['value, not shown:']);
    run.type(CTRL.c);
    await shows(run, ['^C', 'manage>']);
    expect(port.requests).toHaveLength(2);
    run.type(CTRL.c);
    expect(await run.code).toBe(0);
  });

  it('completes commands and their words, and explains them', async () => {
    await rig.serve(answer);
    const run = await shell(60);
    run.type('client-d\t');
    await shows(run, ['manage> client-deny'], 60);
    run.type(`${CTRL.c}signal SIGT\t`);
    await shows(run, ['manage> signal SIGTERM'], 60);
    run.type(`${CTRL.c}help client-kill\r`);
    await run.until((out) => out.includes('client-kill CID [MESSAGE]'));
    run.type('?\r');
    await run.until((out) => out.includes('Ctrl-D ends.'));
    run.type(CTRL.d);
    expect(await run.code).toBe(0);
  });

  it('says that the connection is lost, with what was being typed left as it is', async () => {
    await rig.pretend((socket, said) => (said.startsWith('pid') ? socket.end('SUCCESS: pid=7\r\n') : undefined));
    const run = await shell();
    run.type('pid\rkil');
    expect(await run.code).toBe(2);
    expect(screenOf(run.out, 40).join('\n')).toContain('connection lost: the connection ended');
  });

  it('waits for replies at the end of what was pasted, and ends at a signal', async () => {
    await rig.serve(answer);
    const run = await shell();
    run.type('pid\rquit\r');
    expect(await run.code).toBe(0);
    expect(run.out).toContain('SUCCESS: pid=7');
    const other = await shell();
    other.interrupt();
    expect(await other.code).toBe(0);
  });

  it('is not steered: hostile lines change nothing but their own rows', async () => {
    await rig.pretend((socket, said) =>
      said.startsWith('pid') ? socket.write('>\x1b[2J\x1b[H\x9bA\x07\r\nSUCCESS: \x1b[1A\x1b]0;x\x07\r\n') : undefined,
    );
    const run = await shell();
    run.type('pid\r');
    await shows(run, ['>_[2J_[H_A_', 'SUCCESS: _[1A_]0;x_', 'manage>']);
    run.type(CTRL.d);
    expect(await run.code).toBe(0);
  });

  it('shows what a client brings as a block, errors in red, JSON when it is wanted', async () => {
    const port = await rig.serve(answer);
    const run = await shell(60, { colour: true });
    run.type('kill x\r');
    await run.until((out) => out.includes("\x1b[31mERROR: common name 'x' not found\x1b[0m\n"));
    run.type(CTRL.d);
    await run.code;
    const json = await shell(60, { json: true });
    json.type('state on\r');
    await json.until((out) => out.includes('"ok":true'));
    port.emit(STATE('WAIT'));
    await json.until((out) => out.includes('{"notification":"state","time":1795352490,"name":"WAIT"}'));
    json.type(CTRL.d);
    expect(await json.code).toBe(0);
  });
});
