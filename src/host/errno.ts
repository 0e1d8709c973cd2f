import { constants } from 'node:os';

/** What the C library calls the errors that sockets and devices meet: OpenVPN's log shows these words (facts: logging 13). */
const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EADDRINUSE: 'Address already in use',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EAFNOSUPPORT: 'Address family not supported by protocol',
  EAGAIN: 'Resource temporarily unavailable',
  EBADF: 'Bad file descriptor',
  EBADFD: 'File descriptor in bad state',
  EBUSY: 'Device or resource busy',
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection reset by peer',
  EEXIST: 'File exists',
  EHOSTUNREACH: 'No route to host',
  EDQUOT: 'Disk quota exceeded',
  EINVAL: 'Invalid argument',
  EIO: 'Input/output error',
  EISDIR: 'Is a directory',
  EMFILE: 'Too many open files',
  EMSGSIZE: 'Message too long',
  ENETUNREACH: 'Network is unreachable',
  ENFILE: 'Too many open files in system',
  ENODEV: 'No such device',
  ENOENT: 'No such file or directory',
  ENOMEM: 'Cannot allocate memory',
  ENOSPC: 'No space left on device',
  ENOTDIR: 'Not a directory',
  ENXIO: 'No such device or address',
  EPERM: 'Operation not permitted',
  EPIPE: 'Broken pipe',
  EROFS: 'Read-only file system',
  ETIMEDOUT: 'Connection timed out',
};

/** Where a number has two names (EAGAIN, EWOULDBLOCK), the first holds. */
/** Linux numbers that Node has no names for. */
const MORE: Readonly<Record<number, string>> = { 77: 'EBADFD' };

const NAMES = new Map<number, string>(
  Object.entries(constants.errno)
    .toReversed()
    .map(([name, number]) => [number, name]),
);

/** A failed system call, in the C library's words. */
export interface SystemFailure {
  /** `EADDRINUSE`; empty when the cause was no system call. */
  readonly code: string;
  /** Positive, as `errno` has it; 0 when the cause was no system call. */
  readonly errno: number;
  /** `Address already in use`. */
  readonly words: string;
}

/** The failure of an errno value. */
export function failureOf(errno: number): SystemFailure {
  const code = NAMES.get(errno) ?? MORE[errno] ?? '';
  return { code, errno, words: WORDS[code] ?? (code === '' ? `Unknown error ${errno}` : code) };
}

/** The failure behind something that Node threw or emitted. */
export function failureFrom(thrown: unknown): SystemFailure {
  const errno = thrown instanceof Error && 'errno' in thrown && typeof thrown.errno === 'number' ? Math.abs(thrown.errno) : 0;
  if (errno !== 0 && NAMES.has(errno)) return failureOf(errno);
  const code = thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
  return { code, errno, words: WORDS[code] ?? (thrown instanceof Error ? thrown.message : String(thrown)) };
}

/** `Address already in use (errno=98)`, as OpenVPN ends such messages. */
export function formatFailure(failure: SystemFailure): string {
  return failure.errno === 0 ? failure.words : `${failure.words} (errno=${failure.errno})`;
}
