import koffi from 'koffi';

/** The C library's functions as the worker calls them: pointers are numbers. Negative results: ask `errno` at once. */
export interface Libc {
  poll(descriptors: number, count: number, milliseconds: number): number;
  recvmmsg(fd: number, messages: number, count: number, flags: number, timeout: number): number;
  sendmmsg(fd: number, messages: number, count: number, flags: number): number;
  read(fd: number, into: number, count: number): number;
  write(fd: number, from: number, count: number): number;
  writev(fd: number, parts: number, count: number): number;
  setsockopt(fd: number, level: number, name: number, value: number, length: number): number;
  getsockopt(fd: number, level: number, name: number, value: number, length: number): number;
  /** The clock of this number into a `timespec`. */
  clock_gettime(clock: number, into: number): number;
  ioctl(fd: number, request: number, argument: number): number;
  if_indextoname(index: number, name: number): number;
  if_nametoindex(name: string): number;
  errno(): number;
  /** The address of a Buffer, which must be pinned. */
  addressOf(buffer: Buffer): number;
}

/** Throws when this system has not what the plane calls. */
export function loadLibc(): Libc {
  const library = koffi.load(null);
  return {
    poll: library.func('int poll(uintptr_t fds, unsigned long count, int timeout)'),
    recvmmsg: library.func('int recvmmsg(int fd, uintptr_t messages, unsigned int count, int flags, uintptr_t timeout)'),
    sendmmsg: library.func('int sendmmsg(int fd, uintptr_t messages, unsigned int count, int flags)'),
    read: library.func('long read(int fd, uintptr_t into, unsigned long count)'),
    write: library.func('long write(int fd, uintptr_t from, unsigned long count)'),
    writev: library.func('long writev(int fd, uintptr_t parts, int count)'),
    setsockopt: library.func('int setsockopt(int fd, int level, int name, uintptr_t value, unsigned int length)'),
    getsockopt: library.func('int getsockopt(int fd, int level, int name, uintptr_t value, uintptr_t length)'),
    clock_gettime: library.func('int clock_gettime(int clock, uintptr_t into)'),
    ioctl: library.func('int ioctl(int fd, unsigned long request, uintptr_t argument)'),
    if_indextoname: library.func('uintptr_t if_indextoname(unsigned int index, uintptr_t name)'),
    if_nametoindex: library.func('unsigned int if_nametoindex(const char *name)'),
    errno: () => koffi.errno(),
    addressOf: (buffer) => Number(koffi.address(buffer)),
  };
}
