export type { LineFormat } from './formats.ts';
export { LineFormatter } from './formats.ts';
export type { LoggerOptions } from './logger.ts';
export { Logger } from './logger.ts';
export type { MuteSummary, MuteVerdict } from './mute.ts';
export { Mute } from './mute.ts';
export type { LogRecord } from './record.ts';
export { MAX_TEXT_BYTES, recordOf } from './record.ts';
