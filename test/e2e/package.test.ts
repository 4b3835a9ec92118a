// The package as it is published, in a project of a user's: the example with tests, copied out of the repository.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { examplesDir, temporaryFolder } from './harness.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const modules = realpathSync(join(root, 'node_modules'));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>;
};

const project = temporaryFolder();

beforeAll(async () => {
  cpSync(join(examplesDir, 'tested-notes'), project, { recursive: true });
  const installed = join(project, 'node_modules', 'scf-ws');
  mkdirSync(installed, { recursive: true });
  // Without scripts: what is packed is what was built, as for every other test here.
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', project], {
    cwd: root,
  });
  const [packed] = JSON.parse(stdout) as [{ readonly filename: string }];
  await run('tar', ['-xf', join(project, packed.filename), '-C', installed, '--strip-components', '1']);
  const programs = join(project, 'node_modules', '.bin');
  mkdirSync(programs);
  symlinkSync(join(installed, 'bin', 'scf-ws.js'), join(programs, 'scf-ws'));
  // The registry's part, without the network.
  for (const name of [...Object.keys(manifest.dependencies), '@types/node', '@types/ws', 'vitest']) {
    const link = join(project, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(modules, name), link);
  }
});

afterAll(() => {
  rmSync(project, { recursive: true, force: true });
});

/** Of the tests that are run: this run's own variables would make them report to it. */
function environment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(
    ([name]) => !/^(VITEST|NODE_TEST_CONTEXT|NODE_ENV)/.test(name),
  );
  return { ...Object.fromEntries(entries), NO_COLOR: '1' };
}

const inProject = (program: string, ...args: string[]): Promise<{ stdout: string }> =>
  run(program, args, { cwd: project, env: environment() }).catch(
    (error: { stdout: string; stderr: string }) => {
      throw new Error(`${program} ${args.join(' ')}:\n${error.stdout}${error.stderr}`);
    },
  );

const copyIn = (name: string): void =>
  cpSync(fileURLToPath(new URL(`consumer/${name}`, import.meta.url)), join(project, name));

test('the example’s own tests of its function pass', async () => {
  const { stdout } = await inProject('npm', 'test', '--silent');
  expect(stdout).toMatch(/3 passed/);
  expect(stdout).toMatch(/^# pass 2$/m);
});

test('a test in TypeScript is checked strictly, libraries included, and passes in node:test', async () => {
  copyIn('idle-node.ts');
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2022'],
    module: 'nodenext',
    moduleResolution: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    types: ['node'],
    outDir: 'out',
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['idle-node.ts'] }));
  await inProject(process.execPath, join(modules, 'typescript', 'bin', 'tsc'));
  const { stdout } = await inProject(process.execPath, '--test', 'out/idle-node.js');
  expect(stdout).toMatch(/^# pass 2$/m);
});

test('a test for vitest passes, `await using` included', async () => {
  copyIn('idle-vitest.ts');
  writeFileSync(
    join(project, 'vitest.config.mjs'),
    `export default { test: { include: ['idle-vitest.ts'] } };`,
  );
  const vitest = join('node_modules', 'vitest', 'vitest.mjs');
  const { stdout } = await inProject(process.execPath, vitest, 'run', '--reporter', 'json');
  expect(JSON.parse(stdout)).toMatchObject({ success: true, numPassedTests: 1 });
});
