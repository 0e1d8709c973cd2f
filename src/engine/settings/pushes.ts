import type { Collected } from './collected.ts';

/** What clients would obey, and this server then not understand. */
const NOT_SPOKEN = new Set(['comp-lzo', 'compress', 'fragment', 'tls-crypt-v2']);

/** The longest option that the receiving side takes (facts: wire 13). */
const MAX_OPTION = 255;

/** Why an option cannot be pushed, in stock's words where it has some. */
export function pushProblem(option: string): string | undefined {
  if (option.includes(',')) return `PUSH OPTION FAILED (illegal comma (',') in string): '${option}'`;
  if (Buffer.byteLength(option) > MAX_OPTION)
    return `--push: an option may have at most ${MAX_OPTION} bytes, this has ${Buffer.byteLength(option)}`;
  const name = option.split(' ', 1)[0] ?? '';
  return NOT_SPOKEN.has(name) ? `--push: this server does not speak ${name}, so clients must not be told to` : undefined;
}

/** The options of `push` as they stood. */
export function configuredPushes(collected: Collected): string[] {
  const pushes: string[] = [];
  for (const directive of collected.all('push')) {
    const option = directive.values[0] ?? '';
    const problem = pushProblem(option);
    if (problem === undefined) pushes.push(option);
    else collected.error(problem, directive);
  }
  return pushes;
}
