import { parseArgs } from 'node:util';
import { reasonOf, TunnelscopeError } from '../base/errors.ts';
import { readConfig } from '../monitor/config/config.ts';
import { DEFAULT_ALERTS } from '../monitor/config/alerts.ts';
import { rulesFile } from '../telemetry/alerts/rules-file.ts';
import { RULE_SUBJECTS } from '../telemetry/alerts/table.ts';

/** `tunnelscope rules`: see its usage. */
export async function rules(argv: readonly string[], out = (text: string): unknown => process.stdout.write(text)): Promise<number> {
  const { config, 'runbook-url': url } = parse(argv);
  const alerts = config === undefined ? DEFAULT_ALERTS : readConfig(config).alerts;
  out(rulesFile({ subjects: RULE_SUBJECTS, settings: alerts.rules, runbookUrl: url ?? alerts.runbookUrl }));
  return 0;
}

function parse(argv: readonly string[]): { readonly config?: string | undefined; readonly 'runbook-url'?: string | undefined } {
  try {
    return parseArgs({ args: [...argv], strict: true, options: { config: { type: 'string' }, 'runbook-url': { type: 'string' } } }).values;
  } catch (thrown) {
    throw new TunnelscopeError('CLI', reasonOf(thrown), { cause: thrown });
  }
}
