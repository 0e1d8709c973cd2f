import { bitsMask, maskBits, networkOf, parseIp, parsePrefix } from '../base/ip.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { renderRow } from '../messages/row.ts';
import { type Directive, parseText } from '../options/parse.ts';
import type { InnerRoute } from '../protocol/data/plane.ts';
import { pushProblem } from './settings/pushes.ts';
import type { ClientConfig } from './settings.ts';
import type { Included } from './types.ts';

/** What a client's file, connect script or `client-auth` body came to: what was right in it, and what was wrong, in stock's words. */
export interface ParsedClientConfig {
  readonly config: ClientConfig;
  /** For `PUSH.clientFileError`, whose words before them they lack. */
  readonly warnings: readonly string[];
}

/** A config under construction. */
interface Draft {
  disable: boolean;
  pushReset: boolean;
  pushRemove: string[];
  pushes: string[];
  address4: ClientConfig['address4'];
  address6: ClientConfig['address6'];
  internalRoutes: InnerRoute[];
}

/** The files that a text for one client names by `config`, at any depth, and that are not known yet. */
export function missingIncludes(text: string, file: string, known: Included): string[] {
  const missing = new Set<string>();
  const readFile = (path: string): Result<string, string> => {
    if (!known.has(path)) missing.add(path);
    return ok(known.get(path) ?? '');
  };
  for (const event of parseText(text, file, { permission: 'client-file', readFile })) void event;
  return [...missing];
}

/**
 * Reads the directives for one client. `file` is how warnings name the text. A wrong line is left out and named, and
 * the others count, as in stock. Of the files that `config` lines name, those count that are included.
 */
export function parseClientConfig(text: string, file: string, included: Included = new Map()): ParsedClientConfig {
  const readFile = (path: string): Result<string, string> => {
    const found = included.get(path);
    return found === undefined ? fail('not read') : ok(found);
  };
  const draft: Draft = {
    disable: false,
    pushReset: false,
    pushRemove: [],
    pushes: [],
    address4: undefined,
    address6: undefined,
    internalRoutes: [],
  };
  const warnings: string[] = [];
  for (const event of parseText(text, file, { permission: 'client-file', readFile })) {
    if (event.kind !== 'directive') {
      warnings.push(renderRow(event.note.row, event.note.args).replace(/^(?:Options (?:error|warning)|ERROR): /, ''));
      continue;
    }
    const problem = apply(draft, event.directive);
    if (problem !== undefined) warnings.push(problem);
  }
  return { config: draft, warnings };
}

/** Takes one directive in; says what is wrong with it. */
function apply(draft: Draft, directive: Directive): string | undefined {
  const [first = '', second] = directive.values;
  switch (directive.name) {
    case 'config':
      return undefined;
    case 'disable':
      draft.disable = true;
      return undefined;
    case 'push-reset':
      draft.pushReset = true;
      draft.pushes = [];
      return undefined;
    case 'push-remove':
      draft.pushRemove.push(first);
      draft.pushes = draft.pushes.filter((each) => !each.startsWith(first));
      return undefined;
    case 'push':
      return applyPush(draft, first);
    case 'iroute':
      return applyRoute4(draft, first, second);
    case 'iroute-ipv6':
      return applyRoute6(draft, first);
    case 'ifconfig-push':
      return applyAddress4(draft, first, second);
    case 'ifconfig-ipv6-push':
      return applyAddress6(draft, first);
    default: {
      const { file, line } = directive.source;
      return `--${directive.name} has no effect in client files (${file}:${line})`;
    }
  }
}

function applyPush(draft: Draft, option: string): string | undefined {
  const problem = pushProblem(option);
  if (problem === undefined) draft.pushes.push(option);
  return problem;
}

function applyRoute4(draft: Draft, network: string, netmask: string | undefined): string | undefined {
  const address = parseIp(network);
  const mask = parseIp(netmask ?? '255.255.255.255');
  const bits = mask?.family === 4 ? maskBits(mask.bytes) : undefined;
  if (address?.family !== 4 || bits === undefined || !networkOf(address.bytes, bits).equals(address.bytes)) {
    return `in --iroute ${network} ${netmask ?? ''} : Bad network/subnet specification`;
  }
  draft.internalRoutes.push({ family: 4, network: address.bytes, bits });
  return undefined;
}

function applyRoute6(draft: Draft, text: string): string | undefined {
  const prefix = parsePrefix(text);
  if (prefix?.family !== 6) return `in --iroute-ipv6 ${text}: Bad IPv6 prefix specification`;
  draft.internalRoutes.push({ family: 6, network: networkOf(prefix.bytes, prefix.bits), bits: prefix.bits });
  return undefined;
}

function applyAddress4(draft: Draft, text: string, netmask = '255.255.255.255'): string | undefined {
  const address = parseIp(text);
  const mask = parseIp(netmask);
  if (address?.family !== 4 || mask?.family !== 4 || maskBits(mask.bytes) === undefined) return 'cannot parse --ifconfig-push addresses';
  draft.address4 = { address: address.bytes, mask: bitsMask(maskBits(mask.bytes) ?? 32) };
  return undefined;
}

function applyAddress6(draft: Draft, text: string): string | undefined {
  const prefix = parsePrefix(text);
  if (prefix?.family !== 6) return 'cannot parse --ifconfig-ipv6-push addresses';
  draft.address6 = { address: prefix.bytes, bits: prefix.bits };
  return undefined;
}
