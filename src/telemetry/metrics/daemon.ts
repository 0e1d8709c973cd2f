import { between } from '../../base/units.ts';
import { STATE_NAMES } from '../../model/daemon-port.ts';
import type { DaemonView, Figure } from '../views.ts';
import type { Metric } from './metric.ts';

/** The figures whose source and age are told, by the word of the label `figure`. */
const FIGURES: Readonly<Record<string, (daemon: DaemonView) => Pick<Figure<unknown>, 'source' | 'now'> | undefined>> = {
  title: ({ title }) => title,
  state: ({ state }) => state,
  clients: ({ clients }) => clients,
  counters: ({ counters }) => counters,
  certificates: ({ certificates }) => certificates,
  process: ({ process }) => process,
  rooms: ({ rooms }) => rooms,
};

/** What may carry packets faster; the first is the thread with its batched system calls. */
const DATA_PLANE_STEPS = ['batched', 'native-crypto', 'gso', 'gro', 'vnet-hdr'];

/** Is it there, who says so, and what is it doing. */
export const DAEMON_METRICS: readonly Metric[] = [
  {
    name: 'tunnelscope_up',
    of: 'daemon',
    type: 'gauge',
    labels: [],
    help: 'Whether any source tells of the daemon: 1 or 0.',
    sources: ['monitor'],
    moves: 'The daemon is stopped or started.',
    read: ({ speaker }, emit) => emit(speaker === undefined ? 0 : 1),
  },
  {
    name: 'tunnelscope_data_plane_step',
    of: 'daemon',
    type: 'gauge',
    labels: ['step'],
    help: 'Whether this way of carrying packets faster runs (`data-plane`): 1 or 0.',
    sources: ['native'],
    moves: 'The daemon starts with another `data-plane`, or the system refuses a step.',
    read: ({ dataPlane }, emit) => {
      if (dataPlane === undefined) return;
      const { adapter, steps } = dataPlane.value;
      for (const step of DATA_PLANE_STEPS) emit(step === adapter || steps.includes(step) ? 1 : 0, step);
    },
  },
  {
    name: 'tunnelscope_source_up',
    of: 'daemon',
    type: 'gauge',
    labels: ['source'],
    help: 'Whether this source works: 1 or 0.',
    sources: ['monitor'],
    moves: 'The management interface goes away, the status file is removed.',
    read: ({ sources }, emit) => {
      for (const { kind, up } of sources.values()) emit(up ? 1 : 0, kind);
    },
  },
  {
    name: 'tunnelscope_source_age_seconds',
    of: 'daemon',
    type: 'gauge',
    unit: 'seconds',
    labels: ['source'],
    help: 'Time since this source last told anything.',
    sources: ['monitor'],
    moves: 'Time passes; a poll or an event sets it back.',
    read: ({ sources }, emit, now) => {
      for (const { kind, heard } of sources.values()) if (heard !== undefined) emit(between(heard.at, now.at) / 1000, kind);
    },
  },
  {
    name: 'tunnelscope_figure_age_seconds',
    of: 'daemon',
    type: 'gauge',
    unit: 'seconds',
    labels: ['figure', 'source'],
    help: 'Which source a figure comes from, and how long ago it said so.',
    sources: ['native', 'management', 'status-file', 'log', 'process'],
    moves: 'Another source takes over as the better one fails.',
    read: (daemon, emit, now) => {
      for (const [name, pick] of Object.entries(FIGURES)) {
        const figure = pick(daemon);
        if (figure !== undefined) emit(between(figure.now.at, now.at) / 1000, name, figure.source);
      }
      for (const [name, { by, now: at }] of [['received', daemon.received] as const, ['sent', daemon.sent] as const]) {
        if (by !== undefined && at !== undefined) emit(between(at.at, now.at) / 1000, name, by);
      }
    },
  },
  {
    name: 'tunnelscope_daemon',
    of: 'daemon',
    type: 'info',
    labels: ['title', 'mode'],
    help: 'What the daemon calls itself, and whether it serves clients or is one.',
    sources: ['native', 'management', 'status-file', 'log'],
    moves: 'Another version is installed and started.',
    read: ({ title, mode }, emit) => {
      if (title !== undefined || mode !== undefined) emit(1, title?.value ?? '', mode?.value ?? '');
    },
  },
  {
    name: 'tunnelscope_state',
    of: 'daemon',
    type: 'gauge',
    labels: ['state'],
    help: 'The state that the daemon is in has 1, each other 0.',
    sources: ['native', 'management', 'log'],
    moves: 'A client connects, loses its server, reconnects; a daemon is restarted.',
    read: ({ state }, emit) => {
      if (state !== undefined) for (const name of STATE_NAMES) emit(state.value.name === name ? 1 : 0, name);
    },
  },
  {
    name: 'tunnelscope_state_duration_seconds',
    of: 'daemon',
    type: 'gauge',
    unit: 'seconds',
    labels: [],
    help: 'Time in this state, by the clock of the daemon.',
    sources: ['native', 'management', 'log'],
    moves: 'Time passes; a change of state sets it back.',
    read: ({ state }, emit, now) => {
      if (state !== undefined) emit(Math.max(0, now.wall - state.value.time) / 1000);
    },
  },
  {
    name: 'tunnelscope_status_timestamp_seconds',
    of: 'daemon',
    type: 'gauge',
    unit: 'seconds',
    labels: [],
    help: 'When the daemon wrote its last status, by its clock.',
    sources: ['native', 'management', 'status-file'],
    moves: 'The daemon writes its status file, or answers `status`.',
    read: ({ statusTime }, emit) => {
      if (statusTime !== undefined) emit(statusTime.value / 1000);
    },
  },
  {
    name: 'tunnelscope_received_bytes',
    of: 'daemon',
    type: 'counter',
    unit: 'bytes',
    labels: [],
    help: 'Bytes that came over the network, tunnel overhead included, over all clients, reconnects and restarts.',
    sources: ['native', 'management', 'status-file'],
    moves: 'Traffic comes from clients, or from the server of a client.',
    read: ({ received }, emit) => {
      if (received.by !== undefined) emit(received.value);
    },
  },
  {
    name: 'tunnelscope_sent_bytes',
    of: 'daemon',
    type: 'counter',
    unit: 'bytes',
    labels: [],
    help: 'Bytes that were sent over the network, tunnel overhead included, over all clients, reconnects and restarts.',
    sources: ['native', 'management', 'status-file'],
    moves: 'Traffic goes to clients, or to the server of a client.',
    read: ({ sent }, emit) => {
      if (sent.by !== undefined) emit(sent.value);
    },
  },
  {
    name: 'tunnelscope_multicast_queue_peak',
    of: 'daemon',
    type: 'gauge',
    labels: [],
    help: 'The longest that the queue of broadcasts and multicasts has been, in packets.',
    sources: ['native', 'management', 'status-file'],
    moves: 'Clients send multicast faster than it can be passed on.',
    read: ({ counters }, emit) => {
      const peak = counters?.value.get('Max bcast/mcast queue length');
      if (peak !== undefined) emit(peak);
    },
  },
];
