import { join } from 'node:path';
import type { Clock } from '../../host/clock.ts';
import type { SpoolOptions } from '../../host/spool.ts';
import type { Logging } from '../../service/logging.ts';
import type { TargetView } from '../../telemetry/index.ts';
import type { Named, SpoolConfig } from '../config/targets.ts';
import type { Sender } from './sender.ts';
import { Target, type TargetCounts } from './target.ts';

/** What the targets of a section are made with. */
export interface GroupOptions<H> {
  readonly purpose: TargetView['purpose'];
  readonly sync: SpoolOptions['sync'];
  readonly batch: { readonly records: number; readonly bytes: number };
  readonly sender: (how: H) => Sender;
  readonly clock: Clock;
  readonly logging: Pick<Logging, 'notes'>;
  /** Where they are shown. */
  readonly shown: Set<TargetView>;
}

interface Member<H> {
  readonly target: Target;
  readonly how: H;
  readonly fingerprint: string;
}

/** The targets of a section, as its configuration has them now. */
export class TargetGroup<H> {
  readonly #options: GroupOptions<H>;
  readonly #members = new Map<string, Member<H>>();
  readonly #counts = new Map<string, TargetCounts>();

  constructor(options: GroupOptions<H>) {
    this.#options = options;
  }

  /** Each with how it is reached. */
  get members(): Iterable<Pick<Member<H>, 'target' | 'how'>> {
    return this.#members.values();
  }

  /** Lets go of those that are gone or changed, and begins with those that are new; what is in a spool stays for its name. */
  async configure(config: (SpoolConfig & { readonly targets: readonly Named<H>[] }) | undefined): Promise<void> {
    const wanted = new Map(config?.targets.map((each) => [each.name, each]) ?? []);
    const fingerprint = (each: Named<H>): string => `${each.fingerprint} ${config?.spoolBytes} ${config?.spool}`;
    const leaving = [...this.#members].filter(([name, member]) => {
      const now = wanted.get(name);
      return now === undefined || fingerprint(now) !== member.fingerprint;
    });
    await Promise.all(leaving.map(([name]) => this.#close(name)));
    if (config === undefined) return;
    for (const [name, each] of wanted) {
      if (!this.#members.has(name)) await this.#open(each, config, fingerprint(each));
    }
  }

  /** To all of them, or those that it is for. Never waits. */
  append(record: Buffer, isFor: (how: H) => boolean = () => true): void {
    for (const { target, how } of this.#members.values()) if (isFor(how)) target.append(record);
  }

  /** When all that was appended is in the spools: true when those are on the disk. */
  async flush(): Promise<boolean> {
    const all = await Promise.all([...this.#members.values()].map(({ target }) => target.flush()));
    return all.every((safe) => safe);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#members.keys()].map((name) => this.#close(name)));
  }

  async #open({ name, how }: Named<H>, { spool, spoolBytes }: SpoolConfig, fingerprint: string): Promise<void> {
    const { purpose, sync, batch, sender, clock, logging, shown } = this.#options;
    const counts = this.#counts.get(name) ?? { taken: 0, failures: 0, refused: 0, dropped: 0 };
    this.#counts.set(name, counts);
    const target = await Target.open({
      name,
      purpose,
      spool: { folder: join(spool, name), maxBytes: spoolBytes, sync },
      sender: sender(how),
      batch,
      clock,
      logging,
      counts,
    });
    this.#members.set(name, { target, how, fingerprint });
    shown.add(target);
  }

  async #close(name: string): Promise<void> {
    const member = this.#members.get(name);
    this.#members.delete(name);
    if (member === undefined) return;
    await member.target.close();
    this.#options.shown.delete(member.target);
  }
}
