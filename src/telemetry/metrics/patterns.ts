import type { Metric } from './metric.ts';

/** What strikes, and what is usual. Which daemon it is stands among the labels of each. */
export const PATTERN_METRICS: readonly Metric[] = [
  {
    name: 'tunnelscope_recent_auth_failures',
    of: 'fleet',
    type: 'gauge',
    labels: ['daemon', 'by', 'who'],
    help: 'Refused logins of the last five minutes, by address and by user: the 20 most of each. A name is that of the login, else that of the certificate.',
    sources: ['native', 'management', 'log'],
    moves: 'A client gives a wrong password again and again.',
    sparse: true,
    read: ({ patterns }, emit) => {
      for (const { daemon, by, who, count } of patterns.recentFailures()) emit(count, daemon, by, who);
    },
  },
  {
    name: 'tunnelscope_recent_unusual_connections',
    of: 'fleet',
    type: 'gauge',
    labels: ['daemon', 'pattern', 'user', 'network'],
    help: 'Connections of the last 15 minutes that were not as usual for their users: from a network (/24, /48) that is new, or, once a week was seen, at an hour (UTC) that is neither known nor next to one. The 20 most.',
    sources: ['native', 'management', 'status-file', 'log'],
    moves: 'A user who is known comes from another network, or at another hour.',
    sparse: true,
    read: ({ patterns }, emit) => {
      for (const { daemon, pattern, user, network, count } of patterns.unusual()) emit(count, daemon, pattern, user, network);
    },
  },
  {
    name: 'tunnelscope_concurrent_sessions',
    of: 'fleet',
    type: 'gauge',
    labels: ['daemon', 'user'],
    help: 'Sessions of users that have more than one now: the 20 most.',
    sources: ['native', 'management', 'status-file', 'log'],
    moves: 'Several clients connect with one certificate, as `duplicate-cn` allows.',
    sparse: true,
    read: ({ patterns }, emit) => {
      for (const { daemon, user, count } of patterns.concurrent()) emit(count, daemon, user);
    },
  },
  {
    name: 'tunnelscope_usual_bytes_per_second',
    of: 'fleet',
    type: 'gauge',
    labels: ['daemon'],
    help: 'Bytes a second, in both directions, that are usual at this hour of the day (UTC): learnt from whole hours of three days at least, of which the later count more.',
    sources: ['native', 'management', 'status-file'],
    moves: 'The hour changes.',
    read: ({ patterns }, emit) => {
      for (const { daemon, rate } of patterns.usual()) emit(rate, daemon);
    },
  },
  {
    name: 'tunnelscope_restarts',
    of: 'fleet',
    type: 'counter',
    labels: ['daemon'],
    help: 'Starts of the daemon that were seen: another process, or, where that is not known, a start in the log.',
    sources: ['native', 'management', 'log', 'process'],
    moves: 'The daemon ends and is started again.',
    read: ({ patterns }, emit) => {
      for (const { daemon, count } of patterns.restarts()) emit(count, daemon);
    },
  },
  {
    name: 'tunnelscope_incidents',
    of: 'fleet',
    type: 'counter',
    labels: ['daemon', 'event'],
    help: 'Lines of the log that tell of trouble, by what they mean; from 0 on as soon as a log is read.',
    sources: ['native', 'management', 'log'],
    moves: 'The tunnel interface cannot be made, the configuration has an error.',
    read: ({ patterns }, emit) => {
      for (const { daemon, event, count } of patterns.incidents()) emit(count, daemon, event);
    },
  },
];

/** Alerts that the monitor evaluates itself. */
export const ALERT_METRICS: readonly Metric[] = [
  {
    name: 'tunnelscope_alerts',
    of: 'fleet',
    type: 'gauge',
    labels: ['daemon', 'alertname', 'severity', 'alertstate'],
    help: 'Alerts that there are now, `pending` or `firing`.',
    sources: ['monitor'],
    moves: 'The formula of a rule begins to hold, or holds no more.',
    sparse: true,
    read: ({ alerting }, emit) => {
      for (const { daemon, rule, severity, state, count } of alerting?.counts() ?? []) emit(count, daemon, rule, severity, state);
    },
  },
  {
    name: 'tunnelscope_alert_rules_without_data',
    of: 'fleet',
    type: 'gauge',
    labels: ['daemon', 'alertname'],
    help: 'Rules that can say nothing about a daemon, as no source tells what they look at: 1 each. They are not fine, they are unknown.',
    sources: ['monitor'],
    moves: 'A daemon is watched without its log, its process or its certificates.',
    sparse: true,
    read: ({ alerting }, emit) => {
      for (const [daemon, rules] of alerting?.withoutData() ?? []) for (const rule of rules) emit(1, daemon, rule);
    },
  },
  {
    name: 'tunnelscope_alert_evaluation_seconds',
    of: 'fleet',
    type: 'gauge',
    unit: 'seconds',
    labels: [],
    help: 'How long the last evaluation of all rules took.',
    sources: ['monitor'],
    moves: 'More daemons are watched.',
    read: ({ alerting }, emit) => {
      if (alerting?.took !== undefined) emit(alerting.took / 1000);
    },
  },
  {
    name: 'tunnelscope_alert_series_left_out',
    of: 'fleet',
    type: 'counter',
    labels: [],
    help: 'Series that rules do not look at, as there are too many.',
    sources: ['monitor'],
    moves: 'Very many daemons are watched.',
    read: ({ alerting }, emit) => {
      if (alerting !== undefined) emit(alerting.seriesLeftOut);
    },
  },
];
