/** The fleet state: facts in, views out. */
export type * from './facts.ts';
export { FAULTS, SEVERITIES, SOURCES } from './facts.ts';
export type * from './views.ts';
