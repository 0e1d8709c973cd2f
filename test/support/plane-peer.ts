import { CELL } from '../../src/protocol/data/counters.ts';
import type { InnerRoute, PeerSlot, PlaneCommand, PlaneCounters, PlaneEvent, PlaneSettings } from '../../src/protocol/data/plane.ts';
import { dataKeys, host, opened, type RawKeys, sealed, testKeys } from './data-packets.ts';
import { batchedRig, forwarderRig, type PlaneRig, portableRig, type RigMaker } from './plane-rig.ts';

/** Payloads of the in-band messages and a control packet, as they travel (facts: wire 17, 1). */
export const PING = Buffer.from('2a187bf3641eb4cb07ed2d0a981fc748', 'hex');
export const EXIT = Buffer.from('287f346bd4ef7a812d56b8d3afc5459c06', 'hex');
export const OCC_REQUEST = Buffer.from('287f346bd4ef7a812d56b8d3afc5459c00', 'hex');
export const HARD_RESET = Buffer.from('3811223344556677880000000000', 'hex');

/** What the planes of the contract are made with, where a test does not differ. */
export const SETTINGS: PlaneSettings = {
  role: 'server',
  transport: 'udp',
  clientToClient: false,
  tunMtu: 1500,
  mssFix: undefined,
  replayWindow: { size: 64, seconds: 15 },
  ownAddresses: [host('10.8.0.1'), host('fd00:8::1')],
};

/** Every data plane there is, and whether it carries TCP too. */
export const RIGS: readonly (readonly [name: string, make: RigMaker, tcp: boolean])[] = [
  ['the forwarder', forwarderRig, true],
  ['the portable adapter', portableRig, true],
  ['the batched adapter', batchedRig(), false],
];

/** What a peer is opened with, where it differs. */
interface PeerWishes {
  readonly slot?: PeerSlot;
  readonly keys?: RawKeys;
  readonly format?: 'v1' | 'v2';
  readonly routes?: readonly InnerRoute[];
  readonly open?: boolean;
}

/** A client of a plane: its end of the keys, counting its own packet ids. */
export class TestPeer {
  readonly rig: PlaneRig;
  readonly at: string;
  readonly slot: PeerSlot;
  readonly keys: RawKeys;
  readonly #format: 'v1' | 'v2';
  #lastId = 0;

  private constructor(rig: PlaneRig, at: string, wishes: PeerWishes) {
    this.rig = rig;
    this.at = at;
    this.slot = wishes.slot ?? { peerId: 5, generation: 1 };
    this.keys = wishes.keys ?? testKeys(this.slot.peerId);
    this.#format = wishes.format ?? 'v2';
  }

  static async open(rig: PlaneRig, at: string, wishes: PeerWishes = {}): Promise<TestPeer> {
    const peer = new TestPeer(rig, at, wishes);
    const { slot } = peer;
    rig.command({ kind: 'open-peer', slot, link: await rig.link(at), format: peer.#format });
    rig.command({ kind: 'set-keys', slot, keyId: 0, keys: dataKeys(peer.keys, 'server') });
    rig.command({ kind: 'send-with', slot, keyId: 0 });
    rig.command({
      kind: 'set-inner-routes',
      slot,
      routes: wishes.routes ?? [host(`10.8.0.${slot.peerId}`), host(`fd00:8::${slot.peerId}`)],
    });
    rig.command({ kind: 'set-open', slot, open: wishes.open ?? true });
    await rig.events();
    return peer;
  }

  /** The next packet, or the one with that id, as this peer would send it. */
  packet(payload: Buffer, id = ++this.#lastId, keyId = 0, keys = this.keys): Buffer {
    this.#lastId = Math.max(this.#lastId, id);
    return sealed(keys.client, this.#format === 'v2' ? this.slot.peerId : undefined, keyId, id, payload);
  }

  send(payload: Buffer, from = this.at): Promise<void> {
    return this.rig.receive(from, this.packet(payload));
  }

  /** What came for this peer at one place, opened. */
  async received(where = this.at, keys = this.keys): Promise<ReturnType<typeof opened>[]> {
    return (await this.rig.sentTo(where)).map((packet) => opened(keys.server, packet));
  }

  command(command: DistributiveOmit<Extract<PlaneCommand, { slot: PeerSlot }>, 'slot'>): void {
    this.rig.command({ ...command, slot: this.slot });
  }

  /** All of them, and none says anything else alone. */
  counters(): PlaneCounters | undefined {
    const { view } = this.rig;
    const all = view.counters(this.slot);
    for (const name of Object.keys(CELL) as (keyof PlaneCounters)[]) {
      const alone = view.counter(this.slot, name);
      if (alone !== all?.[name]) throw new Error(`${name} alone is ${alone}, and ${all?.[name]} among all`);
    }
    return all;
  }
}

type DistributiveOmit<T, K extends string> = T extends unknown ? Omit<T, K> : never;

/** What was turned away, in words. */
export function rejected(events: readonly PlaneEvent[]): string[] {
  return events.flatMap((event) => (event.kind === 'rejected' ? [`${event.reason} ${event.count} ${event.detail}`] : []));
}
