// The start file is not where the platform looks for it: is it under another name, or one folder down? Pure but for
// the look-ups in the code folder that it is given.
import { posix } from 'node:path';
import { nearest } from '../config/key-names.ts';
import type { Platform } from '../platforms/platform.ts';
import { WORDING } from '../sandbox/not-started.ts';
import type { CodeFolder } from './code-folder.ts';
import type { Finding } from './finding.ts';
import { finding } from './finding.ts';

/** Where it may be instead, relative to the code folder. */
export function likelyStartFile(folder: CodeFolder, startFile: string): string | null {
  const names = folder.list('.');
  const misnamed = names.find(name => isLike(name, startFile) && folder.look(name)?.kind === 'file');
  if (misnamed !== undefined) return misnamed;
  const below = names.filter(name => !name.startsWith('.') && name !== 'node_modules');
  const nested = below.map(name => posix.join(name, startFile));
  return nested.find(path => folder.look(path)?.kind === 'file') ?? null;
}

/** `bootstrap`, `SCF_BOOTSTRAP`, `scf_bootstrap.sh`, `scf-bootstrap`, `scf_boostrap`. */
function isLike(name: string, startFile: string): boolean {
  const bare = name
    .toLowerCase()
    .replace(/\.(?:sh|bash|txt)$/, '')
    .replaceAll('-', '_')
    .trim();
  return bare === 'bootstrap' || bare === startFile || nearest(bare, [startFile]) !== null;
}

export function missingStartFile(folder: CodeFolder, { startFile, status }: Platform): Finding {
  const name = startFile.value;
  const place = {
    id: 'start-file-missing',
    level: 'error',
    statusCode: status.byCause['start-failed'].value,
  } as const;
  const why = `The platform answers "${WORDING.noSuchFile(name)}"`;
  const fact = folder.look(name);
  if (fact !== null && fact.kind !== 'file') {
    const message = fact.kind === 'dangling' ? `${name} is a link to nothing` : `${name} is not a file`;
    return finding({ ...place, file: name, message, why, remedy: `Put a file ${name} in its place` });
  }
  const found = likelyStartFile(folder, name);
  if (found === null) {
    const message = `There is no start file ${name}`;
    return finding({
      ...place,
      message,
      why,
      remedy: `Create ${name}: #!/bin/bash, then the command that starts the server`,
    });
  }
  if (found.includes('/')) {
    const parent = posix.dirname(found);
    return finding({
      ...place,
      file: found,
      message: `The start file is in ${parent}, not at the top of the package`,
      why,
      remedy: `Deploy the folder ${parent} (src: ${parent} in scf.yaml), or move the start file up`,
    });
  }
  return finding({
    ...place,
    file: found,
    message: `There is no ${name}, but ${found}`,
    why: `The platform looks for that very name: "${WORDING.noSuchFile(name)}"`,
    remedy: `mv ${found} ${name}`,
  });
}
