import { CLIENT } from '../../messages/client.ts';
import type { Notes } from '../../messages/notes.ts';
import { PUSH } from '../../messages/push.ts';
import { parsePushed } from '../../options/parse.ts';
import type { FilteredPush } from '../client-types.ts';
import type { PullSettings } from './configuration.ts';

/** What `route-nopull` leaves out. */
const ROUTE_CLASS =
  /^(?:route|route-ipv6|route-gateway|route-metric|route-delay|redirect-gateway|redirect-private|dhcp-option|dns|block-ipv6|block-outside-dns|client-nat)(?: |$)/;

/** Compression that changes how packets look. `stub-v2` and `migrate` leave IP packets as they are. */
const COMPRESSION = /^(?:comp-lzo|compress(?! (?:stub-v2|migrate)$))(?: |$)/;

/** Stock's words. */
const COMPRESSION_REFUSED =
  'server pushed compression settings that are not allowed and will result in a non-working connection. See also allow-compression in the manual.';

const OFFENDING = 'Offending option received from server';

const noFiles = () => ({ ok: false, error: 'a server names no files' }) as const;

/**
 * What is taken of pushed options: what `pull-filter` and `route-nopull` leave, without what a server may not push (facts: wire 13).
 * What is left out is said.
 */
export function filterPushed(options: readonly string[], settings: PullSettings, notes: Notes): FilteredPush {
  const kept: string[] = [];
  for (const option of options) {
    const rule = settings.filters.find(({ prefix }) => option.startsWith(prefix));
    if (rule?.action === 'reject') {
      notes.add(PUSH.rejected, { option });
      return { refused: OFFENDING };
    }
    if (rule?.action === 'ignore') {
      notes.add(PUSH.filtered, { option });
      continue;
    }
    if (settings.withoutRoutes && ROUTE_CLASS.test(option)) {
      notes.add(PUSH.pushedOptionError, { text: `option '${option.split(' ')[0] ?? ''}' cannot be used in this context ([PUSH-OPTIONS])` });
      continue;
    }
    if (COMPRESSION.test(option)) {
      notes.add(CLIENT.optionsError, { text: COMPRESSION_REFUSED });
      return { refused: 'process-push-msg-failed' };
    }
    if (isAllowed(option, notes)) kept.push(option);
  }
  return { options: kept };
}

/** Options that stock's clients take without a word. */
const SILENT = /^(?:block-outside-dns|parameter |echo |push-continuation |tun-ipv6)/;

function isAllowed(option: string, notes: Notes): boolean {
  let allowed = true;
  for (const event of parsePushed([option], noFiles)) {
    if (event.kind === 'directive' || SILENT.test(option)) continue;
    allowed = false;
    const text = String(event.note.args['text'] ?? `option '${option.split(' ')[0] ?? ''}' is unknown ([PUSH-OPTIONS])`);
    notes.add(PUSH.pushedOptionError, { text });
  }
  return allowed;
}
