import { formatIp } from '../../src/base/ip.ts';
import { ClientEngine } from '../../src/engine/client.ts';
import type { ClientOutput, ClientSettings } from '../../src/engine/client-types.ts';
import { Numbers } from '../../src/engine/numbers.ts';
import type { PeerSlot, PlaneCounters } from '../../src/protocol/data/plane.ts';
import type { TlsCommand } from '../../src/protocol/tls.ts';
import { type PeerWords, speakAs } from '../support/peers.ts';
import { Station, type StationConfig, type StationMachine } from './station.ts';

type Ended = Extract<ClientOutput, { kind: 'ended' }>;
type Connected = Extract<ClientOutput, { kind: 'connected' }>;

/** How long a client that wants to come back waits. */
const BACK_OFF = 1000;

/** A client in a simulation. */
export class ClientStation extends Station {
  readonly settings: ClientSettings;
  /** What it says of itself in place of what our client says: it plays another version. */
  words: PeerWords | undefined;
  /** Comes back by itself when the engine says that it is worth it. */
  reconnects: boolean;
  readonly connects: Connected[] = [];
  readonly ends: Ended[] = [];
  /** The options after each PUSH_UPDATE. */
  readonly updates: (readonly string[])[] = [];
  readonly #numbers = new Numbers();
  readonly #verb: number;
  engine: ClientEngine | undefined;

  constructor(config: Omit<StationConfig, 'plane'>, settings: ClientSettings, verb: number, reconnects: boolean) {
    const plane = {
      role: 'client',
      transport: config.world.server.engine.settings.transport,
      clientToClient: false,
      tunMtu: settings.tunMtu,
      mssFix: undefined,
      replayWindow: { size: 64, seconds: 15 },
      ownAddresses: [],
    } as const;
    super({ ...config, plane });
    this.settings = settings;
    this.#verb = verb;
    this.reconnects = reconnects;
  }

  /** Connects, with a new engine; over TCP, with a new connection. */
  start(): void {
    const { world, random } = this;
    const overTcp = world.server.engine.settings.transport === 'tcp';
    const settings = overTcp ? { ...this.settings, remote: this.connectTo(world.server) } : this.settings;
    const countersOf = (slot: PeerSlot): PlaneCounters | undefined => this.forwarder.counters(slot);
    this.engine = new ClientEngine({ settings, random, verb: this.#verb, countersOf, numbers: this.#numbers }, world.now);
    this.settle();
  }

  get isConnected(): boolean {
    return this.engine?.progress === 'connected';
  }

  /** The own address inside the tunnel. */
  get address(): string {
    const address = this.connects.at(-1)?.address4?.address;
    if (address === undefined) throw new Error(`${this.name} has no address`);
    return formatIp(address);
  }

  /** Packets come from another port from now on. */
  float(port: number): void {
    this.world.network.detach(this.endpoint);
    this.endpoint = { host: this.endpoint.host, port };
    this.attach();
  }

  protected machine(): StationMachine | undefined {
    return this.engine;
  }

  protected carryOut(): boolean {
    const out = this.engine?.poll();
    if (out === undefined) return false;
    if (out.kind === 'note') this.note(out);
    else if (out.kind === 'plane') this.command(out.command);
    else if (out.kind === 'tls') this.tls.command(this.#inOtherWords(out.command));
    else if (out.kind === 'connected') this.connects.push(out);
    else if (out.kind === 'step' && out.step.what === 'updated') this.updates.push(out.step.options);
    else if (out.kind === 'ended') this.#ended(out);
    return true;
  }

  #inOtherWords(command: TlsCommand): TlsCommand {
    if (this.words === undefined || command.kind !== 'tls-write') return command;
    return { ...command, message: speakAs(this.words, command.message) };
  }

  #ended(ended: Ended): void {
    this.ends.push(ended);
    this.engine = undefined;
    if (this.reconnects && ended.again) this.world.later(BACK_OFF, () => this.start());
  }
}
