#!/usr/bin/env node
import '../host/signals.ts';
import { COMMANDS } from './commands.ts';
import { dispatch } from './dispatch.ts';

const code = await dispatch(process.argv.slice(2), COMMANDS, {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
process.exit(code);
