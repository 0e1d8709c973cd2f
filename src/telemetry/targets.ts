/** Where log lines are shipped, or alerts are delivered: how well that goes. */
export interface TargetView {
  readonly name: string;
  readonly purpose: 'ship' | 'deliver';
  /** Where it is, for people. */
  readonly where: string;
  /** Why what was sent last was not taken; undefined when it was, or nothing was sent. */
  readonly trouble: string | undefined;
  /** Records that it confirmed. */
  readonly taken: number;
  /** Attempts that failed and were, or will be, made again. */
  readonly failures: number;
  /** Records that it will never take. */
  readonly refused: number;
  /** Records that there was no room for. */
  readonly dropped: number;
  /** Records in the spool, and the bytes of it. */
  readonly waiting: number;
  readonly waitingBytes: number;
  /** Why the spool is in memory alone; undefined when it is on the disk. */
  readonly spoolTrouble: string | undefined;
}
