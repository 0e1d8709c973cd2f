import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { TUNNEL_SERVER4 } from './support/daemons.ts';
import { useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';

/** Long enough for three renegotiations, 5 s apart at most. */
const THREE_RENEGOTIATIONS = 17_000;

describe.skipIf(!requireInterop())('renegotiation every 5 s under ping', () => {
  const lab = useLab(['alice']);

  it.each([
    ['the server', ['reneg-sec 5'], [], 'tls-crypt', 'udp'],
    ['the client', [], ['reneg-sec 5'], 'tls-crypt', 'udp'],
    ['both', ['reneg-sec 5'], ['reneg-sec 5'], 'tls-crypt', 'udp'],
    ['the server without control channel protection', ['reneg-sec 5'], [], 'none', 'udp'],
    ['the client over TCP with tls-auth', [], ['reneg-sec 5'], 'tls-auth', 'tcp'],
  ] as const)('started by %s loses no ping', async (_who, serverLines, clientLines, wrap, proto) => {
    const [serverProto, clientProto] = proto === 'tcp' ? ['tcp-server', 'tcp-client'] : ['udp', 'udp'];
    const server = await lab.server({ lines: serverLines, wrap, proto: serverProto });
    const alice = await lab.client('alice', { lines: clientLines, wrap, proto: clientProto });
    const steady = lab.longPing(alice, TUNNEL_SERVER4);
    await delay(THREE_RENEGOTIATIONS);
    const { sent, received } = await steady.stop();
    expect(server.process.matching('Control Channel: TLSv1.3').length).toBeGreaterThanOrEqual(4);
    // The last request may be on its way when the ping is stopped.
    expect(sent - received).toBeLessThanOrEqual(1);
    expect(server.process.matching('Peer Connection Initiated')).toHaveLength(1);
  });
});
