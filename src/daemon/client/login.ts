import { Secret } from '../../base/secret.ts';
import type { AuthRetry, LoginSettings } from '../../engine/client/configuration.ts';
import type { Question } from '../asked.ts';
import { challengeQuestion, loginQuestions } from './asked.ts';
import type { GivenLogin, Questions } from './questions.ts';

/** Whom to ask. */
export interface LoginWorld {
  readonly questions: Questions;
  /** Management clients are asked; otherwise the terminal. */
  readonly viaManagement: boolean;
  /** Asks at the terminal. */
  readonly terminal: (question: Question) => Promise<Secret>;
  /** What was typed is wrong, or may not be kept. */
  readonly forgetTyped: () => void;
}

/** `CRV1:FLAGS:STATE:USER_B64:TEXT` taken apart (facts: management 15). */
interface Challenge {
  readonly echo: boolean;
  readonly state: string;
  readonly username: string;
  readonly text: string;
}

/** The name and password that a client logs in with: where they come from, what takes their place, and when they are forgotten. */
export class Login {
  /** `auth-retry`, which management clients may change. */
  retry: AuthRetry;
  readonly #settings: LoginSettings | undefined;
  readonly #world: LoginWorld;
  #given: GivenLogin | undefined;
  #token: { readonly token: Secret; readonly username: string | undefined } | undefined;
  #challenge: Challenge | undefined;

  constructor(settings: LoginSettings | undefined, world: LoginWorld) {
    this.#settings = settings;
    this.#world = world;
    this.retry = settings?.retry ?? 'none';
  }

  /** True while a token takes the password's place. */
  get usesToken(): boolean {
    return this.#token !== undefined;
  }

  /** What to log in with, asked for where nobody has said it yet; undefined without `auth-user-pass`. */
  async prepare(): Promise<GivenLogin | undefined> {
    const settings = this.#settings;
    if (settings === undefined) return undefined;
    if (this.#challenge !== undefined && !this.#world.viaManagement) return this.#answerChallenge(this.#challenge);
    if (this.#token !== undefined) {
      const username = this.#token.username ?? this.#given?.username ?? settings.username ?? '';
      return { username, password: this.#token.token };
    }
    this.#given ??= await this.#obtain(settings);
    return this.#given;
  }

  /** A token that the server pushed takes the password's place. */
  takeToken(token: Secret, username: string | undefined): void {
    this.#token = { token, username: username ?? this.#token?.username };
  }

  /** A session stands: with `auth-nocache` the password is not needed any more. */
  succeeded(): void {
    this.#challenge = undefined;
    if (this.#settings?.forget === true) this.#forgetGiven();
  }

  /** The server refused; true when another attempt makes sense. `reason` is its own word. */
  failed(reason: string | undefined): boolean {
    if (this.#token !== undefined) {
      this.#token = undefined;
      return true;
    }
    this.#challenge = reason === undefined ? undefined : readChallenge(reason);
    if (this.retry === 'none') return false;
    if (this.retry === 'interact') this.#forgetGiven();
    return true;
  }

  /** `forget-passwords`. */
  forget(): void {
    this.#forgetGiven();
    this.#token = undefined;
    this.#challenge = undefined;
  }

  #forgetGiven(): void {
    this.#given = undefined;
    this.#world.forgetTyped();
  }

  async #obtain(settings: LoginSettings): Promise<GivenLogin> {
    const { username, password, challenge } = settings;
    const { questions, viaManagement, terminal } = this.#world;
    if (viaManagement) {
      if (challenge !== undefined) return questions.login('Auth', `SC:${challenge.echo ? 1 : 0},${challenge.text}`);
      if (username !== undefined && password !== undefined) return { username, password };
      return username === undefined ? questions.login('Auth') : { username, password: await questions.password('Auth') };
    }
    const [forUsername, forPassword] = loginQuestions('Auth');
    const name = username ?? (await terminal(forUsername)).reveal();
    const secret = password ?? (await terminal(forPassword));
    if (challenge === undefined) return { username: name, password: secret };
    const response = await terminal(challengeQuestion(challenge));
    return { username: name, password: new Secret(`SCRV1:${base64(secret.reveal())}:${base64(response.reveal())}`) };
  }

  /** The answer is good once: the next login begins from the start. */
  async #answerChallenge(challenge: Challenge): Promise<GivenLogin> {
    const response = await this.#world.terminal(challengeQuestion(challenge));
    this.#challenge = undefined;
    return { username: challenge.username, password: new Secret(`CRV1::${challenge.state}::${response.reveal()}`) };
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function readChallenge(reason: string): Challenge | undefined {
  const [, flags = '', state = '', username = '', text = ''] = /^CRV1:([^:]*):([^:]*):([^:]*):(.*)$/s.exec(reason) ?? [];
  if (state === '') return undefined;
  return { echo: flags.split(',').includes('E'), state, username: Buffer.from(username, 'base64').toString('utf8'), text };
}
