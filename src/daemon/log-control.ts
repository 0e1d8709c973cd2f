import { reasonOf } from '../base/errors.ts';
import type { LogSettings } from '../engine/daemon-settings.ts';
import { AppendFile } from '../host/append-file.ts';
import { START } from '../messages/start.ts';
import type { LogOutlet, Logging } from '../service/logging.ts';

/** What of the log can be set: by the configuration while it is read, and by management clients. */
export class LogControl {
  readonly #logging: Logging;
  readonly #onVerb: (verb: number) => void;
  #look: Pick<LogSettings, 'stamps' | 'errorsToStderr'> = { stamps: 'date', errorsToStderr: false };

  /** `onVerb` tells machines that note by themselves. */
  constructor(logging: Logging, onVerb: (verb: number) => void) {
    this.#logging = logging;
    this.#onVerb = onVerb;
  }

  apply(log: Partial<LogSettings>): void {
    if (log.verb !== undefined) this.verb(log.verb);
    if (log.mute !== undefined) this.mute(log.mute);
    if (log.file !== undefined && !this.#logging.toFile) this.#useFile(log.file.path, log.file.append);
    // Machine-readable output wins over suppressed time stamps, in either order (facts: logging 4).
    const stamps = this.#look.stamps === 'machine' ? 'machine' : (log.stamps ?? this.#look.stamps);
    this.#look = { stamps, errorsToStderr: log.errorsToStderr ?? this.#look.errorsToStderr };
    this.#logging.setLook(this.#look);
  }

  /** Sets when given; gives what holds. */
  verb(set?: number): number {
    if (set !== undefined) {
      this.#logging.setVerb(set);
      this.#onVerb(set);
    }
    return this.#logging.logger.verb;
  }

  /** Sets when given; gives what holds. */
  mute(set?: number): number {
    if (set !== undefined) this.#logging.setMute(set);
    return this.#logging.logger.mute;
  }

  #useFile(path: string, append: boolean): void {
    try {
      this.#logging.useFile(outletOver(AppendFile.open(path, { truncate: !append })));
    } catch (error) {
      const [, reason = reasonOf(error), errno = '0'] = /: ([^:]*) \(errno=(\d+)\)$/.exec(reasonOf(error)) ?? [];
      this.#logging.notes.add(START.logRedirectFailed, { file: path, reason, errno });
    }
  }
}

/** A file or standard stream as the outlet of a log. */
export function outletOver(file: AppendFile): LogOutlet {
  return { write: (line) => file.append(line), close: () => file.close() };
}
