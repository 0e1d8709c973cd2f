import type { TargetView } from '../targets.ts';
import type { Metric } from './metric.ts';

/** Where log lines are shipped and alerts are delivered. */
export const TARGET_METRICS: readonly Metric[] = [
  {
    ...ofTargets(({ trouble }) => (trouble === undefined ? 1 : 0)),
    name: 'tunnelscope_target_up',
    type: 'gauge',
    help: 'Whether what was sent last was taken, or nothing was sent yet.',
    moves: 'A target cannot be reached, or refuses.',
  },
  {
    ...ofTargets(({ taken }) => taken),
    name: 'tunnelscope_target_taken_records',
    type: 'counter',
    help: 'Lines, events and alerts that a target confirmed, as far as its protocol does.',
    moves: 'A daemon logs, an alert fires.',
  },
  {
    ...ofTargets(({ failures }) => failures),
    name: 'tunnelscope_target_failures',
    type: 'counter',
    help: 'Attempts that failed and were made again.',
    moves: 'A target is stopped.',
  },
  {
    ...ofTargets(({ refused }) => refused),
    name: 'tunnelscope_target_refused_records',
    type: 'counter',
    help: 'What a target will never take, by its own word; it is gone.',
    moves: 'A target finds something malformed, or too old.',
  },
  {
    ...ofTargets(({ dropped }) => dropped),
    name: 'tunnelscope_target_dropped_records',
    type: 'counter',
    help: 'What was dropped as the spool had no room; the oldest go first.',
    moves: 'A target is down for longer than the spool has room for.',
  },
  {
    ...ofTargets(({ waiting }) => waiting),
    name: 'tunnelscope_target_waiting_records',
    type: 'gauge',
    help: 'What is in the spool and not confirmed yet.',
    moves: 'A target is slow or down.',
  },
  {
    ...ofTargets(({ waitingBytes }) => waitingBytes),
    name: 'tunnelscope_target_spool_bytes',
    type: 'gauge',
    unit: 'bytes',
    help: 'What the spool takes, on the disk and in memory.',
    moves: 'A target is slow or down.',
  },
  {
    ...ofTargets(({ spoolTrouble }) => (spoolTrouble === undefined ? 1 : 0)),
    name: 'tunnelscope_target_spool_on_disk',
    type: 'gauge',
    help: 'Whether the spool is on the disk; in memory alone it does not survive the end of the monitor.',
    moves: 'The disk of the spool is full, or cannot be written.',
  },
];

function ofTargets(value: (target: TargetView) => number) {
  return {
    of: 'fleet',
    labels: ['purpose', 'target'],
    sources: ['monitor'],
    read: (fleet: { readonly targets: Iterable<TargetView> }, emit: (value: number, ...labels: readonly string[]) => void) => {
      for (const target of fleet.targets) emit(value(target), target.purpose, target.name);
    },
  } as const;
}
