import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../base/secret.ts';

/** Who may read; nobody is asked where both are empty. */
export interface AccessRules {
  readonly basic: readonly { readonly user: string; readonly password: Secret }[];
  readonly bearer: readonly Secret[];
}

/** True when an `Authorization` header has one of the names with its password, or one of the tokens. Takes as long for any that has not. */
export function mayRead(authorization: string | undefined, { basic, bearer }: AccessRules): boolean {
  if (basic.length === 0 && bearer.length === 0) return true;
  const [, scheme = '', word = ''] = /^([A-Za-z]+) +(\S+)\s*$/.exec(authorization ?? '') ?? [];
  switch (scheme.toLowerCase()) {
    case 'basic':
      return anyEqual(
        Buffer.from(word, 'base64').toString('utf8'),
        basic.map(({ user, password }) => `${user}:${password.reveal()}`),
      );
    case 'bearer':
      return anyEqual(
        word,
        bearer.map((token) => token.reveal()),
      );
    default:
      return false;
  }
}

/** What is asked of who may not: the schemes that there are. */
export function challengeOf({ basic, bearer }: AccessRules): string {
  const schemes = [...(basic.length > 0 ? ['Basic realm="tunnelscope", charset="UTF-8"'] : []), ...(bearer.length > 0 ? ['Bearer'] : [])];
  return schemes.join(', ');
}

function anyEqual(given: string, right: readonly string[]): boolean {
  const digest = digestOf(given);
  let found = false;
  for (const each of right) found = timingSafeEqual(digest, digestOf(each)) || found;
  return found;
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
