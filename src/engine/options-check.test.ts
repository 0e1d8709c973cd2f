import { describe, expect, it } from 'vitest';
import { type Note, Notes } from '../messages/notes.ts';
import { renderRow } from '../messages/row.ts';
import { noteOptionMismatches } from './options-check.ts';

/** As stock 2.6.14 logged for a client with `cipher AES-128-GCM` and `auth SHA256` at a server without either. */
const EXPECTED = 'V4,dev-type tun,link-mtu 1541,tun-mtu 1500,proto UDPv4,auth SHA1,keysize 128,key-method 2,tls-client';
const RECEIVED =
  'V4,dev-type tun,link-mtu 1549,tun-mtu 1500,proto UDPv4,cipher AES-128-GCM,auth [null-digest],keysize 128,key-method 2,tls-client';

function linesAt(verb: number, received: string): string[] {
  const notes: Note[] = [];
  noteOptionMismatches(new Notes(verb, (note) => notes.push(note)), EXPECTED, received);
  return notes.map(({ row, args }) => `${row.word.toString(16)} ${renderRow(row, args)}`);
}

describe('a peer that is configured otherwise', () => {
  it('is told of at level 7 in stock words, option by option', () => {
    expect(linesAt(7, RECEIVED)).toEqual([
      "4a000087 WARNING: 'link-mtu' is used inconsistently, local='link-mtu 1541', remote='link-mtu 1549'",
      "4a000087 WARNING: 'auth' is used inconsistently, local='auth SHA1', remote='auth [null-digest]'",
    ]);
    expect(linesAt(7, `${EXPECTED.replace(',keysize 128', '')},comp-lzo`)).toEqual([
      "4a000087 WARNING: 'keysize' is present in local config but missing in remote config, local='keysize 128'",
      "4a000087 WARNING: 'comp-lzo' is present in remote config but missing in local config, remote='comp-lzo'",
    ]);
  });

  it('is no matter below that level, nor is one that fits at any', () => {
    expect(linesAt(6, RECEIVED)).toEqual([]);
    expect(linesAt(15, EXPECTED)).toEqual([]);
  });
});
