import { CLIENT } from '../messages/client.ts';
import type { Notes } from '../messages/notes.ts';
import { PUSH } from '../messages/push.ts';
import type { DataCipher, Link, PeerSlot, PlaneCommand } from '../protocol/data/plane.ts';
import { chooseClientCipher } from '../protocol/negotiate/ciphers.ts';
import type { Session } from '../protocol/session/session.ts';
import type { ClientSettings } from './client-types.ts';
import { noteDataChannel, timersText } from './describe.ts';
import type { Pulled } from './pulled.ts';

/** The tunnel that stands: keys exist only here. */
interface OpenTunnel {
  readonly slot: PeerSlot;
  readonly cipher: DataCipher;
  readonly pulled: Pulled;
}

/** A client's side of its data plane: one peer, opened when the pushed options have come. */
export class ClientTunnel {
  /** What the server's options string names as its cipher. */
  remoteCipher: string | undefined;
  readonly #settings: ClientSettings;
  /** Tells this session's use of the plane from earlier ones. */
  readonly #generation: number;
  readonly #session: Session;
  readonly #notes: Notes;
  readonly #command: (command: PlaneCommand) => void;
  #open: OpenTunnel | undefined;

  constructor(settings: ClientSettings, generation: number, session: Session, notes: Notes, command: (command: PlaneCommand) => void) {
    this.#settings = settings;
    this.#generation = generation;
    this.#session = session;
    this.#notes = notes;
    this.#command = command;
  }

  /** What the data plane knows the server by; undefined until it is open. */
  get slot(): PeerSlot | undefined {
    return this.#open?.slot;
  }

  /** What follows on a silence that is too long. */
  get whenLost(): 'ping-restart' | 'ping-exit' {
    return this.#open?.pulled.whenLost ?? 'ping-restart';
  }

  isMine(slot: PeerSlot): boolean {
    return this.#open?.slot.generation === slot.generation;
  }

  /** Opens the data plane with the keys of the current key id. Gives why not when the options do not let it. */
  open(pulled: Pulled): string | undefined {
    const { dataCiphers, fallbackCipher, remote } = this.#settings;
    const cipher = chooseClientCipher({
      ours: dataCiphers,
      fallback: fallbackCipher,
      pushed: pulled.cipher,
      remoteCipher: this.remoteCipher,
    });
    if (cipher === undefined) return this.#refuseCipher(pulled.cipher);
    const slot = { peerId: pulled.peerId ?? 0, generation: this.#generation };
    this.#open = { slot, cipher, pulled };
    this.#command({ kind: 'open-peer', slot, link: remote, format: pulled.peerId === undefined ? 'v1' : 'v2' });
    if (!this.renewKeys()) return 'no data keys could be made';
    if (pulled.dynamicWrap) this.#session.enableDynamicWrap();
    this.#command({ kind: 'set-ping', slot, every: pulled.ping, lostAfter: pulled.lostAfter });
    this.#command({ kind: 'set-open', slot, open: true });
    return undefined;
  }

  #refuseCipher(pushed: string | undefined): string {
    const ours = this.#settings.dataCiphers.join(':');
    if (pushed !== undefined) this.#notes.add(CLIENT.cipherNotAllowed, { cipher: pushed, ours });
    else this.#notes.add(CLIENT.cipherNotNegotiated, { advice: `Our --data-ciphers are '${ours}'` });
    return 'no common cipher';
  }

  /** Says what was agreed on. */
  noteOpened(): void {
    if (this.#open === undefined) return;
    const { cipher, pulled } = this.#open;
    noteDataChannel(this.#notes, cipher, pulled.peerId);
    const timers = timersText(pulled.ping, pulled.lostAfter, pulled.whenLost);
    if (timers !== '') this.#notes.add(PUSH.timers, { timers });
    const flags = pulled.options.find((option) => option.startsWith('protocol-flags '));
    const exit = this.tellsExit ? 'explicit-exit-notify 1' : undefined;
    const options = [exit, flags].filter((each) => each !== undefined).join(', ');
    if (options !== '') this.#notes.add(PUSH.protocolOptions, { options });
  }

  /** Gives the plane the keys of the current key id; false when they cannot be made. */
  renewKeys(): boolean {
    if (this.#open === undefined) return false;
    const { slot, cipher, pulled } = this.#open;
    const { keyId } = this.#session.currentKey;
    const keys = this.#session.makeKeys(keyId, pulled.keyDerivation, cipher);
    if (keys === undefined) return false;
    this.#command({ kind: 'set-keys', slot, keyId, keys });
    return true;
  }

  sendWith(keyId: number): void {
    if (this.#open !== undefined) this.#command({ kind: 'send-with', slot: this.#open.slot, keyId });
  }

  dropKey(keyId: number): void {
    if (this.#open !== undefined) this.#command({ kind: 'drop-key', slot: this.#open.slot, keyId });
  }

  /** A control packet on its way; the ping timer sees it once there is one. */
  transmit(bytes: Buffer): void {
    const link: Link = this.#settings.remote;
    this.#command({ kind: 'send-control', link, bytes, slot: this.slot });
  }

  /** An authentic control packet came. */
  heard(): void {
    if (this.#open !== undefined) this.#command({ kind: 'control-heard', slot: this.#open.slot });
  }

  /** True when the server shall hear that we leave. */
  get tellsExit(): boolean {
    return this.#settings.exitNotify || this.#open?.pulled.exitNotify === true;
  }

  /** True when the server takes a control message for our leaving. */
  get exitsByControl(): boolean {
    return this.#open?.pulled.exitByControl === true;
  }

  /** Tells a server that does not that we leave. */
  sayExit(): void {
    if (this.#open !== undefined) this.#command({ kind: 'send-exit', slot: this.#open.slot });
  }

  /** Closes the data plane, which answers with `closed`; false when it was never open. */
  close(): boolean {
    if (this.#open === undefined) return false;
    this.#command({ kind: 'close-peer', slot: this.#open.slot });
    return true;
  }
}
