import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * `npm run meta` tests the tests: in a copy of the sources it breaks one security check at a time and demands that tests
 * fail. A check whose loss no test sees is as good as gone.
 */

/** One check, taken out by replacing a piece of source that must be there exactly once. */
interface Mutation {
  readonly what: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Which tests must see it. */
  readonly tests: readonly string[];
}

const MUTATIONS: readonly Mutation[] = [
  {
    what: 'replayed data packets are delivered',
    file: 'src/protocol/data/replay.ts',
    from: 'if (id <= this.#settled || this.#arrivals[slot] !== UNSEEN) {',
    to: 'if (id < 0) {',
    tests: ['src/protocol/data'],
  },
  {
    what: 'replayed control packets are read',
    file: 'src/protocol/wrap/tls-crypt.ts',
    from: 'if (!this.#seen.accept(id)) return',
    to: 'if (!this.#seen.accept(id) && body.length < 0) return',
    tests: ['src/protocol/wrap'],
  },
  {
    what: 'control packets with a wrong tls-crypt tag are read',
    file: 'src/protocol/wrap/tls-crypt.ts',
    from: 'if (!timingSafeEqual(EXPECTED, tag)) return',
    to: 'if (EXPECTED.length !== tag.length) return',
    tests: ['src/protocol/wrap'],
  },
  {
    what: 'control packets with a wrong tls-auth HMAC are read',
    file: 'src/protocol/wrap/tls-auth.ts',
    from: 'if (!timingSafeEqual(this.#hmac(this.#keys.receive, packet), packet.subarray(HEADER_LENGTH, idAt))) {',
    to: 'if (this.#hmac(this.#keys.receive, packet).length !== idAt - HEADER_LENGTH) {',
    tests: ['src/protocol/wrap'],
  },
  {
    what: 'cookies that we never made open a session',
    file: 'src/protocol/cookie.ts',
    from: 'return ACCEPTED_BUCKETS.some((offset) => timingSafeEqual(this.#of(bucket + offset, link, clientSid), cookie));',
    to: 'return ACCEPTED_BUCKETS.some((offset) => this.#of(bucket + offset, link, clientSid).length === cookie.length);',
    tests: ['src/protocol/cookie.test.ts'],
  },
  {
    what: 'what the TLS library holds against a chain is ignored',
    file: 'src/protocol/verify/verify.ts',
    from: 'if (chainError === undefined || rules.fingerprintsInsteadOfCa === true) return undefined;',
    to: "if (chainError === undefined || chainError !== '') return undefined;",
    tests: ['src/protocol/verify'],
  },
  {
    what: 'a client whose certificate was refused is let in',
    file: 'src/engine/login.ts',
    from: 'if (refused !== undefined) return this.#refuseCertificate(client, keyId, refused, now);',
    to: "if (refused?.text === '') return this.#refuseCertificate(client, keyId, refused, now);",
    tests: ['test/sim/endings.test.ts'],
  },
];

/** What vitest's JSON report says, as far as we read it. */
interface Report {
  readonly numTotalTests: number;
  readonly numFailedTests: number;
  readonly numPassedTests: number;
}

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const copy = mkdtempSync(join(tmpdir(), 'tunnelscope-meta-'));

/** Runs test files in the copy. Undefined when they could not be run, which is not the same as failing. */
function runTests(tests: readonly string[]): Report | undefined {
  const report = join(copy, 'report.json');
  rmSync(report, { force: true });
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const words = [vitest, 'run', '--project', 'unit', '--reporter', 'json', '--outputFile', report, ...tests];
  spawnSync(process.execPath, words, { cwd: copy, stdio: 'ignore' });
  try {
    return JSON.parse(readFileSync(report, 'utf8')) as Report;
  } catch {
    return undefined;
  }
}

/** What is wrong with one mutation; undefined when tests saw it. */
function faultOf({ file, from, to, tests }: Mutation, sound: Report | undefined): string | undefined {
  if (sound === undefined || sound.numFailedTests > 0 || sound.numPassedTests === 0) return 'its tests do not pass on sound sources';
  const path = join(copy, file);
  const source = readFileSync(path, 'utf8');
  if (source.split(from).length !== 2) return `${file} does not hold, once: ${from}`;
  writeFileSync(
    path,
    source.replace(from, () => to),
  );
  const broken = runTests(tests);
  writeFileSync(path, source);
  if (broken === undefined || broken.numTotalTests < sound.numTotalTests)
    return 'the broken sources do not load: the mutation must leave a program';
  return broken.numFailedTests === 0 ? 'no test saw it' : undefined;
}

function main(): number {
  for (const path of ['src', 'test', 'scripts', 'docs', 'package.json', 'tsconfig.json', 'vitest.config.ts']) {
    cpSync(join(root, path), join(copy, path), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const sound = new Map<string, Report | undefined>();
  let faults = 0;
  for (const mutation of MUTATIONS) {
    const key = mutation.tests.join(' ');
    if (!sound.has(key)) sound.set(key, runTests(mutation.tests));
    const fault = faultOf(mutation, sound.get(key));
    process.stdout.write(`${fault === undefined ? 'seen' : 'NOT SEEN'}: ${mutation.what}${fault === undefined ? '' : ` (${fault})`}\n`);
    if (fault !== undefined) faults++;
  }
  process.stdout.write(`${MUTATIONS.length - faults} seen, ${faults} not\n`);
  return faults === 0 ? 0 : 1;
}

try {
  process.exitCode = main();
} finally {
  rmSync(copy, { recursive: true, force: true });
}
