// The boundaries of src/, asserted from the files themselves.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

interface Source {
  /** Relative to src/. */
  readonly path: string;
  readonly text: string;
  /** Code without comments and string contents. */
  readonly code: string;
  readonly imports: readonly { readonly from: string; readonly isTypeOnly: boolean }[];
}

const SOURCES: readonly Source[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter(path => path.endsWith('.ts'))
  .map(path => {
    const text = readFileSync(join(SRC, path), 'utf8');
    const imports = [
      ...text.matchAll(/^(?:import|export)\s+(type\s+)?[^;]*?from '([^']+)';|import\('([^']+)'\)/gm),
    ].map(([, type, from, dynamic]) => ({ from: from ?? dynamic ?? '', isTypeOnly: type !== undefined }));
    const code = text.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, '').replace(/'[^'\n]*'|`[^`]*`/g, "''");
    return { path, text, code, imports };
  });

/** The folder under src/, or the file itself at its top. */
const areaOf = (path: string): string => path.split('/')[0] ?? path;

const target = (source: Source, from: string): string | null =>
  from.startsWith('.') ? relative(SRC, resolve(SRC, dirname(source.path), from)) : null;

/** What each area may import; types only where `types` says so. */
const ALLOWED: Readonly<
  Record<string, { readonly values: readonly string[]; readonly types?: readonly string[] }>
> = {
  core: { values: ['core'] },
  platforms: { values: ['core', 'platforms'] },
  config: { values: ['core', 'platforms', 'config'] },
  'errors.ts': { values: [] },
  'clock.ts': { values: [] },
  sandbox: { values: ['core', 'sandbox'], types: ['platforms'] },
  journal: { values: ['core', 'journal', 'errors.ts'] },
  gateway: { values: ['core', 'gateway', 'errors.ts'], types: ['sandbox', 'journal', 'clock.ts'] },
  recording: { values: ['core', 'recording', 'errors.ts'], types: ['gateway'] },
  'explain.ts': { values: ['core'], types: ['config', 'gateway', 'platforms', 'sandbox'] },
  'function-setup.ts': {
    values: ['core', 'platforms', 'explain.ts'],
    types: ['config', 'gateway', 'sandbox'],
  },
  'drivers.ts': { values: ['errors.ts', 'sandbox'], types: ['config', 'journal'] },
  'emulator.ts': {
    values: [
      'core',
      'gateway',
      'journal',
      'sandbox',
      'clock.ts',
      'config',
      'drivers.ts',
      'ended-invocations.ts',
      'errors.ts',
      'function-setup.ts',
      'load-functions.ts',
    ],
  },
  'ended-invocations.ts': { values: ['clock.ts', 'core', 'errors.ts'] },
  'load-functions.ts': { values: ['config', 'errors.ts'] },
  'programs.ts': { values: ['emulator.ts', 'errors.ts', 'load-functions.ts'], types: ['config'] },
  check: {
    values: ['check', 'config', 'core', 'explain.ts', 'function-setup.ts', 'platforms', 'sandbox'],
    types: ['clock.ts', 'gateway'],
  },
  'index.ts': {
    values: ['config', 'core', 'errors.ts', 'journal', 'programs.ts'],
    types: ['emulator.ts', 'load-functions.ts'],
  },
  testing: {
    values: [
      'testing',
      'clock.ts',
      'config',
      'core',
      'drivers.ts',
      'emulator.ts',
      'errors.ts',
      'journal',
      'load-functions.ts',
    ],
    types: ['gateway', 'platforms', 'sandbox'],
  },
  cli: {
    values: [
      'check',
      'cli',
      'clock.ts',
      'config',
      'core',
      'emulator.ts',
      'errors.ts',
      'journal',
      'load-functions.ts',
      'platforms',
      'recording',
      'sandbox',
      'testing',
    ],
  },
};

describe.each(SOURCES.map(source => [source.path, source] as const))('%s', (_path, source) => {
  const area = areaOf(source.path);

  it('imports only in the allowed direction', () => {
    const allowed = ALLOWED[area];
    expect(allowed, `area ${area} is not listed in this test`).toBeDefined();
    for (const { from, isTypeOnly } of source.imports) {
      const path = target(source, from);
      if (path === null) continue;
      const permitted = [...(allowed?.values ?? []), ...(isTypeOnly ? (allowed?.types ?? []) : [])];
      expect(permitted, `${source.path} imports ${path}`).toContain(areaOf(path));
    }
  });

  it('has at most 300 lines, a header comment and a name that says what it is for', () => {
    expect(source.text.split('\n').length - 1).toBeLessThanOrEqual(300);
    expect(source.text).toMatch(/^\/\/ \S/);
    expect(source.path).not.toMatch(/(^|\/)(utils?|helpers?|common|misc)\.ts$/);
    if (source.path !== 'index.ts') expect(source.path).not.toMatch(/(^|\/)index\.ts$/);
  });

  it('ends the process only in cli/main.ts', () => {
    if (source.path !== 'cli/main.ts') expect(source.code).not.toMatch(/process\.exit\b/);
  });

  it('has no default export and no test-only branch', () => {
    expect(source.code).not.toMatch(/export default|NODE_ENV|VITEST/);
  });
});

describe.each(
  SOURCES.filter(({ path }) => ['core', 'platforms'].includes(areaOf(path))).map(
    source => [source.path, source] as const,
  ),
)('pure: %s', (_path, source) => {
  it('has no clock, timer, randomness or I/O, and no package', () => {
    expect(source.code).not.toMatch(
      /\b(Date\.now|new Date|performance|setTimeout|setInterval|setImmediate|Math\.random|process|console|fetch)\b/,
    );
    expect(source.imports.map(({ from }) => from).filter(from => !from.startsWith('.'))).toEqual([]);
  });
});

it('reads real time in the clock alone, and where the system must be waited for', () => {
  const readers = SOURCES.filter(({ code }) => /\b(Date\.now|performance\.now)\b/.test(code)).map(
    ({ path }) => path,
  );
  // Notices carry the wall clock; nothing is decided by it.
  expect(readers.sort()).toEqual(['cli/dev.ts', 'clock.ts', 'drivers.ts']);
  const timers = SOURCES.filter(({ code }) =>
    /\b(setTimeout|setInterval|setImmediate|delay)\(/.test(code),
  ).map(({ path }) => path);
  expect(timers.filter(path => !path.startsWith('sandbox/')).sort()).toEqual(['clock.ts', 'config/load.ts']);
});

it('has no import cycles', () => {
  const edges = new Map(
    SOURCES.map(source => [
      source.path,
      source.imports
        .filter(({ isTypeOnly }) => !isTypeOnly)
        .map(({ from }) => target(source, from))
        .filter(path => path !== null),
    ]),
  );
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    expect(trail, `import cycle: ${[...trail, path].join(' → ')}`).not.toContain(path);
    if (done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  expect(done.size).toBe(SOURCES.length);
});
