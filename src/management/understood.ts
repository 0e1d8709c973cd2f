/** What comes unasked from a daemon, as a management client understands it (facts: management 9). */
export type Notification =
  | { readonly kind: 'info'; readonly text: string }
  | { readonly kind: 'log'; readonly time: number; readonly flags: string; readonly text: string }
  | { readonly kind: 'state'; readonly state: StateNotice }
  | { readonly kind: 'echo'; readonly time: number; readonly text: string }
  | { readonly kind: 'hold'; readonly text: string; readonly seconds: number | undefined }
  | { readonly kind: 'fatal'; readonly text: string }
  | PasswordNotice
  | { readonly kind: 'need-ok'; readonly type: string; readonly text: string }
  | { readonly kind: 'need-str'; readonly type: string; readonly text: string }
  /** Something to sign, in base64; `answer` is the command that takes the signature. */
  | {
      readonly kind: 'sign-request';
      readonly answer: 'pk-sig' | 'rsa-sig';
      readonly data: string;
      /** `RSA_PKCS1_PADDING`, `ECDSA`, `RSA_PKCS1_PSS_PADDING,hashalg=SHA256,saltlen=digest`. */
      readonly algorithm: string | undefined;
    }
  /** `certificate` answers it. */
  | { readonly kind: 'need-certificate'; readonly hint: string }
  | { readonly kind: 'remote'; readonly host: string; readonly port: number; readonly proto: string }
  | { readonly kind: 'proxy'; readonly index: number; readonly proto: string; readonly host: string }
  | { readonly kind: 'bytecount'; readonly received: number; readonly sent: number }
  | { readonly kind: 'client-bytecount'; readonly clientId: number; readonly received: number; readonly sent: number }
  | { readonly kind: 'client'; readonly what: string; readonly clientId: number; readonly keyId: number | undefined; readonly env: Env }
  | { readonly kind: 'client-address'; readonly clientId: number; readonly address: string; readonly primary: boolean }
  | { readonly kind: 'client-response'; readonly clientId: number; readonly keyId: number; readonly response: string; readonly env: Env }
  | { readonly kind: 'infomsg'; readonly text: string }
  | { readonly kind: 'notify'; readonly severity: string; readonly type: string; readonly text: string }
  | { readonly kind: 'updown'; readonly up: boolean; readonly env: Env }
  | { readonly kind: 'event'; readonly json: unknown }
  /** What this release does not know, as it came, without `>`. */
  | { readonly kind: 'unknown'; readonly line: string };

/** `>PASSWORD:`: a question, how the last answer fared, or a token. */
export interface PasswordNotice {
  readonly kind: 'password';
  readonly text: string;
  readonly type: string | undefined;
  /** What is asked for; undefined when nothing is. */
  readonly needs: PasswordNeed | undefined;
  /** A question of the configuration that is answered together with the password (facts: management 14). */
  readonly challenge: { readonly text: string; readonly echo: boolean; readonly concatenated: boolean } | undefined;
  /** The last answer was wrong; `reason` holds the server's words, a dynamic challenge among them. */
  readonly failed: boolean;
  readonly reason: string | undefined;
}

/** Names and values in the order they came; a name may come twice. */
export type Env = readonly (readonly [name: string, value: string])[];

/** What a `>PASSWORD:Need` asks for. */
export type PasswordNeed = 'password' | 'username/password' | 'username';

/** A `>STATE` line; empty fields are undefined. */
export interface StateNotice {
  readonly time: number;
  readonly name: string;
  readonly detail: string | undefined;
  readonly tun4: string | undefined;
  readonly remote: string | undefined;
  readonly remotePort: number | undefined;
  readonly local: string | undefined;
  readonly localPort: number | undefined;
  readonly tun6: string | undefined;
}

/** One line without its `>`. Blocks are put together by the caller: a header that has one comes with an empty `env`. */
export function parseNotification(line: string): Notification {
  const colon = line.indexOf(':');
  const word = colon < 0 ? line : line.slice(0, colon);
  const rest = colon < 0 ? '' : line.slice(colon + 1);
  const parse = Object.hasOwn(PARSERS, word) ? PARSERS[word] : undefined;
  return parse?.(rest) ?? { kind: 'unknown', line };
}

/** One line of a history: `state` and `log` rows have the form of their notifications. */
export function parseStateText(rest: string): StateNotice | undefined {
  const [time, name, detail, tun4, remote, remotePort, local, localPort, tun6] = rest.split(',');
  const at = whole(time);
  if (at === undefined || name === undefined) return undefined;
  return {
    time: at,
    name,
    detail: text(detail),
    tun4: text(tun4),
    remote: text(remote),
    remotePort: whole(remotePort),
    local: text(local),
    localPort: whole(localPort),
    tun6: text(tun6),
  };
}

const PARSERS: Readonly<Record<string, (rest: string) => Notification | undefined>> = {
  INFO: (rest) => ({ kind: 'info', text: rest }),
  FATAL: (rest) => ({ kind: 'fatal', text: rest }),
  INFOMSG: (rest) => ({ kind: 'infomsg', text: rest }),
  LOG: (rest) =>
    withMatch(/^(\d+),([A-Z]*),(.*)$/s, rest, ([time, flags, words]) => ({ kind: 'log', time: Number(time), flags, text: words })),
  ECHO: (rest) => withMatch(/^(\d+),(.*)$/s, rest, ([time, words]) => ({ kind: 'echo', time: Number(time), text: words })),
  STATE: (rest) => {
    const state = parseStateText(rest);
    return state && { kind: 'state', state };
  },
  HOLD: (rest) => ({ kind: 'hold', text: rest, seconds: whole(/:(\d+)$/.exec(rest)?.[1]) }),
  PASSWORD: parsePassword,
  PK_SIGN: (rest) =>
    withMatch(/^([^,]*)(?:,(.*))?$/s, rest, ([data, algorithm]) => ({
      kind: 'sign-request',
      answer: 'pk-sig',
      data,
      algorithm: text(algorithm),
    })),
  RSA_SIGN: (rest) => ({ kind: 'sign-request', answer: 'rsa-sig', data: rest, algorithm: undefined }),
  'NEED-CERTIFICATE': (rest) => ({ kind: 'need-certificate', hint: rest }),
  'NEED-OK': (rest) =>
    withMatch(/^Need '([^']*)' confirmation MSG:(.*)$/s, rest, ([type, words]) => ({ kind: 'need-ok', type, text: words })),
  'NEED-STR': (rest) => withMatch(/^Need '([^']*)' \w+ MSG:(.*)$/s, rest, ([type, words]) => ({ kind: 'need-str', type, text: words })),
  REMOTE: (rest) => withMatch(/^(.*),(\d+),([^,]*)$/, rest, ([host, port, proto]) => ({ kind: 'remote', host, port: Number(port), proto })),
  PROXY: (rest) =>
    withMatch(/^(\d+),([^,]*),(.*)$/, rest, ([index, proto, host]) => ({ kind: 'proxy', index: Number(index), proto, host })),
  BYTECOUNT: (rest) => withMatch(/^(\d+),(\d+)$/, rest, ([a, b]) => ({ kind: 'bytecount', received: Number(a), sent: Number(b) })),
  BYTECOUNT_CLI: (rest) =>
    withMatch(/^(\d+),(\d+),(\d+)$/, rest, ([id, a, b]) => ({
      kind: 'client-bytecount',
      clientId: Number(id),
      received: Number(a),
      sent: Number(b),
    })),
  CLIENT: parseClient,
  NOTIFY: (rest) =>
    withMatch(/^([^,]*),([^,]*),(.*)$/s, rest, ([severity, type, words]) => ({ kind: 'notify', severity, type, text: words })),
  UPDOWN: (rest) => (rest === 'UP' || rest === 'DOWN' ? { kind: 'updown', up: rest === 'UP', env: [] } : undefined),
  EVENT: (rest) => {
    try {
      return { kind: 'event', json: JSON.parse(rest) };
    } catch {
      return undefined;
    }
  },
};

function parsePassword(rest: string): Notification {
  const [, flags, question] = /^Need '[^']*' username\/password SC:(\d+),(.*)$/s.exec(rest) ?? [];
  const [failed, reason] = /^Verification Failed: '[^']*'(?: \['(.*)'\])?$/s.exec(rest) ?? [];
  return {
    kind: 'password',
    text: rest,
    type: /'([^']*)'/.exec(rest)?.[1],
    needs: needOf(/^Need '[^']*' (username\/password|username|password)\b/.exec(rest)?.[1]),
    challenge:
      question === undefined
        ? undefined
        : { text: question, echo: (Number(flags) & CHALLENGE.echo) !== 0, concatenated: (Number(flags) & CHALLENGE.concatenated) !== 0 },
    failed: failed !== undefined,
    reason,
  };
}

/** The bits of a static challenge's number. */
const CHALLENGE = { echo: 1, concatenated: 2 } as const;

function parseClient(rest: string): Notification | undefined {
  return (
    withMatch(/^ADDRESS,(\d+),(.*),([01])$/, rest, ([id, address, primary]) => ({
      kind: 'client-address',
      clientId: Number(id),
      address,
      primary: primary === '1',
    })) ??
    withMatch(/^CR_RESPONSE,(\d+),(\d+),(.*)$/, rest, ([id, key, response]) => ({
      kind: 'client-response',
      clientId: Number(id),
      keyId: Number(key),
      response,
      env: [],
    })) ??
    withMatch(/^([A-Z]+),(\d+)(?:,(\d+))?$/, rest, ([what, id, key]) => ({
      kind: 'client',
      what,
      clientId: Number(id),
      keyId: whole(key),
      env: [],
    }))
  );
}

/** The groups of a match; those that took no part are empty. */
function withMatch(
  pattern: RegExp,
  rest: string,
  use: (groups: readonly [string, string, string]) => Notification,
): Notification | undefined {
  const found = pattern.exec(rest);
  return found === null ? undefined : use([found[1] ?? '', found[2] ?? '', found[3] ?? '']);
}

function needOf(word: string | undefined): PasswordNeed | undefined {
  return word === 'password' || word === 'username/password' || word === 'username' ? word : undefined;
}

function text(field: string | undefined): string | undefined {
  return field === '' ? undefined : field;
}

function whole(field: string | undefined): number | undefined {
  return field !== undefined && /^\d{1,15}$/.test(field) ? Number(field) : undefined;
}
