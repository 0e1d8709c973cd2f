import type { Now } from '../../base/units.ts';
import {
  type ControlHeader,
  type ControlWrap,
  HEADER_LENGTH,
  readHeader,
  type Unwrapped,
  type WrapFailure,
  writeHeader,
} from './control-wrap.ts';

/** Control packets in clear, `header 9 | body`: there is no packet id, so nothing is ever a replay here. */
export class NoWrap implements ControlWrap {
  readonly overhead = HEADER_LENGTH;

  wrap(header: ControlHeader, body: Buffer, _now: Now): Buffer {
    const packet = Buffer.allocUnsafe(HEADER_LENGTH + body.length);
    writeHeader(packet, header);
    body.copy(packet, HEADER_LENGTH);
    return packet;
  }

  unwrap(packet: Buffer, _now: Now): Unwrapped | WrapFailure {
    const header = readHeader(packet);
    return 'failure' in header ? header : { ...header, body: packet.subarray(HEADER_LENGTH) };
  }
}
