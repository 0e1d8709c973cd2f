import type { Instant, Now, WallTime } from '../base/units.ts';
import { recognise } from '../messages/recogniser.ts';
import type { Fact, SeenClient, SeenStatus, SourceKind } from './facts.ts';
import { Fleet } from './fleet.ts';
import { lineSeen } from './lines.ts';
import type { FleetOptions } from './options.ts';
import type { DaemonView } from './views.ts';

/** When the recordings begin, in seconds since 1970. */
export const START = 1_795_352_568;

/** A moment so many seconds after the start, on both clocks. */
export function at(seconds: number): Now {
  return { at: (1_000_000 + seconds * 1000) as Instant, wall: wall(seconds) };
}

/** The same by the operator's clock alone. */
export function wall(seconds: number): WallTime {
  return ((START + seconds) * 1000) as WallTime;
}

/** A fleet of one daemon, `vpn`, and words to tell it facts with. */
export class Rig {
  readonly fleet: Fleet;

  constructor(options: Partial<FleetOptions> = {}) {
    this.fleet = new Fleet(options);
    this.fleet.setDaemons(['vpn']);
  }

  get vpn(): DaemonView {
    const daemon = this.fleet.daemon('vpn');
    if (daemon === undefined) throw new Error('the rig has no daemon');
    return daemon;
  }

  tell(source: SourceKind, seconds: number, fact: Fact): void {
    this.fleet.handle({ daemon: 'vpn', source, now: at(seconds), fact });
  }

  up(source: SourceKind, seconds: number, lines = false): void {
    this.tell(source, seconds, { kind: 'source-up', where: `/run/${source}`, lines });
  }

  line(source: SourceKind, seconds: number, text: string, flags?: string): void {
    this.tell(source, seconds, { kind: 'line', line: lineSeen(recognise(text), flags) });
  }
}

/** A row of a list; the port makes it another client. */
export function client(port: number, changes: Partial<SeenClient> = {}): SeenClient {
  return {
    commonName: `c${port}`,
    username: undefined,
    realAddress: { text: `10.99.0.2:${port}`, ip: '10.99.0.2', port },
    virtual4: `10.8.0.${port % 250}`,
    virtual6: undefined,
    bytesReceived: 0,
    bytesSent: 0,
    since: { wall: wall(0) },
    clientId: undefined,
    cipher: 'AES-256-GCM',
    ...changes,
  };
}

/** A whole list. */
export function list(clients: readonly SeenClient[], changes: Partial<SeenStatus> = {}): Fact {
  return {
    kind: 'status',
    status: {
      form: 'v3',
      title: 'OpenVPN 2.6.14',
      time: undefined,
      clients,
      routes: [],
      counters: new Map(),
      complete: true,
      problems: [],
      ...changes,
    },
  };
}
