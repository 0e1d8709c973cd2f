import { appendFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';

/**
 * Takes what the monitor sends: `receiver-main.js FILE HTTP-PORT SMTP-PORT`. What is taken goes to FILE, a JSON object a line: of Loki's
 * push API each value, of `/hook` each post, of SMTP each mail. What breaks the published schema is refused, and told on standard output.
 */

const [file = '', httpPort = '', smtpPort = ''] = process.argv.slice(2);

function keep(value: object): void {
  appendFileSync(file, `${JSON.stringify(value)}\n`);
}

const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const lastOf = new Map<string, bigint>();

/** What is wrong with a body of `POST /loki/api/v1/push`, by Loki's documentation of it; the values when nothing is. */
function pushed(body: unknown): { stream: object; time: string; line: string }[] | string {
  if (typeof body !== 'object' || body === null || Object.keys(body).join() !== 'streams') return 'not an object of streams alone';
  const streams: unknown = 'streams' in body ? body.streams : undefined;
  if (!Array.isArray(streams) || streams.length === 0) return 'streams is no list';
  const found: { stream: object; time: string; line: string }[] = [];
  for (const each of streams) {
    const { stream, values, ...rest } = each;
    if (Object.keys(rest).length > 0 || typeof stream !== 'object' || !Array.isArray(values) || values.length === 0) return 'not a stream';
    for (const [name, value] of Object.entries(stream)) if (!LABEL.test(name) || typeof value !== 'string') return `label ${name}`;
    if (Object.keys(stream).length === 0) return 'a stream without labels';
    const key = JSON.stringify(stream);
    for (const value of values) {
      const [time, line, ...more] = value;
      if (typeof time !== 'string' || !/^\d{19}$/.test(time) || typeof line !== 'string' || more.length > 0) return 'not a value';
      // Loki drops what has the time and text of another, so the same time twice is as bad as disorder.
      if (BigInt(time) < (lastOf.get(key) ?? 0n) - 3_600_000_000_000n) return 'too far behind';
      lastOf.set(key, BigInt(time));
      found.push({ stream, time, line });
    }
  }
  return found;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) if (Buffer.isBuffer(piece)) pieces.push(piece);
  const whole = Buffer.concat(pieces);
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(whole) : whole;
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await bodyOf(request);
  if (request.method !== 'POST' || request.headers['content-type'] !== 'application/json') return void response.writeHead(415).end();
  if (request.url === '/hook') {
    keep({ hook: body.toString(), headers: request.headers });
    return void response.writeHead(204).end();
  }
  if (request.url !== '/loki/api/v1/push') return void response.writeHead(404).end();
  const found = pushed(JSON.parse(body.toString()));
  if (typeof found === 'string') {
    process.stdout.write(`refused: ${found}\n`);
    return void response.writeHead(400).end(found);
  }
  appendFileSync(file, found.map((value) => `${JSON.stringify(value)}\n`).join(''));
  response.writeHead(204).end();
}

createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    process.stdout.write(`refused: ${String(error)}\n`);
    response.writeHead(400).end();
  });
}).listen(Number(httpPort), '127.0.0.1', () => process.stdout.write('http ready\n'));

/** As much of SMTP as a mail needs. */
function talk(socket: Socket): void {
  let text = '';
  let mail: string | undefined;
  const recipients: string[] = [];
  const say = (line: string): void => void socket.write(`${line}\r\n`);
  socket.on('error', () => undefined);
  say('220 receiver');
  socket.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
    for (let end = text.indexOf('\r\n'); end !== -1; end = text.indexOf('\r\n')) {
      const line = text.slice(0, end);
      text = text.slice(end + 2);
      if (mail !== undefined) {
        if (line === '.') {
          keep({ mail, to: [...recipients] });
          mail = undefined;
          say('250 kept');
        } else mail += `${line}\n`;
      } else if (/^RCPT TO:/i.test(line)) {
        recipients.push(line.slice(8));
        say('250 ok');
      } else if (/^DATA/i.test(line)) {
        mail = '';
        say('354 go on');
      } else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n');
      else say('250 ok');
    }
  });
}

createTcpServer(talk).listen(Number(smtpPort), '127.0.0.1', () => process.stdout.write('smtp ready\n'));
