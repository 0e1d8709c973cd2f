import { isoOf, type ShipRecord } from './record.ts';

/** One line of a JSON-lines file, with its end. */
export function jsonLine(record: ShipRecord): string {
  return `${JSON.stringify(jsonObject(record))}\n`;
}

/** What is known of a record; what there is not is left out. Keys as in `log-format json`. */
export function jsonObject({ time, daemon, kind, severity, event, id, client, address, text, fields }: ShipRecord): object {
  return {
    time: isoOf(time, 9),
    daemon,
    kind,
    severity,
    ...(event !== undefined && { event }),
    ...(id !== undefined && { id }),
    ...(client !== undefined && { client }),
    ...(address !== undefined && { address }),
    text,
    ...(Object.keys(fields).length > 0 && { fields }),
  };
}
