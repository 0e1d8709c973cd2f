/**
 * What the log may show of a control message (facts: logging 9). Stock takes out what follows `echo `, `auth-token ` and
 * `SESS_ID_`, up to the next comma, and shows tokens from verb 7 on. Ours never shows a token, nor the answer to a
 * challenge, at any level.
 */

/** A marker, how much of it stays, and whether it is looked for anywhere or at the start alone. */
const MARKERS = [
  { marker: 'echo ', kept: 'echo' },
  { marker: 'auth-token ', kept: 'auth-token' },
  { marker: 'SESS_ID_', kept: 'SESS_ID' },
] as const;

/** The answer to a challenge: base64 of what the user typed. */
const RESPONSE = 'CR_RESPONSE,';

/** The message without secrets. */
export function redactControlMessage(message: string): string {
  if (message.startsWith(RESPONSE)) return `${RESPONSE}[redacted]`;
  if (!MARKERS.some(({ marker }) => message.includes(marker))) return message;
  return message.split(',').map(redactOption).join(',');
}

/** An option up to the first marker; markers behind it show that they were there, and nothing else does. */
function redactOption(option: string): string {
  let shown = '';
  let rest = option;
  for (let hiding = false; ; hiding = true) {
    const found = firstMarker(rest);
    if (!hiding) shown = found === undefined ? rest : rest.slice(0, found.at);
    if (found === undefined) return shown;
    shown += found.kept;
    rest = rest.slice(found.at + found.marker.length);
  }
}

function firstMarker(text: string): { readonly at: number; readonly marker: string; readonly kept: string } | undefined {
  const found = MARKERS.map((row) => ({ ...row, at: text.indexOf(row.marker) })).filter(({ at }) => at >= 0);
  return found.sort((a, b) => a.at - b.at)[0];
}
