import type { Result } from '../../base/result.ts';
import { Secret } from '../../base/secret.ts';
import { type Duration, seconds } from '../../base/units.ts';
import type { Note } from '../../messages/notes.ts';
import { OPTIONS } from '../../messages/options.ts';
import type { Row, RowArgs } from '../../messages/row.ts';
import { START } from '../../messages/start.ts';
import type { Directive } from '../../options/parse.ts';

/** What a path has to be good for. */
export type PathUse = 'read' | 'write' | 'directory' | 'execute';

/** The files that a configuration names, as far as it is checked before anything starts. */
export interface SettingsFiles {
  /** A text file; the error is the system's reason: `No such file or directory (errno=2)`. */
  readonly read: (path: string) => Result<string, string>;
  /** Undefined when the path can be used so, else the reason. */
  readonly check: (path: string, use: PathUse) => string | undefined;
  /** True when others than the owner can read a file. */
  readonly isOpenToOthers: (path: string) => boolean;
}

/** Directives whose files nobody else should be able to read. */
const SECRET_FILES = new Set([
  'key',
  'tls-auth',
  'tls-crypt',
  'tls-crypt-v2',
  'askpass',
  'auth-gen-token-secret',
  'auth-user-pass',
  'pkcs12',
]);

/** What a file or block held, and how errors name it. */
export interface Material {
  readonly text: Secret;
  readonly name: string;
}

/** The directives of a configuration by name, and what was found to say of them. */
export class Collected {
  readonly files: SettingsFiles;
  readonly directives: readonly Directive[];
  readonly warnings: Note[] = [];
  #errors: Note[] = [];
  readonly #byName = new Map<string, Directive[]>();
  /** Stock closes with a line of its own once a file could not be used. */
  #filesFailed = false;

  constructor(directives: readonly Directive[], files: SettingsFiles) {
    this.directives = directives;
    this.files = files;
    for (const directive of directives) {
      const same = this.#byName.get(directive.name);
      if (same === undefined) this.#byName.set(directive.name, [directive]);
      else same.push(directive);
    }
  }

  /** These and more after them, as a block in the configuration has it; what is wrong with them is wrong with this. */
  with(more: readonly Directive[]): Collected {
    const inner = new Collected([...this.directives, ...more], this.files);
    inner.#errors = this.#errors;
    return inner;
  }

  /** All of a name, as they stood. */
  all(name: string): readonly Directive[] {
    return this.#byName.get(name) ?? [];
  }

  /** The one that counts: the last. */
  last(name: string): Directive | undefined {
    return this.#byName.get(name)?.at(-1);
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** Every name once, in the order of their first directives. */
  names(): Iterable<string> {
    return this.#byName.keys();
  }

  /** The first value of the last directive of a name. */
  value(name: string): string | undefined {
    return this.last(name)?.values[0];
  }

  /** The same as a number; the parser saw that it is one. */
  number(name: string): number | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : Number(value);
  }

  /** The same as a length of time, which the file gives in seconds. */
  duration(name: string): Duration | undefined {
    const value = this.number(name);
    return value === undefined ? undefined : seconds(value);
  }

  /** What a directive's block or file holds; a file that cannot be read is an error, and gives undefined. */
  material(name: string): Material | undefined {
    const directive = this.last(name);
    if (directive === undefined) return undefined;
    if (directive.block !== undefined) return { text: directive.block, name: '[[INLINE]]' };
    const path = directive.values[0] ?? '';
    const block = path === '[inline]' ? this.all(name).find((each) => each.block !== undefined)?.block : undefined;
    if (block !== undefined) return { text: block, name: '[[INLINE]]' };
    if (SECRET_FILES.has(name) && this.files.isOpenToOthers(path)) this.warn(START.fileAccessible, { file: path });
    const read = this.files.read(path);
    if (read.ok) return { text: new Secret(read.value), name: path };
    this.fileError(`--${name}`, path, read.error);
    return undefined;
  }

  /** Adds an error; its text ends with the place of the directive that it is about. */
  error(text: string, directive?: Directive): void {
    const place = directive === undefined ? '' : ` (${directive.source.file}:${directive.source.line})`;
    this.#errors.push({ kind: 'note', row: START.optionsError, args: { text: `${text}${place}` }, peer: undefined });
  }

  /** Adds an error in stock's form about a file: `--ca fails with 'ca.crt': No such file or directory (errno=2)`. */
  fileError(option: string, file: string, why: string): void {
    this.#filesFailed = true;
    const [, reason, errno] = /^(.*) \(errno=(\d+)\)$/.exec(why) ?? [];
    if (reason === undefined || errno === undefined) return this.error(`${option} fails with '${file}': ${why}`);
    this.#errors.push({ kind: 'note', row: START.optionsErrorErrno, args: { option, file, reason, errno }, peer: undefined });
  }

  /** Adds an error when a path cannot be used so. */
  checkPath(option: string, path: string | undefined, use: PathUse): void {
    const reason = path === undefined ? undefined : this.files.check(path, use);
    if (path !== undefined && reason !== undefined) this.fileError(option, path, reason);
  }

  warn<T extends string>(row: Row<T>, args: RowArgs<T>): void {
    this.warnings.push({ kind: 'note', row, args, peer: undefined });
  }

  /** All errors with the lines that stock closes them by; empty when there is none. */
  closedErrors(): readonly Note[] {
    if (this.#errors.length === 0) return [];
    const closing = this.#filesFailed || this.#errors.length > 1 ? [OPTIONS.correctThese, START.usageHint] : [START.usageHint];
    return [...this.#errors, ...closing.map((row): Note => ({ kind: 'note', row, args: {}, peer: undefined }))];
  }
}
