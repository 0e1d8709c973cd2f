import { describe, expect, it } from 'vitest';
import type { Instant } from '../../base/units.ts';
import { ControlGate } from './gate.ts';
import { udpKey } from './link.ts';

const at = (milliseconds: number): Instant => milliseconds as Instant;

function admitted(gate: ControlGate, keys: readonly string[], known: boolean, when = 0): number {
  return keys.filter((key) => gate.admit(key, known, at(when))).length;
}

describe('the gate of control packets', () => {
  it('bounds one source, and starts anew each second', () => {
    const gate = new ControlGate({ perSource: 5, strangers: 100 });
    const same = Array.from({ length: 20 }, () => udpKey('192.0.2.1', 1194));
    expect(admitted(gate, same, false)).toBe(5);
    expect(gate.admit(udpKey('192.0.2.1', 1195), false, at(10))).toBe(true);
    expect(admitted(gate, same, false, 999)).toBe(0);
    expect(admitted(gate, same, false, 1000)).toBe(5);
  });

  it('bounds all strangers together, without stopping peers', () => {
    const gate = new ControlGate({ perSource: 50, strangers: 100 });
    const spoofed = Array.from({ length: 10_000 }, (_, i) => udpKey(`10.${i >> 8}.${i & 255}.7`, 1024 + i));
    expect(admitted(gate, spoofed, false)).toBe(100);
    expect(gate.admit(udpKey('198.51.100.9', 1), false, at(1))).toBe(false);
    expect(
      admitted(
        gate,
        Array.from({ length: 20 }, () => udpKey('198.51.100.9', 1)),
        true,
        1,
      ),
    ).toBe(20);
  });
});
