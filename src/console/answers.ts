import type { HttpAnswer } from '../host/http.ts';

/** What answers of the console have in common. */

/** Nothing of it is for caches, frames or sniffing. */
export const COMMON_HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'",
};

/** Text for people. */
export function text(status: number, body: string, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return { status, headers: { ...COMMON_HEADERS, 'content-type': 'text/plain; charset=utf-8', ...headers }, body };
}

/** An object for programs. */
export function json(status: number, value: object, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return {
    status,
    headers: { ...COMMON_HEADERS, 'content-type': 'application/json; charset=utf-8', ...headers },
    body: `${JSON.stringify(value)}\n`,
  };
}

/** A part of a path as it was before it was written into one; as it stands where that cannot be told. */
export function decoded(written: string): string {
  try {
    return decodeURIComponent(written);
  } catch {
    return written;
  }
}

/** The first of a header. */
export function headerOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}
