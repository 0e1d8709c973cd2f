import type { Rule } from './rule.ts';
import { CERTIFICATE_RULES } from './rules/certificates.ts';
import { CONNECTION_RULES } from './rules/connection.ts';
import { OPERATIONS_RULES } from './rules/operations.ts';
import { PERFORMANCE_RULES } from './rules/performance.ts';
import { SECURITY_RULES } from './rules/security.ts';

/** The rules by subject, in the order of the page and of the rules file. */
export const RULE_SUBJECTS: Readonly<Record<string, readonly Rule[]>> = {
  connection: CONNECTION_RULES,
  performance: PERFORMANCE_RULES,
  security: SECURITY_RULES,
  operations: OPERATIONS_RULES,
  certificates: CERTIFICATE_RULES,
};

/** Every rule. */
export const RULES: readonly Rule[] = Object.values(RULE_SUBJECTS).flat();

/** The subject of a rule, as the label `category` shows it. */
export function subjectOf(rule: Rule): string {
  return Object.entries(RULE_SUBJECTS).find(([, rules]) => rules.includes(rule))?.[0] ?? '';
}
