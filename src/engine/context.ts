import type { Random } from '../base/random.ts';
import type { Now } from '../base/units.ts';
import type { Notes } from '../messages/notes.ts';
import type { DaemonEvent } from '../model/daemon-port.ts';
import type { PlaneCommand } from '../protocol/data/plane.ts';
import type { CrlCheck } from '../protocol/verify/crl.ts';
import type { ClientInstance } from './instance.ts';
import type { Continuation } from './questions.ts';
import type { ServerSettings } from './settings.ts';
import type { Question } from './types.ts';

/** What the parts of a server engine share. */
export interface EngineContext {
  readonly settings: ServerSettings;
  readonly notes: Notes;
  readonly random: Random;
  /** The revocation lists in force; undefined without `crl-verify`. */
  readonly crl: CrlCheck | undefined;
  event(event: DaemonEvent): void;
  plane(command: PlaneCommand): void;
  /** Asks the host; `proceed` runs when it answers, unless the client has gone meanwhile. */
  ask(client: ClientInstance, question: Question, proceed: Continuation): void;
  /** Asks what nobody waits for. */
  tell(question: Question): void;
  /** Sends a control message and logs it. */
  say(client: ClientInstance, message: string): void;
  /** Refuses the client with a control message, and removes it when it has had time to read that. */
  dismiss(client: ClientInstance, message: string, reason: string, now: Now): void;
  /** Removes the client at once. */
  remove(client: ClientInstance, signal: string, reason: string, now: Now): void;
}
