import { durationText, promql } from './promql.ts';
import type { Rule, RuleSettings } from './rule.ts';
import { variantsOf } from './rule.ts';
import { annotationTemplates } from './template.ts';

/** What stands in a rules file. */
export interface RulesFileOptions {
  readonly subjects: Readonly<Record<string, readonly Rule[]>>;
  readonly settings: RuleSettings;
  readonly runbookUrl: string;
}

/** The rules as a file for Prometheus: a group a subject. */
export function rulesFile({ subjects, settings, runbookUrl }: RulesFileOptions): string {
  const lines = ['groups:'];
  for (const [subject, rules] of Object.entries(subjects)) {
    const variants = variantsOf(rules, settings);
    if (variants.length === 0) continue;
    lines.push(`  - name: tunnelscope-${subject}`, '    rules:');
    for (const variant of variants) {
      lines.push(`      - alert: ${variant.rule.name}`, `        expr: ${scalar(promql(variant.formula))}`);
      if (variant.hold > 0) lines.push(`        for: ${durationText(variant.hold)}`);
      lines.push('        labels:', `          severity: ${variant.severity}`, `          category: ${subject}`, '        annotations:');
      for (const [name, text] of annotationTemplates(variant, runbookUrl)) lines.push(`          ${name}: ${scalar(text)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Text as YAML takes it, whatever is in it. */
function scalar(text: string): string {
  return JSON.stringify(text);
}
