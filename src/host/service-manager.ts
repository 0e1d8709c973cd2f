/** Words for systemd: `READY=1`, `RELOADING=1`, `STOPPING=1`, `STATUS=...`. */

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;

/**
 * Tells the service manager, when one waits to be told (`NOTIFY_SOCKET`); true when the system took it. Node has no datagram sockets
 * of the unix kind, so that the C library is asked; where that cannot be, nobody is told.
 */
export async function tellServiceManager(words: string, where: string | undefined = process.env['NOTIFY_SOCKET']): Promise<boolean> {
  if (process.platform !== 'linux' || where === undefined || !/^[/@]/.test(where) || where.length > 107) return false;
  try {
    const { default: koffi } = await import('koffi');
    const library = koffi.load(null);
    const open = library.func('int socket(int domain, int type, int protocol)');
    const send = library.func('long sendto(int fd, void *data, size_t length, int flags, void *address, unsigned int size)');
    const close = library.func('int close(int fd)');
    const fd: unknown = open(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (typeof fd !== 'number' || fd < 0) return false;
    const family = Buffer.alloc(2);
    if (littleEndian()) family.writeUInt16LE(AF_UNIX);
    else family.writeUInt16BE(AF_UNIX);
    const address = Buffer.concat([family, Buffer.from(where.replace(/^@/, '\0'))]);
    const bytes = Buffer.from(words);
    const sent: unknown = send(fd, bytes, bytes.length, MSG_DONTWAIT, address, address.length);
    close(fd);
    return Number(sent) === bytes.length;
  } catch {
    return false;
  }
}

function littleEndian(): boolean {
  return new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
}
