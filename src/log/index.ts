export type { LineFormat, LineShape, StructuredLine } from './formats.ts';
export { isoTime, jsonLine, LINE_SHAPES, LineFormatter, logfmt, structured } from './formats.ts';
export type { LoggerOptions } from './logger.ts';
export { Logger } from './logger.ts';
export type { MuteSummary, MuteVerdict } from './mute.ts';
export { Mute } from './mute.ts';
export type { LogRecord } from './record.ts';
export { MAX_TEXT_BYTES, recordOf } from './record.ts';
