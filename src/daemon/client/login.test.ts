import { describe, expect, it } from 'vitest';
import { Secret } from '../../base/secret.ts';
import type { LoginSettings } from '../../engine/client/configuration.ts';
import { Notes } from '../../messages/notes.ts';
import type { Question } from '../asked.ts';
import { Login } from './login.ts';
import { Questions } from './questions.ts';

const ASKS: LoginSettings = { username: undefined, password: undefined, retry: 'none', challenge: undefined, forget: false };
const CHALLENGE = `CRV1:R,E:state7:${Buffer.from('alice').toString('base64')}:Say: friend`;

/** A login that asks at a terminal which answers in this order. */
function atTerminal(settings: Partial<LoginSettings>, ...answers: string[]) {
  const asked: string[] = [];
  const questions = new Questions({ notes: new Notes(0, () => undefined), emit: () => undefined, attended: () => true });
  const terminal = ({ prompt, secret }: Question): Promise<Secret> => {
    asked.push(`${prompt}${secret ? ' (hidden)' : ''}`);
    return Promise.resolve(new Secret(answers.shift() ?? ''));
  };
  const forgetTyped = (): void => void asked.push('forgotten');
  return { login: new Login({ ...ASKS, ...settings }, { questions, viaManagement: false, terminal, forgetTyped }), asked };
}

async function given(login: Login): Promise<string> {
  const { username, password } = (await login.prepare()) ?? {};
  return `${username}/${password?.reveal()}`;
}

describe('a login', () => {
  it('asks at the terminal, once', async () => {
    const { login, asked } = atTerminal({}, 'alice', 'secret');
    expect(await given(login)).toBe('alice/secret');
    expect(await given(login)).toBe('alice/secret');
    expect(asked).toEqual(['Enter Auth Username:', 'Enter Auth Password: (hidden)']);
  });

  it('asks for the password alone where a file has the name', async () => {
    const { login, asked } = atTerminal({ username: 'bob' }, 'pw');
    expect(await given(login)).toBe('bob/pw');
    expect(asked).toEqual(['Enter Auth Password: (hidden)']);
  });

  it.each([
    [true, 'CHALLENGE: PIN?'],
    [false, 'CHALLENGE: PIN? (hidden)'],
  ])('puts the answer to a static challenge beside the password, shown: %s', async (echo, prompt) => {
    const { login, asked } = atTerminal({ challenge: { text: 'PIN?', echo } }, 'alice', 'pw', '123');
    expect(await given(login)).toBe('alice/SCRV1:cHc=:MTIz');
    expect(asked.at(-1)).toBe(prompt);
  });

  it.each([
    ['none', false, 'alice/one'],
    ['nointeract', true, 'alice/one'],
    ['interact', true, 'bob/two'],
  ] as const)('goes by auth-retry %s when it is refused', async (retry, again, next) => {
    const { login } = atTerminal({ retry }, 'alice', 'one', 'bob', 'two');
    expect(await given(login)).toBe('alice/one');
    expect(login.failed('no')).toBe(again);
    expect(await given(login)).toBe(next);
  });

  it('answers a dynamic challenge once', async () => {
    const { login, asked } = atTerminal({ retry: 'interact' }, 'alice', 'one', 'mellon', 'alice', 'two');
    await given(login);
    expect(login.failed(CHALLENGE)).toBe(true);
    expect(await given(login)).toBe('alice/CRV1::state7::mellon');
    expect(asked.at(-1)).toBe('CHALLENGE: Say: friend');
    expect(await given(login)).toBe('alice/two');
  });

  it('uses a token in the password’s place until the server refuses that', async () => {
    const { login } = atTerminal({ username: 'alice', password: new Secret('pw') });
    await given(login);
    login.takeToken(new Secret('SESS_ID_AT_x'), undefined);
    expect(await given(login)).toBe('alice/SESS_ID_AT_x');
    expect(login.failed('SESSION: token expired')).toBe(true);
    expect(await given(login)).toBe('alice/pw');
    expect(login.failed('no')).toBe(false);
  });

  it('forgets on request, and with auth-nocache once a session stands', async () => {
    const { login, asked } = atTerminal({ forget: true }, 'a', '1', 'b', '2', 'c', '3');
    await given(login);
    login.succeeded();
    expect(await given(login)).toBe('b/2');
    login.takeToken(new Secret('t'), 'x');
    login.forget();
    expect(await given(login)).toBe('c/3');
    expect(asked.filter((question) => question === 'forgotten')).toHaveLength(2);
    expect(asked).toHaveLength(8);
  });

  it('is none without auth-user-pass', async () => {
    const questions = new Questions({ notes: new Notes(0, () => undefined), emit: () => undefined, attended: () => true });
    const terminal = () => Promise.reject(new Error('asked'));
    const login = new Login(undefined, { questions, viaManagement: true, terminal, forgetTyped: () => undefined });
    expect(await login.prepare()).toBeUndefined();
  });
});
