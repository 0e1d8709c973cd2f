import { after, type Duration, seconds } from '../base/units.ts';
import type { HttpAnswer, HttpStream } from '../host/http.ts';
import type { Feed, FeedChoice, FeedReader } from '../monitor/feed.ts';
import { COMMON_HEADERS, json } from './answers.ts';
import { feedObject } from './api-objects.ts';
import type { ApiSources } from './api-sources.ts';

/** So often something is said where nothing happens: who is between takes a silent connection for a dead one. */
const STILL_HERE: Duration = seconds(15);

/** What happens, as server-sent events, until the reader goes. */
export function eventStream(choice: FeedChoice, { feed, now, clock }: ApiSources): HttpAnswer {
  const reader = feed.read(choice);
  if (reader === undefined) return json(503, { error: 'too many read events already' });
  const headers = { ...COMMON_HEADERS, 'content-type': 'text/event-stream; charset=utf-8' };
  const wait = (wake: () => void): (() => void) => clock.schedule(after(now().at, STILL_HERE), wake);
  return { status: 200, headers, body: 'retry: 2000\n\n', stream: new EventStream(feed, reader, wait) };
}

class EventStream implements HttpStream {
  readonly #feed: Feed;
  readonly #reader: FeedReader;
  readonly #still: (wake: () => void) => () => void;

  constructor(feed: Feed, reader: FeedReader, still: (wake: () => void) => () => void) {
    this.#feed = feed;
    this.#reader = reader;
    this.#still = still;
  }

  async next(): Promise<string | undefined> {
    await new Promise<void>((resolve) => {
      const cancel = this.#still(resolve);
      this.#reader.wait(() => {
        cancel();
        resolve();
      });
    });
    const items = this.#reader.take();
    if (items === undefined) return undefined;
    if (items.length === 0) return ': still here\n\n';
    return items.map((item) => `id: ${this.#feed.idOf(item)}\nevent: ${item.kind}\ndata: ${JSON.stringify(feedObject(item))}\n\n`).join('');
  }

  close(): void {
    this.#reader.close();
  }
}
