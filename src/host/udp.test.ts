import { afterEach, describe, expect, it } from 'vitest';
import { FakeNetwork } from './fake-network.ts';
import { openUdp, type UdpSocket } from './udp.ts';
import type { SystemFailure } from './errno.ts';

interface Seen {
  readonly bytes: Buffer;
  readonly host: string;
  readonly port: number;
}

/** Packets of a socket, to be awaited one by one. */
function inbox(socket: UdpSocket): { next(): Promise<Seen>; failure: Promise<SystemFailure> } {
  const seen: Seen[] = [];
  let waiting: ((packet: Seen) => void) | undefined;
  let failed: (failure: SystemFailure) => void = () => {};
  const failure = new Promise<SystemFailure>((resolve) => {
    failed = resolve;
  });
  socket.listen({
    packet: (bytes, host, port) => {
      if (waiting === undefined) seen.push({ bytes, host, port });
      else waiting({ bytes, host, port });
      waiting = undefined;
    },
    failed: (failure) => failed(failure),
  });
  const next = (): Promise<Seen> => {
    const first = seen.shift();
    return first === undefined
      ? new Promise((resolve) => {
          waiting = resolve;
        })
      : Promise.resolve(first);
  };
  return { next, failure };
}

const open: UdpSocket[] = [];
async function opened(options: Parameters<typeof openUdp>[0]): Promise<UdpSocket> {
  const socket = await openUdp(options);
  open.push(socket);
  return socket;
}

afterEach(async () => {
  for (const socket of open.splice(0)) await socket.close();
});

describe('a UDP socket', () => {
  it('carries packets both ways and says where they came from', async () => {
    const a = await opened({ family: 4, host: '127.0.0.1', port: 0 });
    const b = await opened({ family: 4, host: '127.0.0.1', port: 0 });
    const [atA, atB] = [inbox(a), inbox(b)];
    a.send(Buffer.from('there'), '127.0.0.1', b.local.port);
    expect(await atB.next()).toEqual({ bytes: Buffer.from('there'), host: '127.0.0.1', port: a.local.port });
    b.send(Buffer.from('back'), '127.0.0.1', a.local.port);
    expect((await atA.next()).bytes.toString()).toBe('back');
    expect(a.local).toMatchObject({ transport: 'udp', family: 4, ip: '127.0.0.1' });
  });

  it('is dual-stack on IPv6 unless told not to, and answers what it heard', async () => {
    const dual = await opened({ family: 6, port: 0 });
    const four = await opened({ family: 4, host: '127.0.0.1', port: 0 });
    const [atDual, atFour] = [inbox(dual), inbox(four)];
    four.send(Buffer.from('from 4'), '127.0.0.1', dual.local.port);
    const seen = await atDual.next();
    expect(seen.host).toBe('::ffff:127.0.0.1');
    dual.send(Buffer.from('to 4'), seen.host, seen.port);
    expect((await atFour.next()).bytes.toString()).toBe('to 4');
    const six = await opened({ family: 6, ipv6Only: true, host: '::1', port: 0 });
    six.send(Buffer.from('from 6'), '::1', dual.local.port);
    expect(await atDual.next()).toMatchObject({ host: '::1', port: six.local.port });
  });

  it('names a taken address in the words of OpenVPN', async () => {
    const { port } = (await opened({ family: 4, host: '127.0.0.1', port: 0 })).local;
    await expect(openUdp({ family: 4, host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'LISTEN',
      message: `TCP/UDP: Socket bind failed on local address [AF_INET]127.0.0.1:${port}: Address already in use (errno=98)`,
    });
    await expect(openUdp({ family: 4, host: '192.0.2.77', port: 1194 })).rejects.toThrow(
      'TCP/UDP: Socket bind failed on local address [AF_INET]192.0.2.77:1194: Cannot assign requested address (errno=99)',
    );
    await expect(openUdp({ family: 4, port })).rejects.toThrow(`[AF_INET][undef]:${port}: Address already in use`);
  });

  it('with one peer hears nobody else, and hears that the peer is not there', async () => {
    const peer = await opened({ family: 4, host: '127.0.0.1', port: 0 });
    const { port } = peer.local;
    const client = await opened({ family: 4, host: '127.0.0.1', port: 0, remote: { host: '127.0.0.1', port } });
    const stranger = await opened({ family: 4, host: '127.0.0.1', port: 0 });
    const [atClient, atPeer] = [inbox(client), inbox(peer)];
    client.send(Buffer.from('hello'), '127.0.0.1', port);
    await atPeer.next();
    stranger.send(Buffer.from('no'), '127.0.0.1', client.local.port);
    peer.send(Buffer.from('yes'), '127.0.0.1', client.local.port);
    expect((await atClient.next()).bytes.toString()).toBe('yes');
    await peer.close();
    client.send(Buffer.from('still there?'), '127.0.0.1', port);
    expect(await atClient.failure).toEqual({ code: 'ECONNREFUSED', errno: 111, words: 'Connection refused' });
  });

  it('applies buffer sizes and tells them', async () => {
    const { buffers } = await opened({ family: 4, host: '127.0.0.1', port: 0, receiveBuffer: 65_536, sendBuffer: 32_768 });
    // Linux keeps twice what it is asked for.
    expect(buffers.receive[1]).toBe(131_072);
    expect(buffers.send[1]).toBe(65_536);
    expect(buffers.receive[0]).toBeGreaterThan(0);
  });

  it('drops and counts what it cannot send', async () => {
    const socket = await openUdp({ family: 4, host: '127.0.0.1', port: 0 });
    socket.send(Buffer.from('x'), '127.0.0.1', 0);
    await socket.close();
    socket.send(Buffer.from('x'), '127.0.0.1', 1194);
    expect(socket.dropped).toBe(2);
    await socket.close();
  });
});

describe('a UDP socket of the fake network', () => {
  it('carries packets when told to, and as often as fate will have it', async () => {
    const network = new FakeNetwork();
    const [a, b] = [network.udp('10.0.0.1', 1194), network.udp('10.0.0.2')];
    const seen: string[] = [];
    b.listen({ packet: (bytes, host, port) => seen.push(`${bytes.toString()} ${host} ${port}`), failed: () => {} });
    network.fate = (bytes) => ({ lost: 0, twice: 2 })[bytes.toString()] ?? 1;
    for (const text of ['once', 'lost', 'twice']) a.send(Buffer.from(text), '10.0.0.2', b.local.port);
    expect(seen).toEqual([]);
    expect(network.settle()).toBe(3);
    expect(seen).toEqual(['once 10.0.0.1 1194', 'twice 10.0.0.1 1194', 'twice 10.0.0.1 1194']);
    expect(() => network.udp('10.0.0.1', 1194)).toThrow(/Socket bind failed .*10\.0\.0\.1:1194: Address already in use/);
    await a.close();
    network.udp('10.0.0.1', 1194);
  });
});
