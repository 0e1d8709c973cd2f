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
];
