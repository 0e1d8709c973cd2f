import { Poster, type PostResult } from '../../host/post.ts';
import type { HttpHow } from '../config/targets.ts';
import { resultOfAnswer, type SendResult } from './sender.ts';

/** Posts to one target, with its name and password or token. */
export class TargetPoster {
  /** Scheme, host and path: what is behind a question mark may be secret. */
  readonly where: string;
  readonly #poster: Poster;
  readonly #headers: Readonly<Record<string, string>>;

  /** `below` is put behind the path. */
  constructor(how: HttpHow, below = '') {
    const url = new URL(how.url);
    url.pathname = `${url.pathname.replace(/\/$/, '')}${below}` || '/';
    this.where = `${url.origin}${url.pathname}`;
    this.#poster = new Poster({ url, tls: how.tls, timeout: how.timeout });
    this.#headers = { 'user-agent': 'tunnelscope', ...authorizationOf(how) };
  }

  async post(body: Uint8Array, headers: Readonly<Record<string, string>> = JSON_BODY): Promise<SendResult> {
    const result: PostResult = await this.#poster.post(body, { ...this.#headers, ...headers });
    return result.kind === 'failed' ? result : resultOfAnswer(result.status, result.body, result.retryAfter);
  }

  close(): void {
    this.#poster.close();
  }
}

/** What most bodies are. */
export const JSON_BODY = { 'content-type': 'application/json' };

function authorizationOf({ login, token }: HttpHow): Record<string, string> {
  if (token !== undefined) return { authorization: `Bearer ${token.reveal()}` };
  if (login === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${login.user}:${login.password.reveal()}`).toString('base64')}` };
}
