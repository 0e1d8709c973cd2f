import { type Duration, milliseconds, type Now, type WallTime } from '../base/units.ts';
import type { ClientPhase, LinkQuality } from '../model/status-report.ts';
import type { Events } from './events.ts';
import type { ClientNews, SourceKind } from './facts.ts';
import type { NoticeSink } from './notices.ts';
import type { FleetOptions } from './options.ts';
import type { SeriesTable } from './series.ts';
import { beganAt, type EndReason, placesOf, sameAddress, Session } from './session.ts';

/** How long an end waits for the line of the log that says why. */
const SETTLE = milliseconds(2000);
/** How long one that ended is remembered, so that an older list does not bring it back. */
const FORGET = milliseconds(600_000);
const MAX_ENDED = 20_000;
/** What is longer is no time that a client took, but a clock that jumped. */
const MAX_CONNECT_SECONDS = 3600;

/** Numbers for sessions, never used twice in a fleet. */
export type Numbers = () => number;

/** The clients of one server: who is there, what they moved, how they came and went, whichever source tells it. */
export class Sessions {
  readonly #events: Events;
  readonly #series: SeriesTable;
  readonly #options: Pick<FleetOptions, 'maxClients'>;
  readonly #hasLog: () => boolean;
  readonly #number: Numbers;
  readonly #notices: Pick<NoticeSink, 'session'>;
  readonly #byId = new Map<number, Session>();
  readonly #byPlace = new Map<string, Session>();
  readonly #live = new Set<Session>();
  /** In the order of their ends. */
  readonly #ended = new Set<Session>();
  readonly #unsettled = new Set<Session>();
  readonly phases: Record<ClientPhase, number> = { handshake: 0, authenticating: 0, connecting: 0, connected: 0, closing: 0 };
  /** Bytes of all sessions ever, and how many now have an address from the pool. */
  received = 0;
  sent = 0;
  addresses = 0;
  leftOut = 0;

  /** `hasLog`: some source brings the log, so that ends wait for a reason. */
  constructor(
    options: Pick<FleetOptions, 'maxClients'>,
    events: Events,
    series: SeriesTable,
    hasLog: () => boolean,
    number: Numbers,
    notices: Pick<NoticeSink, 'session'>,
  ) {
    this.#options = options;
    this.#events = events;
    this.#series = series;
    this.#hasLog = hasLog;
    this.#number = number;
    this.#notices = notices;
  }

  get live(): ReadonlySet<Session> {
    return this.#live;
  }

  byId(clientId: number): Session | undefined {
    return this.#byId.get(clientId);
  }

  /** The session that news are about, an ended one too. */
  find({ clientId, address, commonName, since }: ClientNews): Session | undefined {
    if (clientId !== undefined) {
      const session = this.#byId.get(clientId);
      if (session !== undefined && beganAt(session, since)) return session;
    }
    for (const place of placesOf(address, commonName)) {
      const session = this.#byPlace.get(place);
      if (session === undefined || !beganAt(session, since) || !sameAddress(session.address, address)) continue;
      if (clientId === undefined || session.clientId === undefined || session.clientId === clientId) return session;
    }
    return undefined;
  }

  /** A session that was not known before; undefined when the table is full. `begun`: it was seen to begin now. */
  open(source: SourceKind, now: Now, begun: boolean): Session | undefined {
    if (this.#live.size >= this.#options.maxClients) {
      this.leftOut++;
      return undefined;
    }
    const session = new Session(this.#number(), source, now.at);
    if (begun) session.begun = now.at;
    this.#live.add(session);
    this.phases[session.phase]++;
    return session;
  }

  /** Takes what is new about a session. `seen`: it became what it is while we looked, and counts as an event. */
  update(session: Session, news: ClientNews, source: SourceKind, now: Now, seen: boolean): void {
    this.#index(session, news, now);
    session.source = source;
    session.commonName = news.commonName ?? session.commonName;
    session.username = news.username ?? session.username;
    session.since = news.since ?? session.since;
    session.cipher = news.cipher ?? session.cipher;
    session.version = news.version ?? session.version;
    session.platform = news.platform ?? session.platform;
    this.#address(session, news);
    if (news.quality !== undefined) this.#quality(session, news.quality, now, seen);
    this.count(session, news.received, news.sent);
    if (news.phase !== undefined) this.phase(session, news.phase, source, now, seen);
  }

  /** Makes it found by what is new about it. Another that is found by the same has gone without a word. */
  #index(session: Session, { clientId, address, commonName }: ClientNews, now: Now): void {
    if (clientId !== undefined && this.#byId.get(clientId) !== session) {
      const before = this.#byId.get(clientId);
      if (before !== undefined && before.ended === undefined) this.end(before, 'replaced', now, true);
      this.#byId.set(clientId, session);
      session.clientId = clientId;
    }
    if (address === undefined) {
      if (commonName === undefined || commonName === session.commonName || session.address?.ip.includes(':') !== true) return;
    }
    const place = address ?? session.address;
    const name = commonName ?? session.commonName;
    const places = placesOf(place, name);
    if (places.some((key) => this.#byPlace.get(key) !== session)) {
      this.#unplace(session);
      for (const key of places) this.#byPlace.set(key, session);
    }
    session.address = place;
    session.commonName = name;
  }

  #unplace(session: Session): void {
    for (const place of placesOf(session.address, session.commonName)) {
      if (this.#byPlace.get(place) === session) this.#byPlace.delete(place);
    }
  }

  #address(session: Session, news: ClientNews): void {
    const had = session.virtual4 !== undefined || session.virtual6 !== undefined;
    session.virtual4 = news.virtual4 ?? session.virtual4;
    session.virtual6 = news.virtual6 ?? session.virtual6;
    const has = session.virtual4 !== undefined || session.virtual6 !== undefined;
    if (has && !had && session.ended === undefined) this.addresses++;
  }

  /** Moves a session to a phase; a worse source does not take back that it is connected. */
  phase(session: Session, phase: ClientPhase, source: SourceKind, now: Now, seen: boolean): void {
    if (session.ended !== undefined || session.phase === phase) return;
    if (session.phase === 'connected' && phase !== 'closing') return;
    this.phases[session.phase]--;
    this.phases[phase]++;
    session.phase = phase;
    if (phase === 'connected') this.#connected(session, source, now, seen);
  }

  #connected(session: Session, source: SourceKind, now: Now, seen: boolean): void {
    session.wasConnected = true;
    if (seen) {
      this.#events.connected(source, now);
      if (!session.handshakeCounted) this.#events.handshakeSucceeded();
      const seconds = connectSeconds(session, now);
      if (seconds !== undefined) this.#events.connectSeconds.observe(seconds);
    }
    session.handshakeCounted = true;
    this.#notices.session({ session, now, end: undefined });
    this.#seat(session);
  }

  /** From now on its bytes are summed in a series. */
  #seat(session: Session): void {
    if (!this.#series.wanted) return;
    session.series = this.#series.open(session);
    this.#sum(session);
  }

  /** Other series are wanted. What was summed a user stays with the user; else sums begin with the sessions that there are. */
  reseat(): void {
    const keepsSums = this.#series.configure();
    for (const session of [...this.#ended, ...this.#live]) {
      if (!keepsSums) {
        session.series = undefined;
        session.summedReceived = session.summedSent = session.summedLost = 0;
      }
      if (session.ended === undefined && session.wasConnected) this.#seat(session);
    }
  }

  /** Its TLS handshake succeeded, as the log says. */
  handshaken(session: Session, now: Now): void {
    if (session.handshakeCounted) return;
    session.handshakeCounted = true;
    this.#events.handshakeSucceeded();
    if (session.begun !== undefined && session.quality === undefined) {
      this.#events.handshakeSeconds.observe((now.at - session.begun) / 1000);
    }
  }

  #quality(session: Session, quality: LinkQuality, now: Now, seen: boolean): void {
    const before = session.quality;
    session.quality = quality;
    const events = this.#events;
    const more = (name: 'renegotiations' | 'replayed' | 'lost' | 'packets'): number => Math.max(0, quality[name] - (before?.[name] ?? 0));
    events.renegotiations.add('native', more('renegotiations'), now);
    events.replays.add('native', more('replayed'), now);
    events.lost.add('native', more('lost'), now);
    events.packets.add('native', more('packets'), now);
    if (quality.roundTripMs !== undefined && quality.roundTripMs !== before?.roundTripMs) {
      events.roundTripSeconds.observe(quality.roundTripMs / 1000);
    }
    const { tls } = quality.phaseMs;
    if (seen && tls !== undefined && before?.phaseMs.tls === undefined) events.handshakeSeconds.observe(tls / 1000);
  }

  /** A session's own counts stand at so much; lower ones are older, and nothing. */
  count(session: Session, received: number | undefined, sent: number | undefined): void {
    if (received !== undefined && received > session.received) {
      this.received += received - session.received;
      session.received = received;
    }
    if (sent !== undefined && sent > session.sent) {
      this.sent += sent - session.sent;
      session.sent = sent;
    }
    if (session.series !== undefined) this.#sum(session);
  }

  #sum(session: Session): void {
    if (session.series === undefined) return;
    const received = session.received - session.summedReceived;
    const sent = session.sent - session.summedSent;
    const { quality, series } = session;
    if (quality !== undefined) {
      series.lost += Math.max(0, quality.lost - session.summedLost);
      session.summedLost = Math.max(session.summedLost, quality.lost);
      series.roundTripMs = quality.roundTripMs ?? series.roundTripMs;
    }
    if (received === 0 && sent === 0) return;
    session.summedReceived = session.received;
    session.summedSent = session.sent;
    this.#series.count(series, received, sent);
  }

  /** A session is over. Without a reason it waits a moment for the one that the log may tell. */
  end(session: Session, reason: EndReason | undefined, now: Now, told: boolean): void {
    if (session.ended !== undefined) return this.#why(session, reason, now, told);
    session.ended = now.at;
    session.endTold = told;
    this.#live.delete(session);
    this.#ended.add(session);
    this.phases[session.phase]--;
    if (session.virtual4 !== undefined || session.virtual6 !== undefined) this.addresses--;
    if (session.series !== undefined) this.#series.close(session.series);
    if (session.wasConnected) this.#settle(session, reason ?? session.hint, now);
    if (this.#ended.size > MAX_ENDED) for (const oldest of this.#ended) return this.#forget(oldest);
  }

  #settle(session: Session, reason: EndReason | undefined, now: Now): void {
    if (reason === undefined && this.#hasLog()) this.#unsettled.add(session);
    else this.#disconnected(session, reason ?? 'unknown', now);
  }

  #disconnected(session: Session, reason: EndReason, now: Now): void {
    this.#events.disconnected(reason);
    const ago = now.at - (session.ended ?? now.at);
    this.#notices.session({ session, now, end: { reason, time: (now.wall - ago) as WallTime } });
  }

  /** Something more about an end that is known. */
  #why(session: Session, reason: EndReason | undefined, now: Now, told: boolean): void {
    session.endTold ||= told;
    if (reason !== undefined && this.#unsettled.delete(session)) this.#disconnected(session, reason, now);
  }

  /** A session that was missing from a list is on the next: it never had ended. */
  revive(session: Session, source: SourceKind, now: Now): void {
    if (session.ended === undefined || session.endTold) return;
    session.ended = undefined;
    this.#ended.delete(session);
    this.#live.add(session);
    this.phases[session.phase]++;
    if (session.virtual4 !== undefined || session.virtual6 !== undefined) this.addresses++;
    if (session.series !== undefined) this.#series.reopen(session.series);
    else if (session.wasConnected) this.#seat(session);
    // Where its end was counted already, it came again.
    if (this.#unsettled.delete(session) || !session.wasConnected) return;
    this.#events.connected(source, now);
    this.#notices.session({ session, now, end: undefined });
  }

  /** All are over: the daemon ended or begins anew. */
  endAll(reason: EndReason, now: Now): void {
    for (const session of this.#live) this.end(session, session.hint ?? reason, now, true);
  }

  /** Does what its time has come for. */
  advance(now: Now): void {
    for (const session of this.#unsettled) {
      if (passed(session, now, SETTLE)) {
        this.#unsettled.delete(session);
        this.#disconnected(session, 'unknown', now);
      } else break;
    }
    for (const session of this.#ended) {
      if (!passed(session, now, FORGET)) break;
      this.#forget(session);
    }
  }

  #forget(session: Session): void {
    if (this.#unsettled.delete(session)) this.#events.disconnected('unknown');
    this.#ended.delete(session);
    this.#unplace(session);
    if (session.clientId !== undefined && this.#byId.get(session.clientId) === session) this.#byId.delete(session.clientId);
  }
}

function passed(session: Session, now: Now, length: Duration): boolean {
  return session.ended !== undefined && now.at - session.ended > length;
}

/** From the first packet to connected: as measured, else as seen, else by the daemon's whole seconds. */
function connectSeconds(session: Session, now: Now): number | undefined {
  const measured = session.quality?.phaseMs.connected;
  if (measured !== undefined) return measured / 1000;
  if (session.begun !== undefined) return (now.at - session.begun) / 1000;
  const seconds = session.since === undefined ? -1 : (now.wall - session.since) / 1000;
  return seconds >= 0 && seconds <= MAX_CONNECT_SECONDS ? seconds : undefined;
}
