import type { Tun, TunReceiver } from '../../host/tun.ts';

/**
 * A device that comes later: a client's data plane runs before its server has said what its device is to be. Until one is
 * attached nothing is read, and what is written is lost.
 */
export class LateTun implements Tun {
  #device: Tun | undefined;
  #receiver: TunReceiver | undefined;
  #dropped = 0;
  #attached: (device: Tun) => void = () => {};

  get name(): string | undefined {
    return this.#device?.name;
  }

  /** No thread takes a device that is not there yet: it is told when it comes. */
  get descriptor(): undefined {
    return undefined;
  }

  get dropped(): number {
    return this.#dropped + (this.#device?.dropped ?? 0);
  }

  /** The device is there, and stays its maker's. */
  attach(device: Tun): void {
    this.#device = device;
    this.#attached(device);
    if (this.#receiver !== undefined) device.start(this.#receiver);
  }

  onAttached(listener: (device: Tun) => void): void {
    this.#attached = listener;
    if (this.#device !== undefined) listener(this.#device);
  }

  start(receiver: TunReceiver): void {
    this.#receiver = receiver;
    this.#device?.start(receiver);
  }

  async stop(): Promise<void> {
    this.#receiver = undefined;
    await this.#device?.stop();
  }

  write(packet: Buffer): void {
    if (this.#device === undefined) this.#dropped++;
    else this.#device.write(packet);
  }

  /** Forgets the device without closing it. */
  close(): void {
    this.#device = undefined;
  }
}
