import { type Duration, seconds } from '../../base/units.ts';
import type { DaemonPort, DaemonReply } from '../../model/daemon-port.ts';
import type { Fact } from '../../telemetry/facts.ts';
import { factOfEvent, factOfReply } from '../../telemetry/from-port.ts';
import { type Collector, type CollectorContext, Rounds } from './collector.ts';

const POLL_EVERY: Duration = seconds(1);

/** A daemon in this process, by its port: what happens as it happens, and its own report every second. */
export class NativeSource implements Collector {
  readonly #port: DaemonPort;
  readonly #context: CollectorContext;
  readonly #rounds: Rounds;
  #unsubscribe: (() => void) | undefined;

  constructor(port: DaemonPort, context: CollectorContext) {
    this.#port = port;
    this.#context = context;
    this.#rounds = new Rounds(context.clock, POLL_EVERY, () => this.#poll());
  }

  start(): void {
    const { title, mode } = this.#port.info();
    this.#tell({ kind: 'source-up', where: 'this process', lines: true });
    this.#tell({ kind: 'identity', title, mode, pid: process.pid });
    this.#unsubscribe = this.#port.subscribe((event) => {
      const fact = factOfEvent(event);
      if (fact !== undefined) this.#tell(fact);
    });
    this.#rounds.start();
  }

  close(): Promise<void> {
    this.#unsubscribe?.();
    return this.#rounds.close();
  }

  async #poll(): Promise<void> {
    const reply = await new Promise<DaemonReply>((resolve) => this.#port.request({ kind: 'status' }, resolve));
    const fact = factOfReply(reply);
    if (fact !== undefined && !this.#rounds.closed) this.#tell(fact);
  }

  #tell(fact: Fact): void {
    this.#context.tell('native', fact, this.#context.clock.now());
  }
}
