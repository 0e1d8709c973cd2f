import { row } from './row.ts';

/** What the monitor says of itself and of the daemons that it watches. */
export const MONITOR = {
  started: row('monitor.started', 'M_INFO', 'Monitor: version {version:word}, watching {count:int} daemons'),
  listening: row('monitor.listening', 'M_INFO', 'Monitor: metrics and health at {url:rest}'),
  unprotected: row(
    'monitor.unprotected',
    'M_WARN',
    'Monitor: whoever reaches {url:text} may read: neither password nor token is asked for',
  ),
  clearPasswords: row(
    'monitor.clear-passwords',
    'M_WARN',
    'Monitor: passwords and tokens reach {url:text} in clear text, as it has no TLS',
  ),
  listenFailed: row('monitor.listen-failed', 'M_NONFATAL', 'Monitor: {reason:rest}', { event: 'listen-failed' }),
  sourceUp: row('monitor.source-up', 'M_INFO', "Monitor: '{daemon}': {source:word} works: {where:rest}"),
  sourceDown: row('monitor.source-down', 'M_WARN', "Monitor: '{daemon}': {source:word} failed: {reason:rest}"),
  trouble: row('monitor.trouble', 'M_WARN', "Monitor: '{daemon}': cannot look at {reason:rest}"),
  gatewayFailed: row('monitor.gateway-failed', 'M_NONFATAL', "Monitor: '{daemon}': no gateway: {reason:rest}", { event: 'listen-failed' }),
  gatewayOpen: row('monitor.gateway-open', 'M_INFO', "Monitor: '{daemon}': gateway at {where:rest}"),
  targetWorks: row('monitor.target-works', 'M_INFO', "Monitor: target '{target}' works: {where:rest}"),
  targetFailed: row('monitor.target-failed', 'M_WARN', "Monitor: target '{target}' failed, and is tried again: {reason:rest}"),
  targetRefused: row(
    'monitor.target-refused',
    'M_WARN',
    "Monitor: target '{target}' refused {count:int} records, which are gone: {reason:rest}",
  ),
  spoolMemory: row(
    'monitor.spool-memory',
    'M_NONFATAL',
    "Monitor: the spool of target '{target}' is in memory alone, and lost if the monitor ends: {reason:rest}",
  ),
  spoolDisk: row('monitor.spool-disk', 'M_INFO', "Monitor: the spool of target '{target}' is on the disk again"),
  spoolDamaged: row(
    'monitor.spool-damaged',
    'M_WARN',
    "Monitor: the spool of target '{target}' has a part that cannot be read: {path:rest}",
  ),
  spoolDropped: row(
    'monitor.spool-dropped',
    'M_WARN',
    "Monitor: the spool of target '{target}' has no room: {count:int} of the oldest records are gone",
  ),
  history: row('monitor.history', 'M_INFO', 'Monitor: history in {file:rest}'),
  historyDamaged: row(
    'monitor.history-damaged',
    'M_NONFATAL',
    'Monitor: the history is damaged and kept as {aside:text}, a new one begins: {reason:rest}',
  ),
  historyFailed: row('monitor.history-failed', 'M_NONFATAL', 'Monitor: the history cannot be written, trying again: {reason:rest}'),
  historyWorks: row('monitor.history-works', 'M_WARN', 'Monitor: the history is written again, {count:int} records were lost'),
  alertFires: row('monitor.alert-fires', 'M_WARN', 'Monitor: alert {rule:word} ({severity:word}) fires: {summary:rest}'),
  alertOver: row(
    'monitor.alert-over',
    'M_INFO',
    'Monitor: alert {rule:word} ({severity:word}) is over after {seconds:int} s: {summary:rest}',
  ),
  alertFileFailed: row('monitor.alert-file-failed', 'M_WARN', 'Monitor: alerts are not kept over a restart: {reason:rest}'),
  silenced: row('monitor.silenced', 'M_INFO', "Monitor: silence {id:word} by '{by}' until {until:word}: {what:rest}"),
  silenceEnded: row('monitor.silence-ended', 'M_INFO', 'Monitor: silence {id:word} was ended'),
  ending: row('monitor.ending', 'M_INFO', 'Monitor: {signal:signal} received, ending'),
} as const;
