import { dirname, resolve } from 'node:path';
import { type Document, isAlias, isNode, type LineCounter, type Node } from 'yaml';

/** What is wrong with a configuration, with where. */
export interface ConfigProblem {
  /** Counted from 1. */
  readonly line: number;
  /** `daemons[1].management`. */
  readonly path: string;
  readonly text: string;
}

/** What all places of one file share. */
interface File {
  readonly name: string;
  readonly document: Document;
  readonly lines: LineCounter;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly problems: ConfigProblem[];
}

/** Problems that are told of one file. */
const MAX_PROBLEMS = 50;

/** A place in a configuration file: says what is wrong there, and finds what it refers to. */
export class Site {
  readonly #file: File;
  readonly #path: string;

  constructor(file: File, path = '') {
    this.#file = file;
    this.#path = path;
  }

  /** A place inside this one: a key, or `[2]`. */
  at(step: string): Site {
    const path = step.startsWith('[') || this.#path === '' ? `${this.#path}${step}` : `${this.#path}.${step}`;
    return new Site(this.#file, path);
  }

  /** What an alias stands for; anything else as it is. */
  follow(value: unknown): Node | undefined {
    if (isAlias(value)) return value.resolve(this.#file.document);
    return isNode(value) ? value : undefined;
  }

  /** It is not what it should be. What stands there is not repeated: it may be a secret. */
  wrong(node: Node | undefined, right: string): undefined {
    return this.problem(node, `not usable; right would be ${right}`);
  }

  unknown(node: Node, known: readonly string[]): undefined {
    return this.problem(node, `there is no such key here; there are ${known.join(', ')}`);
  }

  missing(node: Node, key: string): undefined {
    return this.at(key).problem(node, 'is missing');
  }

  problem(node: Node | undefined, text: string): undefined {
    const { problems, lines } = this.#file;
    if (problems.length < MAX_PROBLEMS) problems.push({ line: lines.linePos(node?.range?.[0] ?? 0).line, path: this.#path, text });
    return undefined;
  }

  /** Puts in variables of the environment for `${NAME}`. */
  expand(text: string, node: Node): string | undefined {
    let missing: string | undefined;
    const expanded = text.replace(/\$\{([A-Za-z_]\w*)\}/g, (_all, name: string) => {
      const value = this.#file.environment[name];
      if (value === undefined) missing ??= name;
      return value ?? '';
    });
    return missing === undefined ? expanded : this.problem(node, `the environment has no variable ${missing}`);
  }

  /** A path as it counts from the folder of the configuration file. */
  resolve(path: string): string {
    return resolve(dirname(this.#file.name), path);
  }
}
