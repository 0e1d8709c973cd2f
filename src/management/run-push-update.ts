import type { DaemonReply } from '../model/daemon-port.ts';
import { ask, type Call, error, type Outcome, reply, success } from './command.ts';
import { notSupported } from './run-daemon.ts';
import { unsignedNumber } from './numbers.ts';

/** New options for connected clients (facts: management 18): both outcomes are two lines. */

/** `push-update-broad OPTIONS`. */
export function runPushUpdateBroad({ words: [options = ''] }: Call): Outcome {
  return update(undefined, options, 'push-update');
}

/** `push-update-cid CID OPTIONS`. */
export function runPushUpdateCid({ words: [id = '', options = ''] }: Call): Outcome {
  const clientId = unsignedNumber(id);
  if (clientId === undefined) return reply(error('cannot parse CID'), error('push-update-cid fail during cid parsing'));
  return update(clientId, options, 'push-update');
}

function update(clientId: number | undefined, options: string, name: string): Outcome {
  const detail = (answer: DaemonReply): string[] | undefined => {
    if (answer.kind !== 'updated') return undefined;
    const left = answer.unsupported.map((id) => `PUSH_UPDATE: not sending message to unsupported peer with ID: ${id}`);
    if (answer.count === 0) return [...left, error('no client updated'), error(`${name} command failed`)];
    return [...left, success(`${answer.count} client(s) updated`), success(`${name} command succeeded`)];
  };
  return ask({ kind: 'push-update', clientId, options }, { refused: notSupported(name), detail });
}
