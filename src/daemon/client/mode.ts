import { resolve } from 'node:path';
import { modeOf } from '../../engine/client/settings-from-options.ts';
import { readText } from '../../host/access.ts';
import { parseArguments } from '../../options/parse.ts';

/**
 * Whether a command line makes a client or a server. Only looks: nothing acts, what is wrong is found when the configuration is read
 * for good.
 */
export function modeOfArguments(argv: readonly string[]): 'client' | 'server' {
  let directory = process.cwd();
  let mode: string | undefined;
  const names = new Set<string>();
  for (const event of parseArguments(argv, { permission: 'config', readFile: (path) => readText(resolve(directory, path)) })) {
    if (event.kind !== 'directive') continue;
    const { name, values } = event.directive;
    names.add(name);
    if (name === 'cd') directory = resolve(directory, values[0] ?? '');
    if (name === 'mode') mode = values[0];
  }
  return modeOf(names, mode);
}
