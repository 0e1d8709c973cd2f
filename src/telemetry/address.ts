import { type Address, formatAddress } from '../model/address.ts';
import type { SeenAddress } from './facts.ts';

/** An address as our own daemon has it. */
export function seenAddress(address: Address): SeenAddress {
  return { text: formatAddress(address), ip: address.ip, port: address.port };
}
