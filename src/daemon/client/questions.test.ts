import { describe, expect, it } from 'vitest';
import { Secret } from '../../base/secret.ts';
import { Notes } from '../../messages/notes.ts';
import { renderRow } from '../../messages/row.ts';
import { Questions } from './questions.ts';

function asking(attended = true) {
  const prompts: (string | undefined)[] = [];
  const said: string[] = [];
  const questions = new Questions({
    notes: new Notes(15, ({ row, args }) => said.push(renderRow(row, args))),
    emit: (event) => event.kind === 'prompt' && prompts.push(event.text),
    attended: () => attended,
  });
  return { questions, prompts, said };
}

const done = (text: string) => ({ kind: 'done', text });
const refused = (text = '') => ({ kind: 'refused', text });

describe('questions to management clients', () => {
  it.each([
    ['username', 'password'],
    ['password', 'username'],
  ] as const)('take name and password in any order: %s first', async (first, second) => {
    const { questions, prompts } = asking();
    const login = questions.login('Auth', 'SC:1,Your PIN');
    const values = { username: new Secret('al ice'), password: new Secret('p"w') };
    expect(questions.give(first, 'Auth', values[first])).toEqual(done(`'Auth' ${first} entered, but not yet verified`));
    expect(questions.give(second, 'Auth', values[second])).toEqual(done(`'Auth' ${second} entered, but not yet verified`));
    const given = await login;
    expect([given.username, given.password.reveal()]).toEqual(['al ice', 'p"w']);
    expect(prompts).toEqual(["PASSWORD:Need 'Auth' username/password SC:1,Your PIN", undefined]);
  });

  it('are asked in full, however long (difference management.prompt-length)', () => {
    const { questions, prompts } = asking();
    const challenge = `SC:1,${'What is it? '.repeat(40)}`;
    void questions.login('Auth', challenge);
    expect(prompts).toEqual([`PASSWORD:Need 'Auth' username/password ${challenge}`]);
    questions.cancel();
  });

  it('refuse answers of another type, answers to nothing, and go on waiting for a name that is not empty', () => {
    const { questions, prompts } = asking();
    expect(questions.give('password', 'Auth', new Secret('x'))).toEqual(refused());
    void questions.login('Auth');
    expect(questions.give('password', 'Private Key', new Secret('x'))).toEqual(
      refused("password of type 'Private Key' entered, but we need one of type 'Auth'"),
    );
    questions.give('username', 'Auth', new Secret(''));
    questions.give('password', 'Auth', new Secret('x'));
    expect(prompts).toEqual(["PASSWORD:Need 'Auth' username/password"]);
    expect(questions.tell('ok', 'Auth', 'ok')).toEqual(refused());
  });

  it('say in the log that they wait when nobody is there, and can be given up', () => {
    const { questions, prompts, said } = asking(false);
    void questions.password('Private Key');
    questions.cancel();
    questions.cancel();
    expect(said).toEqual(['Need password(s) from management interface, waiting...']);
    expect(prompts).toEqual(["PASSWORD:Need 'Private Key' password", undefined]);
    expect(questions.give('password', 'Private Key', new Secret('late'))).toEqual(refused());
  });

  it.each([
    [['ACCEPT'], { kind: 'accept' }],
    [['SKIP'], { kind: 'skip', count: 1 }],
    [['SKIP', '3'], { kind: 'skip', count: 3 }],
    [['MOD', 'other.test', '443'], { kind: 'mod', host: 'other.test', port: 443 }],
  ] as const)('take which server to use: %j', async (words, expected) => {
    const { questions, prompts } = asking();
    const answer = questions.remote('vpn.test', 1194, 'udp');
    expect(questions.chooseRemote(words)).toEqual(done('remote command succeeded'));
    expect(await answer).toEqual(expected);
    expect(prompts).toEqual(['REMOTE:vpn.test,1194,udp', undefined]);
  });

  it.each([[[]], [['accept']], [['MOD', 'host']], [['MOD', 'host', '0']], [['MOD', 'host', '70000']], [['MOD', 'h'.repeat(80), '1']]])(
    'refuse a server that makes no sense: %j',
    (words) => {
      const { questions } = asking();
      void questions.remote('vpn.test', 1194, 'udp');
      expect(questions.chooseRemote(words)).toEqual(refused());
    },
  );

  it.each([
    [['NONE'], { kind: 'none' }],
    [['HTTP', 'proxy.test', '8080', 'nct'], { kind: 'http', host: 'proxy.test', port: 8080, noClearText: true }],
    [['SOCKS', 'proxy.test', '1080'], { kind: 'socks', host: 'proxy.test', port: 1080, noClearText: false }],
  ] as const)('take which proxy to use: %j', async (words, expected) => {
    const { questions, prompts } = asking();
    const answer = questions.proxy(1, 'tcp', 'vpn.test');
    expect(questions.chooseProxy(words)).toEqual(done('proxy command succeeded'));
    expect(await answer).toEqual(expected);
    expect(prompts).toEqual(['PROXY:1,TCP,vpn.test', undefined]);
  });

  it('go on without a proxy when the answer makes no sense, as in stock', async () => {
    const { questions, said } = asking();
    const answer = questions.proxy(1, 'tcp', 'vpn.test');
    expect(questions.chooseProxy(['HTTP', 'proxy.test'])).toEqual(refused());
    expect(await answer).toBeUndefined();
    expect(said).toEqual(['Bad proxy command']);
  });

  it('take a confirmation and a text', async () => {
    const { questions, prompts } = asking();
    const confirmed = questions.confirm('token-insertion-request', 'Insert it');
    expect(questions.tell('ok', 'token-insertion-request', 'cancel')).toEqual(
      done("'token-insertion-request' needok-confirmation entered, but not yet verified"),
    );
    expect(await confirmed).toBe(false);
    const text = questions.text('identity', 'Which?');
    questions.tell('string', 'identity', 'alice');
    expect(await text).toBe('alice');
    expect(prompts[0]).toBe("NEED-OK:Need 'token-insertion-request' confirmation MSG:Insert it");
    expect(prompts[2]).toBe("NEED-STR:Need 'identity' string MSG:Which?");
  });
});
