import type { DaemonRequest } from '../../model/daemon-port.ts';
import { tokenize } from '../../base/tokenize.ts';

/** The prompt that an attached daemon waits at. Nothing tells that it was answered but the success of the answer. */
export class OpenPrompt {
  #text: string | undefined;
  /** What of a user name and a password is still wanted. */
  readonly #wanted = new Set<string>();

  /** As its notification says it, without the `>`. */
  get text(): string | undefined {
    return this.#text;
  }

  /** The daemon waits for this now, or for nothing. */
  set(text: string | undefined): void {
    this.#text = text;
    this.#wanted.clear();
    for (const word of wantedBy(text)) this.#wanted.add(word);
  }

  /** The daemon took a command: true when that was the last answer that it waited for. */
  answered(request: DaemonRequest): boolean {
    if (this.#text === undefined || !this.#wanted.delete(wordOf(request))) return false;
    // Either of the two names answers a request to sign.
    if (this.#text.includes('_SIGN:')) this.#wanted.clear();
    if (this.#wanted.size > 0) return false;
    this.set(undefined);
    return true;
  }
}

/** The commands that answer a prompt: all of them, but for requests to sign. */
function wantedBy(text: string | undefined): readonly string[] {
  const word = /^[A-Z_-]+/.exec(text ?? '')?.[0];
  switch (word) {
    case 'HOLD':
      return ['hold'];
    case 'PASSWORD':
      return /^PASSWORD:Need '[^']*' ([a-z/]+)/.exec(text ?? '')?.[1]?.split('/') ?? [];
    case 'NEED-OK':
      return ['needok'];
    case 'NEED-STR':
      return ['needstr'];
    case 'REMOTE':
      return ['remote'];
    case 'PROXY':
      return ['proxy'];
    case 'PK_SIGN':
    case 'RSA_SIGN':
      return ['pk-sig', 'rsa-sig'];
    case 'NEED-CERTIFICATE':
      return ['certificate'];
    default:
      return [];
  }
}

function wordOf(request: DaemonRequest): string {
  if (request.kind === 'hold') return request.action === 'release' ? 'hold' : '';
  if (request.kind !== 'unknown') return request.kind;
  const split = tokenize(request.line.toString('utf8'), '');
  return (split.ok ? split.value[0] : undefined) ?? '';
}
