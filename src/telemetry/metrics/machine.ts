import type { SeenCertificate, SeenRoom } from '../facts.ts';
import { labelText } from '../labels.ts';
import type { Figure } from '../views.ts';
import type { Metric } from './metric.ts';
import { countOf, countsOf, hasLog } from './metric.ts';

/** The log, the management interface, files and the process. */
export const MACHINE_METRICS: readonly Metric[] = [
  {
    name: 'tunnelscope_log_lines',
    of: 'daemon',
    type: 'counter',
    labels: ['level', 'event'],
    help: 'Lines of the log by severity and by what they mean; `other` means nothing to programs, `unrecognised` is not in the catalogue.',
    sources: ['native', 'management', 'log'],
    moves: 'The daemon writes a line.',
    read: countsOf(({ events }) => events.lines),
  },
  {
    name: 'tunnelscope_management_clients',
    of: 'daemon',
    type: 'gauge',
    labels: ['interface'],
    help: 'Management clients, of the daemon itself and of the gateway before it.',
    sources: ['native', 'management', 'log'],
    moves: 'A management client connects or leaves.',
    read: ({ management }, emit) => {
      for (const [side, { value }] of management) emit(value, side);
    },
  },
  {
    name: 'tunnelscope_management_refused_logins',
    of: 'daemon',
    type: 'counter',
    labels: ['interface'],
    help: 'Management clients that were turned away: wrong passwords, wrong users, too many at once.',
    sources: ['native', 'management', 'log'],
    moves: 'Somebody guesses the management password.',
    read: (daemon, emit) => {
      const { refusedLogins } = daemon;
      if (!refusedLogins.has('daemon') && hasLog(daemon)) emit(0, 'daemon');
      for (const [side, { value }] of refusedLogins) emit(value, side);
    },
  },
  {
    name: 'tunnelscope_certificate_expiry_timestamp_seconds',
    of: 'daemon',
    type: 'gauge',
    unit: 'seconds',
    labels: ['role', 'file', 'subject'],
    help: 'When a certificate ends to be valid, or the next revocation list is due. The earliest, where a file has several of one subject.',
    sources: ['process'],
    wants: 'certificates',
    moves: 'A certificate or list is renewed.',
    read: ({ certificates }, emit) => {
      const earliest = new Map<string, SeenCertificate>();
      for (const one of certificates?.value ?? []) {
        const key = `${one.role}\0${labelText(one.file)}\0${labelText(one.subject)}`;
        const before = earliest.get(key);
        if (before === undefined || one.notAfter < before.notAfter) earliest.set(key, one);
      }
      for (const { role, file, subject, notAfter } of earliest.values()) emit(notAfter / 1000, role, file, subject);
    },
  },
  {
    name: 'tunnelscope_process_cpu_seconds',
    of: 'daemon',
    type: 'counter',
    unit: 'seconds',
    labels: [],
    help: 'Processor time of the daemon, over restarts.',
    sources: ['native', 'process'],
    wants: 'pid',
    moves: 'The daemon works.',
    read: countOf(({ cpuSeconds }) => cpuSeconds),
  },
  {
    name: 'tunnelscope_process_resident_memory_bytes',
    of: 'daemon',
    type: 'gauge',
    unit: 'bytes',
    labels: [],
    help: 'Memory of the daemon that is in use.',
    sources: ['native', 'process'],
    wants: 'pid',
    moves: 'Clients connect.',
    read: ({ process }, emit) => {
      if (process?.value !== undefined) emit(process.value.residentBytes);
    },
  },
  {
    name: 'tunnelscope_process_open_fds',
    of: 'daemon',
    type: 'gauge',
    labels: [],
    help: 'Files and sockets that the daemon has open.',
    sources: ['native', 'process'],
    wants: 'pid',
    moves: 'TCP clients or management clients connect.',
    read: ({ process }, emit) => {
      if (process?.value?.openFiles !== undefined) emit(process.value.openFiles);
    },
  },
  {
    name: 'tunnelscope_process_max_fds',
    of: 'daemon',
    type: 'gauge',
    labels: [],
    help: 'Files and sockets that the daemon may have open.',
    sources: ['native', 'process'],
    wants: 'pid',
    moves: 'The daemon is started with another limit.',
    read: ({ process }, emit) => {
      if (process?.value?.maxOpenFiles !== undefined) emit(process.value.maxOpenFiles);
    },
  },
  {
    name: 'tunnelscope_process_start_time_seconds',
    of: 'daemon',
    type: 'gauge',
    unit: 'seconds',
    labels: [],
    help: 'When the process of the daemon started.',
    sources: ['native', 'process'],
    wants: 'pid',
    moves: 'The daemon is started anew.',
    read: ({ process }, emit) => {
      if (process?.value !== undefined) emit(process.value.started / 1000);
    },
  },
  {
    name: 'tunnelscope_disk_free_bytes',
    of: 'daemon',
    type: 'gauge',
    unit: 'bytes',
    labels: ['use', 'path'],
    help: 'Room left where the log and status files of the daemon live.',
    sources: ['process'],
    wants: 'files',
    moves: 'The log grows.',
    read: ({ rooms }, emit) => {
      for (const { use, path, freeBytes } of roomsOf(rooms)) emit(freeBytes, use, path);
    },
  },
  {
    name: 'tunnelscope_disk_size_bytes',
    of: 'daemon',
    type: 'gauge',
    unit: 'bytes',
    labels: ['use', 'path'],
    help: 'Size of the disk where the log and status files of the daemon live.',
    sources: ['process'],
    wants: 'files',
    moves: 'The disk is changed.',
    read: ({ rooms }, emit) => {
      for (const { use, path, sizeBytes } of roomsOf(rooms)) emit(sizeBytes, use, path);
    },
  },
];

/** One of each path, as a label shows it. */
function roomsOf(rooms: Figure<readonly SeenRoom[]> | undefined): Iterable<SeenRoom> {
  return new Map(rooms?.value.map((room) => [`${room.use}\0${labelText(room.path)}`, room])).values();
}

/** How well the monitor itself does. */
export const MONITOR_METRICS: readonly Metric[] = [
  {
    name: 'tunnelscope_collection_duration_seconds',
    of: 'daemon',
    type: 'histogram',
    unit: 'seconds',
    labels: ['source'],
    help: 'Time that polls of a source took.',
    sources: ['monitor'],
    moves: 'A poll.',
    read: ({ sources }, emit) => {
      for (const { kind, collection } of sources.values()) if (collection.count > 0) emit(collection, kind);
    },
  },
  {
    name: 'tunnelscope_collection_errors',
    of: 'daemon',
    type: 'counter',
    labels: ['source', 'reason'],
    help: 'What went wrong with a source: it could not be reached, or what it sent was not taken.',
    sources: ['monitor'],
    moves: 'The daemon stops, its status file is torn, its password changes.',
    read: ({ sources }, emit) => {
      for (const { kind, faults } of sources.values()) for (const [fault, count] of faults) emit(count, kind, fault);
    },
  },
  {
    name: 'tunnelscope_daemons',
    of: 'fleet',
    type: 'gauge',
    labels: [],
    help: 'Daemons that are watched.',
    sources: ['monitor'],
    moves: 'The configuration is changed.',
    read: (fleet, emit) => emit(fleet.size),
  },
  {
    name: 'tunnelscope_series_left_out',
    of: 'fleet',
    type: 'counter',
    labels: [],
    help: 'Users and clients that got no series of their own as there were too many; they are summed as `(other)`.',
    sources: ['monitor'],
    moves: 'More users connect than may have series.',
    read: (fleet, emit) => emit(fleet.seriesLeftOut),
  },
  {
    name: 'tunnelscope_facts_dropped',
    of: 'fleet',
    type: 'counter',
    labels: [],
    help: 'Facts about daemons that are no longer watched.',
    sources: ['monitor'],
    moves: 'A daemon is taken out while its sources still end.',
    read: (fleet, emit) => emit(fleet.factsDropped),
  },
];
