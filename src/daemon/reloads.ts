import { reasonOf } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import type { Configuration } from '../engine/settings-from-options.ts';
import type { Clock } from '../host/clock.ts';
import type { Notes } from '../messages/notes.ts';
import { OURS } from '../messages/ours.ts';
import type { DaemonEvent } from '../model/daemon-port.ts';
import type { ConfigurationReader, ReadConfiguration } from './configuration-reader.ts';
import { loadMaterial, type Material } from './material.ts';

/** A configuration with the key material that it names, tried; without, while the private key waits for its pass phrase. */
export interface Runnable {
  readonly read: ReadConfiguration;
  readonly material: Material | undefined;
}

/** What can run at once. */
export interface Unlocked extends Runnable {
  readonly material: Material;
}

/** What reading again takes. */
export interface ReloadWorld {
  readonly reader: ConfigurationReader;
  readonly notes: Notes;
  readonly clock: Clock;
  /** The pass phrase of the private key that was given; undefined when none was, or it is forgotten. */
  passphrase(): Secret | undefined;
  emit(event: DaemonEvent): void;
}

/**
 * Reads and tries configurations before anything that runs is touched. What cannot take over is said and counted, an event
 * tells of it, and what runs stays in force.
 */
export class Reloads {
  /** How often the configuration was read again, by what came of it. */
  readonly counts = { done: 0, refused: 0 };
  readonly #world: ReloadWorld;

  constructor(world: ReloadWorld) {
    this.#world = world;
  }

  /** Tries the key material of a configuration. Throws KEY_MATERIAL. */
  tried(read: ReadConfiguration): Runnable {
    const { notes, clock } = this.#world;
    return { read, material: loadMaterial(read.configuration, this.#world.passphrase(), notes, clock.now()) };
  }

  /** For SIGHUP: everything anew; undefined when that was refused. `whyNot` has its say against what could run. */
  everything(whyNot: (configuration: Configuration) => string | undefined): Runnable | undefined {
    return this.#again('all', whyNot);
  }

  /** For SIGUSR1 without `persist-key`: certificates and keys anew, and nothing else of the configuration. */
  keys(current: Unlocked): Runnable {
    const { read } = current;
    const { server, daemon, warnings } = read.configuration;
    const again = daemon.persist.key ? undefined : this.#again('errors', () => undefined);
    if (again === undefined) return current;
    const configuration = { server, daemon: { ...daemon, tls: again.read.configuration.daemon.tls }, warnings };
    return { read: { ...read, configuration }, material: again.material };
  }

  /** A configuration that was read again is in force. */
  accept(): void {
    this.counts.done++;
    this.#world.emit({ kind: 'reload', refused: undefined });
  }

  /** It is not, for this reason. */
  refuse(reason: string): void {
    this.counts.refused++;
    this.#world.notes.add(OURS.reloadFailed, { reason });
    this.#world.emit({ kind: 'reload', refused: reason });
  }

  #again(said: 'all' | 'errors', whyNot: (configuration: Configuration) => string | undefined): Runnable | undefined {
    let reason: string | undefined = 'see the lines before';
    try {
      const read = this.#world.reader.readAgain(said);
      reason = read === undefined ? reason : whyNot(read.configuration);
      if (read !== undefined && reason === undefined) return this.tried(read);
    } catch (error) {
      reason = reasonOf(error);
    }
    this.refuse(reason ?? '');
    return undefined;
  }
}
