import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../base/secret.ts';

/** What somebody may do over HTTP: look; or also change what the monitor does, such as silencing alerts. */
export type HttpRole = 'read' | 'operate';

/** Who may do what. Where nothing is here, everybody may read, and nobody more. */
export interface AccessRules {
  /** These may read. */
  readonly basic: readonly { readonly user: string; readonly password: Secret }[];
  readonly bearer: readonly Secret[];
  readonly tokens: readonly { readonly token: Secret; readonly role: HttpRole }[];
}

/**
 * What an `Authorization` header lets somebody do: one of the names with its password, or one of the tokens. Undefined for nothing at
 * all; takes as long for any that is wrong.
 */
export function roleOf(authorization: string | undefined, { basic, bearer, tokens }: AccessRules): HttpRole | undefined {
  if (basic.length === 0 && bearer.length === 0 && tokens.length === 0) return 'read';
  const [, scheme = '', word = ''] = /^([A-Za-z]+) +(\S+)\s*$/.exec(authorization ?? '') ?? [];
  switch (scheme.toLowerCase()) {
    case 'basic': {
      const given = Buffer.from(word, 'base64').toString('utf8');
      return bestOf(
        given,
        basic.map(({ user, password }) => ({ right: `${user}:${password.reveal()}`, role: 'read' })),
      );
    }
    case 'bearer':
      return bestOf(word, [
        ...bearer.map((token) => ({ right: token.reveal(), role: 'read' as const })),
        ...tokens.map(({ token, role }) => ({ right: token.reveal(), role })),
      ]);
    default:
      return undefined;
  }
}

/** What is asked of who may not: the schemes that there are. */
export function challengeOf({ basic, bearer, tokens }: AccessRules): string {
  const names = basic.length > 0 ? ['Basic realm="tunnelscope", charset="UTF-8"'] : [];
  return [...names, ...(bearer.length + tokens.length > 0 ? ['Bearer'] : [])].join(', ');
}

function bestOf(given: string, those: readonly { readonly right: string; readonly role: HttpRole }[]): HttpRole | undefined {
  const digest = digestOf(given);
  let found: HttpRole | undefined;
  for (const { right, role } of those) if (timingSafeEqual(digest, digestOf(right)) && found !== 'operate') found = role;
  return found;
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
