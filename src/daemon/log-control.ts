import { reasonOf } from '../base/errors.ts';
import type { LogSettings } from '../engine/daemon-settings.ts';
import { AppendFile } from '../host/append-file.ts';
import { isJournal } from '../host/journal.ts';
import { SystemLog } from '../host/syslog.ts';
import { syslogPriority } from '../messages/kinds.ts';
import { OURS } from '../messages/ours.ts';
import { START } from '../messages/start.ts';
import type { LogOutlet, Logging } from '../service/logging.ts';

/** What a log control is made with. */
export interface LogControlParts {
  readonly logging: Logging;
  /** Tells machines that note by themselves. */
  readonly onVerb: (verb: number) => void;
  /** Who started this process in the background has begun the file: `log` does not empty it again. */
  readonly goesOn?: boolean;
  /** The system's log; syslog(3) by default. */
  readonly openSyslog?: (name: string) => LogOutlet;
}

type Look = Pick<LogSettings, 'stamps' | 'shape' | 'errorsToStderr'>;

/** What of the log can be set: by the configuration while it is read, and by management clients. */
export class LogControl {
  readonly #parts: LogControlParts;
  #toSyslog = false;
  #look: Look = { stamps: 'date', shape: 'text', errorsToStderr: false };

  constructor(parts: LogControlParts) {
    this.#parts = parts;
  }

  apply(log: Partial<LogSettings>): void {
    const { logging } = this.#parts;
    if (log.verb !== undefined) this.verb(log.verb);
    if (log.mute !== undefined) this.mute(log.mute);
    if (log.file !== undefined && !logging.toFile) this.#useFile(log.file.path, log.file.append);
    if (log.syslog !== undefined && !logging.toFile && !this.#toSyslog) this.#useSyslog(log.syslog.name);
    // Machine-readable output wins over suppressed time stamps, in either order (facts: logging 4).
    const stamps = this.#look.stamps === 'machine' ? 'machine' : (log.stamps ?? this.#look.stamps);
    this.#look = { stamps, shape: log.shape ?? this.#look.shape, errorsToStderr: log.errorsToStderr ?? this.#look.errorsToStderr };
    logging.setLook(this.#look);
  }

  /** Sets when given; gives what holds. */
  verb(set?: number): number {
    const { logging, onVerb } = this.#parts;
    if (set !== undefined) {
      logging.setVerb(set);
      onVerb(set);
    }
    return logging.logger.verb;
  }

  /** Sets when given; gives what holds. */
  mute(set?: number): number {
    const { logging } = this.#parts;
    if (set !== undefined) logging.setMute(set);
    return logging.logger.mute;
  }

  /** Opens the log file anew; false when there is none. */
  reopen(): boolean {
    const { logging } = this.#parts;
    logging.reopen();
    return logging.toFile;
  }

  #useFile(path: string, append: boolean): void {
    const { logging, goesOn = false } = this.#parts;
    try {
      const file = AppendFile.open(path, { truncate: !append && !goesOn });
      logging.useFile(outletOver(file));
      tellNews(file, path, logging);
    } catch (error) {
      const [, reason = reasonOf(error), errno = '0'] = /: ([^:]*) \(errno=(\d+)\)$/.exec(reasonOf(error)) ?? [];
      logging.notes.add(START.logRedirectFailed, { file: path, reason, errno });
    }
  }

  #useSyslog(name: string): void {
    const { logging, openSyslog } = this.#parts;
    this.#toSyslog = true;
    logging.useSystem(openSyslog?.(name) ?? syslogOutlet(name, logging));
  }
}

/** Says in the log what its own file has to tell. */
export function tellNews(file: AppendFile, name: string, logging: Logging): void {
  file.onNews = (news) => {
    switch (news.kind) {
      case 'reopened':
        return logging.notes.add(OURS.logReopened, { file: name });
      case 'reopen-failed':
        return logging.notes.add(OURS.logReopenFailed, { file: name, reason: news.reason });
      case 'recovered': {
        const { lost, milliseconds, reason } = news;
        return logging.interject(OURS.logRecovered, { outlet: name, milliseconds: Math.round(milliseconds), count: lost, reason });
      }
    }
  };
}

/** A file or standard stream as the outlet of a log; with a priority before each line where the service manager reads it. */
export function outletOver(file: AppendFile, fd?: number): LogOutlet {
  const outlet = { reopen: () => void file.reopen(), close: () => file.close() };
  if (fd === undefined || !isJournal(fd)) return { ...outlet, write: (line) => file.append(line) };
  return { ...outlet, takes: 'texts', write: (text, word) => file.append(`<${syslogPriority(word)}>${text}\n`) };
}

function syslogOutlet(name: string, logging: Logging): LogOutlet {
  const syslog = new SystemLog(name);
  syslog.onRecovered = (lost) => {
    logging.interject(OURS.logRecovered, { outlet: 'syslog', milliseconds: 0, count: lost, reason: 'too much at once' });
  };
  return { takes: 'texts', write: (text, word) => void syslog.send(syslogPriority(word), text), close: () => syslog.close() };
}
