import { connect, createServer, type Socket } from 'node:net';

/**
 * A proxy for one test: `http` (CONNECT) or `socks` (version 5), with a name and password that it insists on. Says `to HOST PORT` for
 * each way that it opens.
 */
const [kind, port = '', name = '', password = ''] = process.argv.slice(2);

function join(client: Socket, host: string, targetPort: number, answer: Buffer): void {
  process.stdout.write(`to ${host} ${targetPort}\n`);
  const server = connect(targetPort, host, () => {
    client.write(answer);
    client.pipe(server);
    server.pipe(client);
  });
  server.on('error', () => client.destroy());
  client.on('close', () => server.destroy());
}

function serveHttp(client: Socket): void {
  client.once('data', (head: Buffer) => {
    const text = head.toString('latin1');
    const [, host = '', target = ''] = /^CONNECT (\S+):(\d+) HTTP\//.exec(text) ?? [];
    const given = /^Proxy-Authorization: Basic (\S+)\r$/m.exec(text)?.[1];
    if (given !== Buffer.from(`${name}:${password}`).toString('base64')) return client.end('HTTP/1.0 407 Login\r\n\r\n');
    return join(client, host, Number(target), Buffer.from('HTTP/1.0 200 OK\r\n\r\n'));
  });
}

/** Each message of a SOCKS client comes in a packet of its own. */
function serveSocks(client: Socket): void {
  client.once('data', () => {
    client.write(Buffer.from([5, 2]));
    client.once('data', (login: Buffer) => {
      const expected = Buffer.concat([
        Buffer.from([1, name.length]),
        Buffer.from(name),
        Buffer.from([password.length]),
        Buffer.from(password),
      ]);
      client.write(Buffer.from([1, login.equals(expected) ? 0 : 1]));
      client.once('data', (request: Buffer) => {
        const isName = request[3] === 3;
        const end = isName ? 5 + (request[4] ?? 0) : 8;
        const host = isName ? request.toString('latin1', 5, end) : [...request.subarray(4, end)].join('.');
        join(client, host, request.readUInt16BE(end), Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
      });
    });
  });
}

createServer((client) => {
  client.on('error', () => undefined);
  if (kind === 'http') serveHttp(client);
  else serveSocks(client);
}).listen(Number(port), () => process.stdout.write('listening\n'));
