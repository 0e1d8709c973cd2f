import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { chmodSync } from 'node:fs';
import { once } from 'node:events';
import { TunnelscopeError } from '../base/errors.ts';
import { failureFrom, formatFailure } from './errno.ts';
import { clearPath, type StreamAddress, type StreamTls } from './net-listener.ts';
import { streamAddressText } from './stream-address.ts';

/** A question over HTTP; bodies are not read. */
export interface HttpQuestion {
  readonly method: string;
  /** As it came, without the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** What is answered. A body in pieces is made as fast as it is taken. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Iterable<string | Uint8Array>;
}

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
};

/** Serves answers at an address. Rejects with LISTEN, or KEY_MATERIAL for a certificate that cannot be used. */
export async function listenHttp(
  where: StreamAddress,
  tls: StreamTls | undefined,
  answer: (question: HttpQuestion) => HttpAnswer,
): Promise<HttpListener> {
  const server = makeServer(tls, (request, response) => void respond(request, response, answer));
  server.maxConnections = LIMITS.connections;
  await bind(server, where);
  server.on('error', () => undefined);
  const bound = server.address();
  const local: StreamAddress =
    where.kind === 'unix' || bound === null || typeof bound === 'string' ? where : { kind: 'tcp', host: bound.address, port: bound.port };
  return { local, close: () => close(server) };
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

async function respond(request: IncomingMessage, response: ServerResponse, answer: (question: HttpQuestion) => HttpAnswer): Promise<void> {
  // Nothing is asked with a body; what comes of one is passed over.
  request.resume();
  response.on('error', () => undefined);
  response.setTimeout(LIMITS.readMs, () => response.destroy());
  try {
    const { method = '', url = '', headers } = request;
    const { status, headers: own, body } = answer({ method, path: url.split('?', 1)[0] ?? '', headers });
    response.writeHead(status, own);
    if (method !== 'HEAD') await writeBody(response, typeof body === 'string' ? [body] : body);
    response.end();
  } catch {
    // Half an answer must not look like a whole one.
    response.destroy();
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
