import { AUTH } from './auth.ts';
import { CLIENT } from './client.ts';
import { CRL } from './crl.ts';
import { DATA } from './data.ts';
import { DEBUG } from './debug.ts';
import { INTERFACE } from './interface.ts';
import { INTERNALS } from './internals.ts';
import { LINK } from './link.ts';
import { MANAGEMENT } from './management.ts';
import { MONITOR } from './monitor.ts';
import { MULTI } from './multi.ts';
import { OPTIONS } from './options.ts';
import { OURS } from './ours.ts';
import { PEER_INFO } from './peer-info.ts';
import { POOL } from './pool.ts';
import { PROXY } from './proxy.ts';
import { PUSH } from './push.ts';
import type { Row } from './row.ts';
import { SCRIPT } from './script.ts';
import { START } from './start.ts';
import { STATUS } from './status.ts';
import { STOCK } from './stock.ts';
import { TLS } from './tls.ts';
import { VERIFY } from './verify.ts';

/** The catalogue by subject, in the order of the reference page. */
export const SUBJECTS = {
  start: START,
  options: OPTIONS,
  link: LINK,
  interface: INTERFACE,
  tls: TLS,
  verify: VERIFY,
  crl: CRL,
  auth: AUTH,
  'peer-info': PEER_INFO,
  pool: POOL,
  multi: MULTI,
  push: PUSH,
  data: DATA,
  client: CLIENT,
  proxy: PROXY,
  management: MANAGEMENT,
  status: STATUS,
  script: SCRIPT,
  debug: DEBUG,
  internals: INTERNALS,
  stock: STOCK,
  ours: OURS,
  monitor: MONITOR,
} as const satisfies Record<string, Record<string, Row>>;

/** Every row by its id. */
export const ALL_ROWS: ReadonlyMap<string, Row> = new Map(
  Object.values(SUBJECTS).flatMap((subject) => Object.values(subject).map((message: Row) => [message.id, message] as const)),
);
