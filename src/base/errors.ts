/**
 * Every error the product raises on purpose, in one table: a stable code, whose doing it is, and what the reader can do.
 * What peers get wrong is not here: hostile input is a value (`malformed`), never an exception.
 */
export type Guilty = 'operator' | 'peer' | 'system' | 'us';

interface ErrorRow {
  readonly guilty: Guilty;
  /** What the code stands for, for the reference page. */
  readonly meaning: string;
}

/** Add a row here first; `docs/reference/errors.md` is generated from it. */
export const ERRORS = {
  OPTIONS: {
    guilty: 'operator',
    meaning: 'An option or configuration file is wrong; the text names the file, the line and what would be right.',
  },
  FILE: { guilty: 'operator', meaning: 'A file that the configuration names cannot be read or written.' },
  DATABASE_DAMAGED: {
    guilty: 'system',
    meaning: 'A database is not sound. The monitor keeps a damaged history aside and begins a new one.',
  },
  KEY_MATERIAL: { guilty: 'operator', meaning: 'A certificate, private key or static key cannot be used.' },
  LISTEN: { guilty: 'system', meaning: 'A socket cannot be bound or opened.' },
  TUN: { guilty: 'system', meaning: 'The TUN device cannot be opened or configured.' },
  DATA_PLANE: { guilty: 'us', meaning: 'The thread that carries packets ended or could not be started.' },
  PRIVILEGES: { guilty: 'system', meaning: 'Changing user or group failed.' },
  SCRIPT: { guilty: 'operator', meaning: 'A script cannot be started or failed.' },
  SESSION: { guilty: 'peer', meaning: 'A server ended a session before it stood; the text has its reason.' },
  CLI: { guilty: 'operator', meaning: 'The command line cannot be understood.' },
  BUG: { guilty: 'us', meaning: 'A state that the program believes impossible; please report it.' },
} as const satisfies Record<string, ErrorRow>;

/** The stable name of an error. */
export type ErrorCode = keyof typeof ERRORS;

/** An error of the table. `message` says what is wrong and what to do; `cause` keeps what it came from. */
export class TunnelscopeError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'TunnelscopeError';
    this.code = code;
  }

  /** Whose doing it is. */
  get guilty(): Guilty {
    return ERRORS[this.code].guilty;
  }
}

/** The text of anything thrown, for a log line. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** For the `default` of an exhaustive switch: the compiler proves it is never reached. */
export function unreachable(value: never): never {
  throw new TunnelscopeError('BUG', `unexpected value ${JSON.stringify(value)}`);
}
