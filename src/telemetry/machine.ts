import type { Now } from '../base/units.ts';
import type { Fact, SeenCertificate, SeenProcess, SeenRoom, SourceKind } from './facts.ts';
import { Tally } from './figures.ts';
import type { FleetOptions } from './options.ts';
import { Cell, type Sources } from './sources.ts';

/** What the machine that a daemon runs on knows of it: its process, its certificates, the room on its disks. */
export class Machine {
  readonly #anotherProcess: () => void;
  readonly #pid: Cell<number>;
  readonly certificates: Cell<readonly SeenCertificate[]>;
  readonly process: Cell<SeenProcess | undefined>;
  readonly rooms: Cell<readonly SeenRoom[]>;
  readonly cpuSeconds: Tally;

  /** `anotherProcess` is called when the daemon has become another process: what counts since the start of one begins anew. */
  constructor(options: Pick<FleetOptions, 'silentAfter'>, sources: Sources, anotherProcess: () => void) {
    this.#anotherProcess = anotherProcess;
    this.#pid = new Cell(sources);
    this.certificates = new Cell(sources);
    this.process = new Cell(sources);
    this.rooms = new Cell(sources);
    this.cpuSeconds = new Tally(['process'], options);
  }

  /** The daemon says which process it is. */
  isProcess(pid: number, source: SourceKind, now: Now): void {
    if (this.#pid.figure !== undefined && this.#pid.figure.value !== pid) this.#changed();
    this.#pid.offer(pid, source, now);
  }

  /** Takes a fact. */
  apply(fact: Extract<Fact, { kind: 'certificates' | 'process' | 'rooms' }>, source: SourceKind, now: Now): void {
    switch (fact.kind) {
      case 'certificates':
        return void this.certificates.offer(fact.certificates, source, now);
      case 'process':
        return this.#seen(fact.process, source, now);
      case 'rooms':
        return void this.rooms.offer(fact.rooms, source, now);
    }
  }

  #seen(seen: SeenProcess | undefined, source: SourceKind, now: Now): void {
    const before = this.process.figure?.value;
    if (seen !== undefined && before !== undefined && before.pid !== seen.pid) this.#changed();
    this.process.offer(seen, source, now);
    if (seen !== undefined) this.cpuSeconds.set('process', seen.cpuSeconds, now);
  }

  #changed(): void {
    this.cpuSeconds.restart('process');
    this.#anotherProcess();
  }
}
