import { lookup } from 'node:dns/promises';
import { parseIp } from '../base/ip.ts';
import { fail, ok, type Result } from '../base/result.ts';

/** An address that a name stands for. */
export interface ResolvedAddress {
  readonly ip: string;
  readonly family: 4 | 6;
}

/** What the C library says of a name that it cannot resolve. */
const WORDS: Readonly<Record<string, string>> = {
  EAI_AGAIN: 'Temporary failure in name resolution',
  ENOTFOUND: 'Name or service not known',
  EAI_NODATA: 'No address associated with hostname',
};

/** True of a name that has to be looked up. */
export function isName(host: string): boolean {
  return parseIp(host) === undefined;
}

/** All addresses of a name, in the system's order. The error is the C library's. Never rejects. */
export async function resolveHost(host: string, family: 4 | 6 | undefined): Promise<Result<readonly ResolvedAddress[], string>> {
  try {
    const found = await lookup(host, { all: true, order: 'verbatim', family: family ?? 0 });
    return ok(found.map(({ address, family: its }) => ({ ip: address, family: its === 6 ? 6 : 4 })));
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
    return fail(WORDS[code] ?? code);
  }
}
