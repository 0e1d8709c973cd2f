import { Agent, request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as TlsAgent, request as requestHttps } from 'node:https';
import type { Duration } from '../base/units.ts';
import { milliseconds } from '../base/units.ts';
import { failureFrom } from './errno.ts';
import type { StreamTls } from './net-listener.ts';

/** Where things are posted. */
export interface PostTarget {
  readonly url: URL;
  readonly tls: StreamTls | undefined;
  /** For the whole: connecting, sending, answer. */
  readonly timeout: Duration;
}

/** What came of it. A redirection is an answer like any other: nothing is sent where an answer points. */
export type PostResult =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** Its beginning, for a reason in the log. */
      readonly body: string;
      /** How long the other end wants to be left alone. */
      readonly retryAfter: Duration | undefined;
    }
  | { readonly kind: 'failed'; readonly reason: string };

const BODY_LIMIT = 512;

/** Posts bodies to one address over one connection at a time, that is kept for the next. */
export class Poster {
  readonly #target: PostTarget;
  readonly #agent: Agent | TlsAgent;

  constructor(target: PostTarget) {
    this.#target = target;
    const { ca, cert, key, serverName } = target.tls ?? {};
    const kept = { keepAlive: true, maxSockets: 1 };
    this.#agent =
      target.url.protocol === 'https:'
        ? new TlsAgent({
            ...kept,
            minVersion: 'TLSv1.2',
            ...(ca && { ca }),
            ...(cert && { cert, key }),
            ...(serverName && { servername: serverName }),
          })
        : new Agent(kept);
  }

  /** Rejects never. */
  async post(body: Uint8Array, headers: Readonly<Record<string, string>>): Promise<PostResult> {
    const first = await this.#once(body, headers);
    // A kept connection that the other end has closed meanwhile.
    return first === 'stale' ? this.#again(body, headers) : first;
  }

  /** Ends what is under way. */
  close(): void {
    this.#agent.destroy();
  }

  async #again(body: Uint8Array, headers: Readonly<Record<string, string>>): Promise<PostResult> {
    const second = await this.#once(body, headers);
    return second === 'stale' ? { kind: 'failed', reason: 'the other end closes every connection' } : second;
  }

  #once(body: Uint8Array, headers: Readonly<Record<string, string>>): Promise<PostResult | 'stale'> {
    const { url, timeout } = this.#target;
    return new Promise((resolve) => {
      const make = url.protocol === 'https:' ? requestHttps : requestHttp;
      const request: ClientRequest = make(url, {
        method: 'POST',
        agent: this.#agent,
        headers: { ...headers, 'content-length': String(body.length) },
      });
      let late = false;
      const limit = setTimeout(() => {
        late = true;
        request.destroy();
      }, timeout);
      const finish = (result: PostResult | 'stale'): void => {
        clearTimeout(limit);
        resolve(result);
      };
      const failed = (error: unknown): void => {
        if (late) finish({ kind: 'failed', reason: `no answer in ${timeout / 1000} s` });
        else if (request.reusedSocket && failureFrom(error).code === 'ECONNRESET') finish('stale');
        else finish({ kind: 'failed', reason: wordsOfNetwork(error) });
      };
      request.on('error', failed);
      request.on('response', (response) => {
        readAnswer(response).then(finish, failed);
      });
      request.end(body);
    });
  }
}

async function readAnswer(response: IncomingMessage): Promise<PostResult> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of response) {
    if (size < BODY_LIMIT && Buffer.isBuffer(piece)) pieces.push(piece);
    size += Buffer.isBuffer(piece) ? piece.length : 0;
    // An answer without an end is none that is worth reading.
    if (size > MOST_ANSWER) response.destroy();
  }
  const seconds = Number(response.headers['retry-after'] ?? NaN);
  return {
    kind: 'answered',
    status: response.statusCode ?? 0,
    body: Buffer.concat(pieces).subarray(0, BODY_LIMIT).toString('utf8'),
    retryAfter: Number.isFinite(seconds) && seconds >= 0 ? milliseconds(seconds * 1000) : undefined,
  };
}

const MOST_ANSWER = 1 << 20;

/** What the network did, in words; of several addresses that were tried, what the first did. */
export function wordsOfNetwork(thrown: unknown): string {
  const [first]: readonly unknown[] = thrown instanceof AggregateError ? thrown.errors : [];
  return failureFrom(first ?? thrown).words;
}
