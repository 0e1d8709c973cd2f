/**
 * The opcodes of OpenVPN's first packet byte, `opcode << 3 | key id`, in one table (facts: wire 1). Key method 1's
 * resets (1 and 2) are dead and have no row: they are unknown opcodes.
 */

/** How a packet is read: by the reliability layer, by the data plane, or as acknowledgements alone. */
export type OpcodeClass = 'control' | 'data' | 'ack';

/** Which end may send an opcode. */
export type OpcodeSender = 'client' | 'server' | 'both';

interface OpcodeRow {
  readonly code: number;
  /** As OpenVPN's log prints it. */
  readonly name: string;
  readonly class: OpcodeClass;
  readonly sender: OpcodeSender;
}

/** Every opcode spoken since key method 2, by the name used in this code. */
export const OPCODES = {
  softReset: { code: 3, name: 'P_CONTROL_SOFT_RESET_V1', class: 'control', sender: 'both' },
  control: { code: 4, name: 'P_CONTROL_V1', class: 'control', sender: 'both' },
  ack: { code: 5, name: 'P_ACK_V1', class: 'ack', sender: 'both' },
  dataV1: { code: 6, name: 'P_DATA_V1', class: 'data', sender: 'both' },
  hardResetClient: { code: 7, name: 'P_CONTROL_HARD_RESET_CLIENT_V2', class: 'control', sender: 'client' },
  hardResetServer: { code: 8, name: 'P_CONTROL_HARD_RESET_SERVER_V2', class: 'control', sender: 'server' },
  dataV2: { code: 9, name: 'P_DATA_V2', class: 'data', sender: 'both' },
  hardResetClientV3: { code: 10, name: 'P_CONTROL_HARD_RESET_CLIENT_V3', class: 'control', sender: 'client' },
  controlWkc: { code: 11, name: 'P_CONTROL_WKC_V1', class: 'control', sender: 'client' },
} as const satisfies Record<string, OpcodeRow>;

type Table = typeof OPCODES;

/** The numbers, for comparing: `opcode === OP.control`. */
export const OP = Object.fromEntries(Object.entries(OPCODES).map(([name, row]) => [name, row.code])) as {
  readonly [Name in keyof Table]: Table[Name]['code'];
};

/** A known opcode. */
export type Opcode = Table[keyof Table]['code'];

/** One that carries tunnel traffic. */
export type DataOpcode = Table['dataV1' | 'dataV2']['code'];

/** One that travels on the control channel: all but data. */
export type ControlOpcode = Exclude<Opcode, DataOpcode>;

const BY_CODE: readonly (OpcodeRow | undefined)[] = Array.from({ length: 32 }, (_, code) =>
  Object.values(OPCODES).find((row) => row.code === code),
);

/** The first byte of a packet. */
export function opKey(opcode: Opcode, keyId: number): number {
  return (opcode << 3) | (keyId & 7);
}

/** The opcode, known or not, of a packet's first byte: 0 to 31. */
export function opcodeOf(byte: number): number {
  return byte >>> 3;
}

/** The key id, 0 to 7, of a packet's first byte. */
export function keyIdOf(byte: number): number {
  return byte & 7;
}

/** The key id of the renegotiation after `keyId`: 7 is followed by 1, as 0 means a new session (facts: wire 1). */
export function nextKeyId(keyId: number): number {
  return keyId === 7 ? 1 : keyId + 1;
}

/** The name in the log, undefined for unknown opcodes. */
export function opcodeName(opcode: number): string | undefined {
  return BY_CODE[opcode]?.name;
}

/** True for control and ack packets; data and unknown opcodes are not. */
export function isControlOpcode(opcode: number): opcode is ControlOpcode {
  const row = BY_CODE[opcode];
  return row !== undefined && row.class !== 'data';
}

/** True for data packets. */
export function isDataOpcode(opcode: number): opcode is DataOpcode {
  return BY_CODE[opcode]?.class === 'data';
}

/** Whether the end in `role` may send the opcode; false for unknown ones. */
export function mayCome(opcode: number, role: 'client' | 'server'): boolean {
  const sender = BY_CODE[opcode]?.sender;
  return sender === 'both' || sender === role;
}
