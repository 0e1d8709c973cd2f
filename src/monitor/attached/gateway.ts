import { after, type Duration, type Now, seconds } from '../../base/units.ts';
import type { Clock } from '../../host/clock.ts';
import type { StreamAddress } from '../../host/net-listener.ts';
import type { StatusRenderer } from '../../management/command.ts';
import type { CommandAudit } from '../../management/server-options.ts';
import type { Logging } from '../../service/logging.ts';
import { type ManagementPlace, ManagementService } from '../../service/management.ts';
import { statusJson } from '../../status/json.ts';
import { END_LINE, statusLines } from '../../status/write.ts';
import type { Fact } from '../../telemetry/facts.ts';
import type { AttachedDaemon } from './attached.ts';

/** How a gateway before an attached daemon is set up. */
export interface GatewayOptions {
  /** Where its clients connect; each place has a password, a role and TLS of its own. */
  readonly places: readonly ManagementPlace[];
  /** Lines and states that are kept for `log` and `state`, over restarts of the daemon; 10,000 and 1000 unless given. */
  readonly logHistory?: number;
  readonly stateHistory?: number;
  /** Clients stay connected when the daemon is lost. Client ids begin anew then: only those who know that should ask for it. */
  readonly keep?: boolean;
  readonly maxConnections?: number;
  /** Told of every command and who sent it. */
  readonly audit?: (entry: CommandAudit) => void;
  /** How many clients it has, and how many passwords were wrong, for the fleet state. */
  readonly fact?: (fact: Fact, now: Now) => void;
}

const DEFAULTS = { logHistory: 10_000, stateHistory: 1000 };

/** How often the counts of clients are told. */
const COUNT_EVERY: Duration = seconds(5);

/** The full management interface, for any number of clients, in front of a daemon's own that serves one: the server that our daemon has. */
export class Gateway {
  readonly #service: ManagementService;
  readonly #options: GatewayOptions;
  readonly #clock: Clock;
  #cancelCount: (() => void) | undefined;

  /** `logging` is that of the program around it: commands are written there with who sent them. */
  constructor(daemon: AttachedDaemon, options: GatewayOptions, logging: Logging, clock: Clock) {
    const { logHistory, stateHistory, keep = false, maxConnections, audit = () => undefined } = options;
    this.#options = options;
    this.#clock = clock;
    this.#service = new ManagementService(
      daemon,
      {
        renderStatus: STATUS,
        // What the program around it logs is not the daemon's.
        earlierLog: [],
        logHistory: logHistory ?? DEFAULTS.logHistory,
        stateHistory: stateHistory ?? DEFAULTS.stateHistory,
        keepClients: keep,
        audit,
        ...(maxConnections === undefined ? {} : { maxConnections }),
      },
      logging,
      clock,
    );
  }

  /** Listens at all places; gives where, with the ports that the system chose. Rejects with LISTEN, and then listens nowhere. */
  async open(): Promise<readonly StreamAddress[]> {
    const addresses: StreamAddress[] = [];
    try {
      for (const place of this.#options.places) addresses.push(await this.#service.listen(place));
    } catch (error) {
      await this.#service.close();
      throw error;
    }
    this.#tellCounts();
    return addresses;
  }

  /** How many clients are connected. */
  get clients(): number {
    return this.#service.connections;
  }

  /** Wrong passwords since the start. */
  get refused(): number {
    return this.#service.wrongPasswords;
  }

  /** Says goodbye to all clients and closes the sockets. */
  async close(): Promise<void> {
    this.#cancelCount?.();
    await this.#service.close();
  }

  #tellCounts(): void {
    const { fact } = this.#options;
    if (fact === undefined) return;
    const now = this.#clock.now();
    fact({ kind: 'management', at: 'gateway', clients: this.clients, refused: this.refused }, now);
    this.#cancelCount = this.#clock.schedule(after(now.at, COUNT_EVERY), () => this.#tellCounts());
  }
}

/** Of an attached daemon, the formats of status files come from itself. */
const STATUS: StatusRenderer = {
  lines: (report, version) => statusLines(report, { version, compat: '2.6' }),
  json: (report) => [statusJson(report), END_LINE],
};
