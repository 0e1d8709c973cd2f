import type { Now } from '../base/units.ts';
import type { ClientPhase } from '../model/status-report.ts';
import type { ClientNews, SeenClient, SeenStatus, SourceKind } from './facts.ts';
import type { FleetOptions } from './options.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';

/**
 * Brings the table of sessions in line with a list of clients. The source that leads says who is there; from any other only what
 * is known already is made fuller.
 */
export class Lists {
  readonly #sessions: Sessions;
  readonly #options: Pick<FleetOptions, 'silentAfter'>;
  /** Whether a list has said who is there and, by that, who is not. */
  whole = false;
  #pass = 0;
  #lists = 0;

  /** Who came by an event that the list's source did not tell is not missed before `silentAfter`: the list may be older. */
  constructor(sessions: Sessions, options: Pick<FleetOptions, 'silentAfter'>) {
    this.#sessions = sessions;
    this.#options = options;
  }

  apply(status: SeenStatus, source: SourceKind, now: Now, leads: boolean): void {
    const pass = ++this.#pass;
    // Whoever is on the first list was there before: that is no connect that we saw.
    const seen = this.#lists > 0;
    const strangers: ClientNews[] = [];
    const routed = routedPlaces(status);
    for (const client of status.clients) {
      const news = newsOf(client, routed);
      const session = this.#sessions.find(news);
      if (session === undefined) strangers.push(news);
      else this.#known(session, news, source, now, { leads, seen, pass });
    }
    if (!leads) return;
    this.#strangers(strangers, source, now, seen, pass);
    if (status.complete) {
      this.#absent(source, now, pass);
      this.whole = true;
    }
    this.#lists++;
  }

  #known(
    session: Session,
    news: ClientNews,
    source: SourceKind,
    now: Now,
    { leads, seen, pass }: { readonly leads: boolean; readonly seen: boolean; readonly pass: number },
  ): void {
    session.pass = pass;
    if (session.ended !== undefined) {
      if (session.endTold || !leads) return this.#sessions.count(session, news.received, news.sent);
      this.#sessions.revive(session, source, now);
    }
    this.#sessions.update(session, news, source, now, seen);
  }

  /** Rows that nothing was found for: clients whose address changed since, and new ones. */
  #strangers(strangers: readonly ClientNews[], source: SourceKind, now: Now, seen: boolean, pass: number): void {
    if (strangers.length === 0) return;
    const floated = new Map<string, Session>();
    for (const session of this.#sessions.live) if (session.pass !== pass) floated.set(nameAndStart(session), session);
    for (const news of strangers) {
      const before = news.clientId === undefined ? floated.get(nameAndStart(news)) : undefined;
      if (before !== undefined) floated.delete(nameAndStart(news));
      const session = before ?? this.#sessions.open(source, now, false);
      if (session === undefined) continue;
      session.pass = pass;
      this.#sessions.update(session, news, source, now, seen);
    }
  }

  #absent(source: SourceKind, now: Now, pass: number): void {
    for (const session of this.#sessions.live) {
      if (session.pass === pass) continue;
      if (session.first !== source && now.at - session.created < this.#options.silentAfter) continue;
      this.#sessions.end(session, undefined, now, false);
    }
  }
}

function nameAndStart({ commonName, since }: Pick<ClientNews, 'commonName' | 'since'>): string {
  return `${commonName ?? ''}|${since === undefined ? '' : Math.floor(since / 1000)}`;
}

/** Where routes lead to; only looked at when the list itself does not say who is connected. */
function routedPlaces({ clients, routes }: SeenStatus): ReadonlySet<string> {
  const needed = clients.some((client) => client.phase === undefined && client.virtual4 === undefined && client.virtual6 === undefined);
  return new Set(needed ? routes.map((route) => route.realAddress.text) : []);
}

function newsOf(client: SeenClient, routed: ReadonlySet<string>): ClientNews {
  return {
    clientId: client.clientId,
    commonName: client.commonName,
    username: client.username,
    address: client.realAddress,
    virtual4: client.virtual4,
    virtual6: client.virtual6,
    since: client.since.wall,
    received: client.bytesReceived,
    sent: client.bytesSent,
    cipher: client.cipher,
    phase: client.phase ?? phaseOf(client, routed),
    quality: client.quality,
  };
}

/** Stock lists clients in handshake too; they have no address yet, and nothing is routed to them (facts: status 5). */
function phaseOf(client: SeenClient, routed: ReadonlySet<string>): ClientPhase {
  if (client.virtual4 !== undefined || client.virtual6 !== undefined || routed.has(client.realAddress.text)) return 'connected';
  return client.commonName === undefined ? 'handshake' : 'authenticating';
}
