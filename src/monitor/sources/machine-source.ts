import { reasonOf } from '../../base/errors.ts';
import { type Duration, seconds } from '../../base/units.ts';
import { certificateDates, revocationListDates } from '../../host/certificate-dates.ts';
import { readTextAside, roomFor } from '../../host/look-at-file.ts';
import { processFacts } from '../../host/process-facts.ts';
import type { Fact, SeenCertificate, SeenRoom } from '../../telemetry/facts.ts';
import { type Collector, type CollectorContext, faultOfFile, Rounds } from './collector.ts';
import type { WatchedCertificate } from '../config/config.ts';
import type { PidSource } from '../config/schema.ts';

/** What this machine knows of a daemon. */
export interface MachineOptions {
  readonly pid: PidSource | undefined;
  readonly certificates: readonly WatchedCertificate[];
  readonly rooms: readonly { readonly use: SeenRoom['use']; readonly path: string }[];
}

const PROCESS_EVERY: Duration = seconds(5);
const ROOMS_EVERY: Duration = seconds(30);
/** Files are small, and renewals are seen soon enough. */
const CERTIFICATES_EVERY: Duration = seconds(60);
const MAX_PID_FILE = 64;

/** The process of a daemon, its certificates and the room on its disks: each looked at in its own time. */
export class MachineSource implements Collector {
  readonly #options: MachineOptions;
  readonly #context: CollectorContext;
  readonly #rounds: Rounds[] = [];
  readonly #troubles = new Set<string>();
  #toldPid: number | undefined;
  #closed = false;

  constructor(options: MachineOptions, context: CollectorContext) {
    this.#options = options;
    this.#context = context;
    const { clock } = context;
    const { pid, certificates, rooms } = options;
    if (pid !== undefined) this.#rounds.push(new Rounds(clock, PROCESS_EVERY, () => this.#lookAtProcess(pid)));
    if (certificates.length > 0) this.#rounds.push(new Rounds(clock, CERTIFICATES_EVERY, () => this.#lookAtCertificates()));
    if (rooms.length > 0) this.#rounds.push(new Rounds(clock, ROOMS_EVERY, () => this.#lookAtRooms()));
  }

  start(): void {
    if (this.#rounds.length > 0) this.#tell({ kind: 'source-up', where: 'this machine' });
    for (const rounds of this.#rounds) rounds.start();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#rounds.map((rounds) => rounds.close()));
  }

  /** The daemon said what its process is. */
  pidTold(pid: number): void {
    this.#toldPid = pid;
  }

  async #lookAtProcess(source: PidSource): Promise<void> {
    const pid = await this.#attempt('the process id', () => this.#pid(source));
    if (pid === undefined) return;
    const facts = await processFacts(pid);
    this.#tell({ kind: 'process', process: facts });
  }

  async #pid(source: PidSource): Promise<number | undefined> {
    if (source.kind === 'number') return source.pid;
    if (source.kind === 'management') return this.#toldPid;
    const text = (await readTextAside(source.path, MAX_PID_FILE)).trim();
    if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
    throw new Error(`${source.path}: it holds no process id`);
  }

  async #lookAtCertificates(): Promise<void> {
    const certificates: SeenCertificate[] = [];
    for (const { role, path } of this.#options.certificates) {
      const dates = await this.#attempt(path, () => (role === 'crl' ? revocationListDates(path) : certificateDates(path)));
      for (const { subject, notAfter } of dates ?? []) certificates.push({ role, file: path, subject, notAfter });
    }
    this.#tell({ kind: 'certificates', certificates });
  }

  async #lookAtRooms(): Promise<void> {
    const rooms: SeenRoom[] = [];
    for (const { use, path } of this.#options.rooms) {
      const room = await this.#attempt(path, () => roomFor(path));
      if (room !== undefined) rooms.push({ use, path, ...room });
    }
    this.#tell({ kind: 'rooms', rooms });
  }

  /** What does not work is counted once, until it works again. */
  async #attempt<T>(what: string, look: () => Promise<T>): Promise<T | undefined> {
    try {
      const found = await look();
      this.#troubles.delete(what);
      return found;
    } catch (error) {
      if (!this.#troubles.has(what)) {
        this.#tell({ kind: 'fault', fault: faultOfFile(error) });
        this.#context.trouble(reasonOf(error));
      }
      this.#troubles.add(what);
      return undefined;
    }
  }

  #tell(fact: Fact): void {
    if (!this.#closed) this.#context.tell('process', fact, this.#context.clock.now());
  }
}
