/**
 * A copy with memory of its own, for what is kept for long. Small Buffers share slabs of 8 KiB, and one that is kept keeps
 * its whole slab: eight bytes a client cost a server eight kilobytes.
 */
export function keptCopy(bytes: Uint8Array): Buffer {
  const copy = Buffer.alloc(bytes.length);
  copy.set(bytes);
  return copy;
}
