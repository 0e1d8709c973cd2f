import type { Random } from '../base/random.ts';
import { after, milliseconds, type Now, seconds } from '../base/units.ts';
import type { ClientProgress, ClientSettings, PulledAddress } from '../engine/client-types.ts';
import { Numbers } from '../engine/numbers.ts';
import type { Clock } from '../host/clock.ts';
import { udpTransport } from '../host/dataplane/transport.ts';
import type { TlsMaterial } from '../host/tls-context.ts';
import type { Tun } from '../host/tun.ts';
import { openUdp } from '../host/udp.ts';
import type { Note } from '../messages/notes.ts';
import { hostOf } from '../protocol/data/link.ts';
import { Attempt, type EndedOutput } from './client/attempt.ts';

/** Between attempts, doubled with each that fails (facts: wire 24). */
const RETRY = { first: seconds(1), longest: seconds(300) };

/** What a client in this process is made of. */
export interface ClientRunnerParts {
  /** `remote` is a UDP link. */
  readonly settings: ClientSettings;
  readonly material: TlsMaterial;
  readonly clock: Clock;
  readonly random: Random;
  /** What is inside the tunnel; stays the caller's. */
  readonly tun: Tun;
  readonly verb: number;
  readonly log: (note: Note, now: Now) => void;
}

/**
 * An OpenVPN client in this process, over a real UDP socket: connects, comes back when the session ends for a reason that
 * lets it, and leaves with a word to the server.
 */
export class ClientRunner {
  readonly #parts: ClientRunnerParts;
  readonly #numbers = new Numbers();
  #attempt: Attempt | undefined;
  #address4: PulledAddress | undefined;
  #connects = 0;
  #retry = RETRY.first;
  #cancelRetry: () => void = () => {};
  /** Everything that happens between two attempts; settles when nothing does. */
  #turning: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(parts: ClientRunnerParts) {
    this.#parts = parts;
  }

  /** How far the present attempt is; undefined between attempts. */
  get progress(): ClientProgress | undefined {
    return this.#attempt?.progress;
  }

  /** The own IPv4 address inside the tunnel, while connected. */
  get address4(): PulledAddress | undefined {
    return this.progress === 'connected' ? this.#address4 : undefined;
  }

  /** How often it was connected. */
  get connects(): number {
    return this.#connects;
  }

  /** Opens a socket and begins to connect. Throws LISTEN, and KEY_MATERIAL. */
  async start(): Promise<void> {
    const { settings, material, clock, random, tun, verb, log } = this.#parts;
    const { remote, ...rest } = settings;
    const to = { host: hostOf(remote), port: remote.address.port };
    const socket = await openUdp({ family: remote.address.family, port: 0, remote: to });
    if (this.#stopped) return socket.close();
    const attempt = new Attempt({
      open: () => Promise.resolve(udpTransport(socket)),
      remote,
      settings: rest,
      mssFix: { size: 1492, counts: 'mtu' },
      replayWindow: { size: 64, seconds: 15 },
      material,
      tun,
      clock,
      random,
      numbers: this.#numbers,
      verb,
      log,
      onStep: () => {},
      onConnected: ({ address4 }) => {
        this.#connects++;
        this.#address4 = address4;
        this.#retry = RETRY.first;
      },
      // A server that is not there is noticed by the handshake's own timeout.
      onTrouble: () => {},
    });
    this.#attempt = attempt;
    this.#turning = attempt.ended.then((ended) => this.#turn(attempt, ended));
    await attempt.start();
    if (this.#stopped) attempt.run((engine, now) => engine.abandon(now));
  }

  /** Leaves the server, if it is connected, and closes everything but the tunnel's inside. */
  async stop(signal: string): Promise<void> {
    this.#stopped = true;
    this.#cancelRetry();
    this.#attempt?.run((engine, now) => engine.leave(signal, now));
    await this.#turning;
  }

  /** What follows on the end of an attempt: the next, after a pause, if it makes sense. */
  async #turn(attempt: Attempt, { again, backoffSeconds }: EndedOutput): Promise<void> {
    await attempt.close();
    this.#attempt = undefined;
    if (this.#stopped || !again) return;
    this.#waitAndStart(milliseconds(Math.max(this.#retry, (backoffSeconds ?? 0) * 1000)));
  }

  /** A socket that cannot be opened now may be opened later. */
  #waitAndStart(wait: typeof RETRY.first): void {
    const { clock } = this.#parts;
    this.#retry = milliseconds(Math.min(this.#retry * 2, RETRY.longest));
    this.#cancelRetry = clock.schedule(after(clock.now().at, wait), () => {
      this.#turning = this.start().catch(() => this.#waitAndStart(this.#retry));
    });
  }
}
