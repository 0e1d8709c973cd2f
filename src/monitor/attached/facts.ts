import type { SourceFault } from '../../telemetry/facts.ts';

/** Why an attachment ended, as words of the connection and of the client machine tell: the first that fits. */
const FAULTS: readonly (readonly [pattern: RegExp, fault: SourceFault])[] = [
  [/password/i, 'password'],
  [/no (?:greeting|reply) in time|timed out/i, 'timeout'],
  [/Connection refused/, 'refused'],
  [/No such file/, 'missing'],
  [/Permission denied|not permitted/, 'permission'],
  [/too long/, 'too-long'],
  [/certificate|TLS|SSL|ssl|wrong version/, 'foreign'],
  [/the connection ended|reset by peer|Broken pipe/, 'closed'],
];

/** The fault that a reason stands for. */
export function faultOf(why: string): SourceFault {
  return FAULTS.find(([pattern]) => pattern.test(why))?.[1] ?? 'unreachable';
}
