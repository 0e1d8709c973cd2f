import { type HttpAnswerer, type HttpListener, listenHttp } from '../host/http.ts';
import type { StreamAddress, StreamTls } from '../host/net-listener.ts';
import { streamAddressText } from '../host/stream-address.ts';
import { type ConsoleOptions, answerOf } from './console.ts';
import type { AccessRules } from './access.ts';
import { answerApi, API } from './api.ts';
import type { ApiSources } from './api-sources.ts';

/** Where the console listens, and to whom it answers. */
export interface ConsolePlaces extends AccessRules {
  readonly listen: readonly StreamAddress[];
  readonly tls: StreamTls | undefined;
}

/** The console on its addresses. */
export class ConsoleServer {
  readonly #options: Omit<ConsoleOptions, 'access'>;
  readonly #sources: ApiSources | undefined;
  #listeners: HttpListener[] = [];
  #places: ConsolePlaces | undefined;

  /** Without `sources` there is no API. */
  constructor(options: Omit<ConsoleOptions, 'access'>, sources?: ApiSources) {
    this.#options = options;
    this.#sources = sources;
  }

  /** Where it listens, with the ports that the system chose. */
  get urls(): readonly string[] {
    return this.#listeners.map(({ local }) => {
      if (local.kind === 'unix') return local.path;
      return `${this.#places?.tls === undefined ? 'http' : 'https'}://${streamAddressText(local)}`;
    });
  }

  /** Listens at these places instead of those before. Rejects with LISTEN or KEY_MATERIAL; then the former stand again. */
  async serve(places: ConsolePlaces): Promise<void> {
    const before = this.#places;
    await this.close();
    try {
      await this.#open(places);
    } catch (error) {
      await this.close();
      if (before !== undefined) await this.#open(before);
      throw error;
    }
  }

  /** Listens no more. */
  async close(): Promise<void> {
    const listeners = this.#listeners;
    this.#listeners = [];
    await Promise.all(listeners.map((listener) => listener.close()));
  }

  async #open(places: ConsolePlaces): Promise<void> {
    this.#places = places;
    const answer: HttpAnswerer = (question) => {
      if (this.#sources !== undefined && question.path.startsWith(API)) return answerApi(question, places, this.#sources);
      return answerOf(question, { ...this.#options, access: places });
    };
    for (const where of places.listen)
      this.#listeners.push(await listenHttp(where, where.kind === 'unix' ? undefined : places.tls, answer));
  }
}
