import { describe, expect, it } from 'vitest';
import { filesBelow, importsOf, textOf, withoutComments } from './support/sources.ts';

/** One folder of `src/`: what its modules may import beside their own folder, and why it is so. */
interface Layer {
  readonly why: string;
  /** Other folders of `src/`. */
  readonly folders: readonly string[];
  /** Node's own modules. */
  readonly node: readonly string[];
  /** npm packages. */
  readonly packages?: readonly string[];
  /** Time and randomness come in as parameters, so that a run can be replayed. */
  readonly pure: boolean;
}

/** What gives the same answer to the same question. Of `node:crypto` all but randomness, which RANDOM_IMPORTS bans. */
const PURE_NODE = ['node:buffer', 'node:crypto', 'node:util'];
const EVERY_NODE = ['*'];
const PURE_SIBLINGS = ['protocol', 'options', 'management', 'status', 'log', 'telemetry'];

/** The architecture, as in docs/architecture.md. A folder that is not here fails the test, and so does a row without a folder. */
const LAYERS: Readonly<Record<string, Layer>> = {
  base: { why: 'words that everything else is said in', folders: [], node: PURE_NODE, pure: true },
  model: { why: 'what every side shares', folders: ['base'], node: PURE_NODE, pure: true },
  messages: { why: 'the catalogue: written by the engine, read by the monitor', folders: ['base', 'model'], node: PURE_NODE, pure: true },
  protocol: {
    why: 'the wire core serves both roles and knows no option names',
    folders: ['base', 'model', 'messages'],
    node: PURE_NODE,
    pure: true,
  },
  options: {
    why: 'directives are understood without anything that acts on them',
    folders: ['base', 'model', 'messages'],
    node: PURE_NODE,
    pure: true,
  },
  management: { why: 'speaks for any daemon behind a DaemonPort', folders: ['base', 'model', 'messages'], node: PURE_NODE, pure: true },
  status: { why: 'renders and reads reports, whoever made them', folders: ['base', 'model', 'messages'], node: PURE_NODE, pure: true },
  log: { why: 'formats lines, whoever says them', folders: ['base', 'model', 'messages'], node: PURE_NODE, pure: true },
  telemetry: { why: 'counts what any daemon told, whoever asked it', folders: ['base', 'model', 'messages'], node: PURE_NODE, pure: true },
  engine: {
    why: 'the VPN as a machine: joins options to the wire core and nothing else',
    folders: ['base', 'model', 'messages', 'protocol', 'options'],
    node: PURE_NODE,
    pure: true,
  },
  host: {
    why: 'the only I/O: small ports with their fakes, that know no engine',
    folders: ['base', 'model', 'messages', 'protocol'],
    node: EVERY_NODE,
    packages: ['koffi', 'libsql'],
    pure: false,
  },
  service: {
    why: 'what daemon and monitor both run on',
    folders: ['base', 'model', 'messages', ...PURE_SIBLINGS, 'engine', 'host'],
    node: EVERY_NODE,
    pure: false,
  },
  daemon: {
    why: 'sockets, files, scripts and signals around the engine; knows no monitor',
    folders: ['base', 'model', 'messages', ...PURE_SIBLINGS, 'engine', 'host', 'service'],
    node: EVERY_NODE,
    pure: false,
  },
  monitor: {
    why: 'attaches to daemons of any make, and stands before them; knows no daemon of ours',
    folders: ['base', 'model', 'messages', 'management', 'status', 'log', 'telemetry', 'host', 'service'],
    node: EVERY_NODE,
    packages: ['yaml', 'nodemailer'],
    pure: false,
  },
  console: {
    why: 'shows over HTTP what the monitor knows, and hands on what is asked of it; knows no daemon of ours',
    folders: ['base', 'telemetry', 'host', 'monitor'],
    node: EVERY_NODE,
    pure: false,
  },
  cli: {
    why: 'parses, calls, prints; the only place where everything meets',
    folders: ['base', 'model', 'messages', ...PURE_SIBLINGS, 'engine', 'host', 'service', 'daemon', 'monitor', 'console', 'cli/pki'],
    node: EVERY_NODE,
    pure: false,
  },
  'cli/pki': {
    why: 'makes certificates and example configurations; needs nothing that runs',
    folders: ['base', 'protocol'],
    node: EVERY_NODE,
    packages: ['@peculiar/x509', 'reflect-metadata'],
    pure: false,
  },
};

/** `src/index.ts`, the face of the package, shows the library and not the program. */
const INDEX: Layer = { why: 'the library', folders: ['base', 'model', 'messages', ...PURE_SIBLINGS, 'engine'], node: [], pure: true };

const AMBIENT: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['Date.now', /\bDate\s*\.\s*now\b/],
  ['new Date() without an argument', /\bnew\s+Date\s*\(\s*\)|\bnew\s+Date\b(?!\s*\()/],
  ['performance.now', /\bperformance\s*\.\s*now\b/],
  ['process.hrtime', /\bhrtime\b/],
  ['timers', /\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bnextTick\b/],
  [
    'the process around it',
    /(?<![.\w])process\.(?:env|argv|stdout|stderr|stdin|pid|platform|exit|on|kill|cwd|title)\b|(?<![.\w])console\.\w/,
  ],
  ['Math.random', /\bMath\s*\.\s*random\b/],
  ['randomness of node:crypto', /\brandom(?:Bytes|FillSync|Fill|Int|UUID)\b|\bgenerateKey(?:Pair)?(?:Sync)?\b|\bgetRandomValues\b/],
];

/** The row a source belongs to: the longest folder of the table that holds it, or its first folder when none does. */
function folderOf(path: string): string {
  const parts = path.split('/').slice(1, -1);
  for (let depth = parts.length; depth > 0; depth--) {
    const folder = parts.slice(0, depth).join('/');
    if (folder in LAYERS) return folder;
  }
  return parts[0] ?? '';
}

/** What is wrong with one module's imports, in words. */
function importFaults(path: string, source: string): string[] {
  const folder = folderOf(path);
  const layer = folder === '' ? INDEX : LAYERS[folder];
  if (layer === undefined) return [`${path}: src/${folder} is not in the table of layers`];
  const faults: string[] = [];
  for (const target of importsOf(path, source)) {
    if (target.startsWith('node:')) {
      if (!layer.node.includes(target) && layer.node !== EVERY_NODE) faults.push(`${path} imports ${target}`);
    } else if (target.startsWith('src/')) {
      const other = folderOf(target);
      if (other !== folder && !layer.folders.includes(other))
        faults.push(`${path} imports ${target}, but ${folder || 'index'}: ${layer.why}`);
    } else if (!(layer.packages ?? []).some((name) => target === name || target.startsWith(`${name}/`))) {
      faults.push(`${path} imports ${target}`);
    }
  }
  return faults;
}

/** Ambient time and randomness in one module, in words. */
function ambientFaults(path: string, source: string): string[] {
  if (LAYERS[folderOf(path)]?.pure === false) return [];
  const code = withoutComments(source);
  return AMBIENT.filter(([, pattern]) => pattern.test(code)).map(([name]) => `${path} uses ${name}`);
}

const modules = filesBelow('src').filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'));

describe('the layers', () => {
  it('are all there', () => {
    const present = new Set(modules.map(folderOf));
    expect(Object.keys(LAYERS).filter((folder) => !present.has(folder))).toEqual([]);
  });

  it('import only what the table lets them', () => {
    expect(modules.flatMap((path) => importFaults(path, textOf(path)))).toEqual([]);
  });

  it('left of host take time and randomness as parameters', () => {
    expect(modules.flatMap((path) => ambientFaults(path, textOf(path)))).toEqual([]);
  });

  it.each([
    ['a wrong folder', 'src/base/x.ts', "import { a } from '../host/udp.ts';", 1],
    ['a type of a wrong folder', 'src/status/x.ts', "import type { A } from '../log/format.ts';", 1],
    ['several lines', 'src/engine/x.ts', "import {\n  a,\n  b,\n} from '../daemon/run.ts';", 1],
    ['a re-export', 'src/base/x.ts', "export * from '../model/address.ts';", 1],
    ['a dynamic import', 'src/base/x.ts', "const m = await import('../host/udp.ts');", 1],
    ['I/O of Node', 'src/protocol/x.ts', "import { readFileSync } from 'node:fs';", 1],
    ['a package', 'src/engine/x.ts', "import koffi from 'koffi';", 1],
    ['an unknown folder', 'src/stuff/x.ts', '', 1],
    ['the same folder', 'src/base/x.ts', "import { a } from './y.ts';", 0],
    ['a folder to the left', 'src/engine/x.ts', "import { a } from '../protocol/data/plane.ts';", 0],
    ['a comment', 'src/base/x.ts', "// import { a } from '../host/udp.ts';", 0],
  ])('finds %s', (_what, path, source, faults) => {
    expect(importFaults(path, source)).toHaveLength(faults);
  });

  it.each([
    ['const t = Date.now();', 1],
    ['const t = new Date();', 1],
    ['const t = new Date(wall);', 0],
    ['setTimeout(() => {}, 1);', 1],
    ["import { randomBytes } from 'node:crypto';", 1],
    ['const x = Math.random();', 1],
    ["if (process.env['HOME']) console.log(1);", 1],
    ['this.process.kill();', 0],
    ['// Date.now() is not for us', 0],
  ])('judges %s', (source, faults) => {
    expect(ambientFaults('src/engine/x.ts', source)).toHaveLength(faults);
    expect(ambientFaults('src/host/x.ts', source)).toEqual([]);
  });
});
