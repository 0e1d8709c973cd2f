import type { Socket } from 'node:net';

/** Who is at the other end of a unix socket, as the kernel saw it when they connected. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

type GetSockOpt = (fd: number, level: number, name: number, value: Buffer, length: Buffer) => number;

let getSockOpt: Promise<GetSockOpt> | undefined;

/** The credentials of the other end; undefined when the system does not tell (not Linux, not a unix socket, already closed). */
export async function unixPeerCredentials(socket: Socket): Promise<PeerCredentials | undefined> {
  if (process.platform !== 'linux') return undefined;
  getSockOpt ??= loadGetSockOpt();
  const call = await getSockOpt;
  const fd = descriptorOf(socket);
  if (fd === undefined) return undefined;
  const value = Buffer.alloc(12);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(value.length);
  if (call(fd, SOL_SOCKET, SO_PEERCRED, value, length) !== 0 || length.readUInt32LE() !== value.length) return undefined;
  const [pid, uid, gid] = [value.readInt32LE(0), value.readUInt32LE(4), value.readUInt32LE(8)];
  return pid === 0 ? undefined : { pid, uid, gid };
}

async function loadGetSockOpt(): Promise<GetSockOpt> {
  const { default: koffi } = await import('koffi');
  return koffi.load(null).func('int getsockopt(int fd, int level, int name, void *value, void *length)');
}

/** Node keeps the descriptor in a handle that its types do not show. */
function descriptorOf(socket: Socket): number | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null || !('fd' in handle)) return undefined;
  return typeof handle.fd === 'number' && handle.fd >= 0 ? handle.fd : undefined;
}
