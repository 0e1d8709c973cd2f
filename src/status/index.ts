export { JSON_STATUS_VERSION, statusJson } from './json.ts';
export type { StatusCompat, StatusStyle } from './fields.ts';
export type { ParsedStatus, StatusForm, StatusProblem } from './parse.ts';
export { parseStatus } from './parse.ts';
export type { ParsedAddress, ParsedTime } from './parse-fields.ts';
export type { ParsedClient, ParsedRoute } from './parse-rows.ts';
export type { WritableStatus } from './write.ts';
export { CLIENT_COLUMNS, END_LINE, ROUTE_COLUMNS, STATISTICS, statusLines, statusText } from './write.ts';
