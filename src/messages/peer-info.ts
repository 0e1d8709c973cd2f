import { row } from './row.ts';

/** What a client says of itself (facts: logging 9). */
export const PEER_INFO = {
  value: row('peer-info.value', 'M_INFO', 'peer info: {name:word}={value:rest}', { event: 'peer-info' }),
  rejected: row('peer-info.rejected', 'M_WARN', 'validation failed on peer_info line received from client'),
} as const;
