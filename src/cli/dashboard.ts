import { parseArgs } from 'node:util';
import { reasonOf, TunnelscopeError } from '../base/errors.ts';
import { dashboardOf } from '../telemetry/dashboard.ts';

/** What Grafana takes as the name of a dashboard in addresses. */
const UID = /^[A-Za-z0-9_-]{1,40}$/;

/** `tunnelscope dashboard`: see its usage. */
export async function dashboard(argv: readonly string[], out = (text: string): unknown => process.stdout.write(text)): Promise<number> {
  const { title, uid } = parse(argv);
  if (!UID.test(uid)) throw new TunnelscopeError('CLI', '--uid takes up to 40 letters, digits, dashes and underscores');
  out(`${JSON.stringify(dashboardOf({ title, uid }), undefined, 2)}\n`);
  return 0;
}

function parse(argv: readonly string[]): { readonly title: string; readonly uid: string } {
  try {
    const options = { title: { type: 'string', default: 'OpenVPN' }, uid: { type: 'string', default: 'tunnelscope' } } as const;
    return parseArgs({ args: [...argv], strict: true, options }).values;
  } catch (thrown) {
    throw new TunnelscopeError('CLI', reasonOf(thrown), { cause: thrown });
  }
}
