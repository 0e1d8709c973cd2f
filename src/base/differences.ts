/**
 * Listed differences from stock OpenVPN: what stock does, what we do, why, and the test that holds it. Anything that
 * differs and is not here is a bug. `docs/reference/differences.md` is generated from these rows.
 */
export interface Difference {
  /** `area.what`, never changed once released. */
  readonly id: string;
  readonly area: DifferenceArea;
  readonly stock: string;
  readonly ours: string;
  readonly why: string;
  /** The test file that fails when ours changes, from the repository's root. */
  readonly test: string;
}

/** What a difference is about. */
export type DifferenceArea = 'options' | 'wire' | 'engine' | 'log' | 'status' | 'management';

/** The rows. Add yours beside its kin. */
export const DIFFERENCES: readonly Difference[] = [
  {
    id: 'log.mute-counts-once',
    area: 'log',
    stock: '2.6 counts every message three times, so that `mute 5` lets one message of a run through; 2.7 also mutes plain information.',
    ours: '`mute N` lets N messages of a run through. Messages without a category are never muted.',
    why: 'It is what the option is documented to do, and what 2.4 and 2.5 did.',
    test: 'src/log/mute.test.ts',
  },
  {
    id: 'log.mute-count-at-exit',
    area: 'log',
    stock: 'The count of a muted run that is still open at the end of the process, or when `mute` changes, is lost.',
    ours: 'It is written.',
    why: 'A log that leaves lines out says so.',
    test: 'src/log/logger.test.ts',
  },
  {
    id: 'log.cut-between-characters',
    area: 'log',
    stock: 'A text over 10239 bytes is cut at that byte, and through a UTF-8 character if one is there.',
    ours: 'It is cut before that character.',
    why: 'Half a character makes the whole file unreadable to strict readers.',
    test: 'src/log/record.test.ts',
  },
  {
    id: 'status.row-order',
    area: 'status',
    stock: 'Rows come in the order of a hash table, which changes as clients come and go.',
    ours: 'Clients are ordered by client id.',
    why: 'Two status files can be compared line by line.',
    test: 'src/status/write.test.ts',
  },
  {
    id: 'status.no-line-limit',
    area: 'status',
    stock: 'A line of 512 bytes or more ends the output without END, and leaves the status file empty until SIGHUP.',
    ours: 'Lines have no limit.',
    why: 'One client with a long user name must not take everybody out of the monitoring.',
    test: 'src/status/write.test.ts',
  },
  {
    id: 'status.cipher-before-negotiation',
    area: 'status',
    stock: 'A client without a negotiated data cipher shows the configured one, usually BF-CBC, which is never used.',
    ours: 'The column is empty.',
    why: 'A wrong cipher in a status file looks like a broken configuration.',
    test: 'src/status/write.test.ts',
  },
];
