import { after, type Duration } from '../../base/units.ts';
import type { Clock } from '../../host/clock.ts';
import type { Notes } from '../../messages/notes.ts';
import { START } from '../../messages/start.ts';
import type { HoldGate } from '../hold.ts';
import { Interrupted, type Interrupts } from './interrupts.ts';

/** What waiting takes. */
export interface PauseWorld {
  readonly clock: Clock;
  readonly notes: Notes;
  readonly hold: HoldGate;
  readonly interrupts: Interrupts;
  /** There is a management interface, whose clients could release a hold. */
  readonly managed: () => boolean;
}

/** The waits of a client between its attempts: for the release of a hold, and for its time. Signals that end the process end them. */
export class Pauses {
  readonly #world: PauseWorld;

  constructor(world: PauseWorld) {
    this.#world = world;
  }

  /** With `management-hold`, until a management client says go; false when there was nothing to wait for. */
  async release(pauseSeconds: number): Promise<boolean> {
    const { hold, managed } = this.#world;
    if (!hold.closed || !managed()) return false;
    await this.#until((done) => hold.wait(pauseSeconds, done));
    return true;
  }

  /** Before an attempt that follows on another. With a hold the manager waits in our place; a reload waits after it as well (facts: management 12). */
  async between(length: Duration, isReload: boolean): Promise<void> {
    const { clock, notes, interrupts } = this.#world;
    const held = await this.release(isReload ? 0 : length / 1000);
    if ((held && !isReload) || length === 0 || interrupts.ending) return;
    notes.add(START.restartPause, { seconds: length / 1000 });
    await this.#until((done) => clock.schedule(after(clock.now().at, length), done));
  }

  async #until(begin: (done: () => void) => () => void): Promise<void> {
    let cancel = (): void => {};
    const over = new Promise<void>((resolve) => {
      cancel = begin(resolve);
    });
    await this.#world.interrupts
      .unless(over, () => cancel(), 'ending')
      .catch((error: unknown) => {
        if (!(error instanceof Interrupted)) throw error;
      });
  }
}
