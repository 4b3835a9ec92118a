// Dependencies that package.json lists and only folders above the package have: for a trial that reaches them, as one
// among the processes of this machine does, and says nothing.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Platform } from '../platforms/platform.ts';
import type { CodeFolder } from './code-folder.ts';
import type { Finding } from './finding.ts';
import { finding } from './finding.ts';
import { hoistedFolders } from './modules.ts';

export function dependencyFindings(
  folder: CodeFolder,
  { codeDir, platform }: { readonly codeDir: string; readonly platform: Platform },
): readonly Finding[] {
  const above = hoistedFolders(codeDir);
  const outside = dependenciesOf(folder.text('package.json')).flatMap(name => {
    if (folder.look(join('node_modules', name)) !== null) return [];
    const found = above.map(modules => join(modules, name)).find(path => existsSync(path));
    return found === undefined ? [] : [{ name, found }];
  });
  const [first] = outside;
  if (first === undefined) return [];
  const names = outside.map(({ name }) => name).join(', ');
  return [
    finding({
      id: 'module-outside',
      level: 'warning',
      file: 'package.json',
      message: `It lists ${names}, which this machine has outside of the code folder: ${first.found}`,
      why: 'The package has only what is in the code folder, so it ends before it listens, unless it is bundled',
      statusCode: platform.status.byCause['start-failed'].value,
      remedy: 'Install what it needs into the package: npm install (in the code folder)',
    }),
  ];
}

function dependenciesOf(manifest: string | null): readonly string[] {
  try {
    const { dependencies }: { dependencies?: unknown } = Object(JSON.parse(manifest ?? ''));
    return Object.keys(Object(dependencies));
  } catch {
    // npm itself will say what is wrong with it.
    return [];
  }
}
