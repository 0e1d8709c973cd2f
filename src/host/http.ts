import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { chmodSync } from 'node:fs';
import { once } from 'node:events';
import { TunnelscopeError } from '../base/errors.ts';
import { failureFrom, formatFailure } from './errno.ts';
import { clearPath, type StreamAddress, type StreamTls } from './net-listener.ts';
import { streamAddressText } from './stream-address.ts';

/** A question over HTTP. */
export interface HttpQuestion {
  readonly method: string;
  /** As it came, without the query. */
  readonly path: string;
  /** What follows the question mark, as it came. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Reads the body, which nobody has to: undefined when it is too long or breaks off. */
  readonly body: () => Promise<Buffer | undefined>;
}

/** What is answered. A body in pieces is made as fast as it is taken. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Iterable<string | Uint8Array>;
  /** Comes behind the body, for as long as there is more. */
  readonly stream?: HttpStream;
}

/** An answer that goes on. What has not been taken is its maker's to bound. */
export interface HttpStream {
  /** More of it, when there is; asked for once the last was taken. Undefined ends it. */
  next(): Promise<string | undefined>;
  /** The reader has gone, or the server ends: whoever waits for `next` is to get undefined. */
  close(): void;
}

/** Answers a question. */
export type HttpAnswerer = (question: HttpQuestion) => HttpAnswer | Promise<HttpAnswer>;

/** A server that listens. */
export interface HttpListener {
  readonly local: StreamAddress;
  /** Takes no more questions, and lets those under way a second. */
  close(): Promise<void>;
}

/** Slower ones are cut off; nobody has to ask for anything that is long. */
const LIMITS = {
  connections: 256,
  headersMs: 10_000,
  requestMs: 15_000,
  idleMs: 60_000,
  readMs: 30_000,
  lingerMs: 1000,
  headerBytes: 16_384,
  bodyBytes: 65_536,
};

/** Serves answers at an address. Rejects with LISTEN, or KEY_MATERIAL for a certificate that cannot be used. */
export async function listenHttp(where: StreamAddress, tls: StreamTls | undefined, answer: HttpAnswerer): Promise<HttpListener> {
  const streams = new Set<HttpStream>();
  const server = makeServer(tls, (request, response) => void respond(request, response, answer, streams));
  server.maxConnections = LIMITS.connections;
  await bind(server, where);
  server.on('error', () => undefined);
  const bound = server.address();
  const local: StreamAddress =
    where.kind === 'unix' || bound === null || typeof bound === 'string' ? where : { kind: 'tcp', host: bound.address, port: bound.port };
  return {
    local,
    close() {
      for (const stream of streams) stream.close();
      return close(server);
    },
  };
}

function makeServer(tls: StreamTls | undefined, listener: RequestListener): Server {
  const options = {
    headersTimeout: LIMITS.headersMs,
    requestTimeout: LIMITS.requestMs,
    keepAliveTimeout: LIMITS.idleMs,
    maxHeaderSize: LIMITS.headerBytes,
  };
  if (tls === undefined) return createServer(options, listener);
  const { cert, key, ca } = tls;
  const asked = ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true };
  try {
    return createTlsServer({ ...options, cert, key, ...asked, minVersion: 'TLSv1.2', handshakeTimeout: LIMITS.headersMs }, listener);
  } catch (cause) {
    throw new TunnelscopeError('KEY_MATERIAL', `certificate and key for HTTPS: ${failureFrom(cause).words}`, { cause });
  }
}

async function bind(server: Server, where: StreamAddress): Promise<void> {
  if (where.kind === 'unix') await clearPath(where.path);
  try {
    if (where.kind === 'unix') server.listen({ path: where.path });
    else server.listen({ host: where.host, port: where.port, exclusive: true });
    await once(server, 'listening');
    if (where.kind === 'unix') chmodSync(where.path, 0o660);
  } catch (thrown) {
    const why = formatFailure(failureFrom(thrown));
    throw new TunnelscopeError('LISTEN', `HTTP: cannot listen on ${streamAddressText(where)}: ${why}`, { cause: thrown });
  }
}

async function respond(request: IncomingMessage, response: ServerResponse, answer: HttpAnswerer, streams: Set<HttpStream>): Promise<void> {
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  response.setTimeout(LIMITS.readMs, () => response.destroy());
  try {
    const { method = '', url = '', headers } = request;
    const [path, query] = splitOnce(url);
    const given = answer({ method, path, query, headers, body: () => readBody(request) });
    const { status, headers: own, body, stream } = given instanceof Promise ? await given : given;
    // What comes of a body that nobody read is passed over.
    request.resume();
    response.writeHead(status, own);
    if (method === 'HEAD') stream?.close();
    else {
      await writeBody(response, typeof body === 'string' ? [body] : body);
      if (stream !== undefined) await writeStream(response, stream, streams);
    }
    response.end();
  } catch {
    // Half an answer must not look like a whole one.
    response.destroy();
  }
}

function splitOnce(url: string): [path: string, query: string] {
  const mark = url.indexOf('?');
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
}

/** A body that takes too long is ended by the server's own limit of time. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of request.iterator({ destroyOnReturn: false })) {
      if (!Buffer.isBuffer(piece)) return undefined;
      bytes += piece.length;
      if (bytes > LIMITS.bodyBytes) return undefined;
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  } catch {
    return undefined;
  }
}

async function writeStream(response: ServerResponse, stream: HttpStream, streams: Set<HttpStream>): Promise<void> {
  const gone = (): void => stream.close();
  streams.add(stream);
  response.on('close', gone);
  try {
    for (;;) {
      const text = response.destroyed ? undefined : await stream.next();
      if (text === undefined || response.destroyed) return;
      if (!response.write(text)) await taken(response);
    }
  } finally {
    response.off('close', gone);
    streams.delete(stream);
    stream.close();
  }
}

/** Makes a piece when the one before is on its way: a slow reader costs one piece. */
async function writeBody(response: ServerResponse, pieces: Iterable<string | Uint8Array>): Promise<void> {
  for (const piece of pieces) {
    if (response.destroyed) return;
    if (response.write(piece)) continue;
    await taken(response);
  }
}

/** When what was written has been taken, or never will be. */
function taken(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      response.off('drain', finish).off('close', finish);
      resolve();
    };
    response.on('drain', finish).on('close', finish);
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), LIMITS.lingerMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
