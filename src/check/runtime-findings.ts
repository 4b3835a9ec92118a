// What a start file uses below /var/lang that the platform is not known to have. Pure.
import { runtimeFoldersIn } from '../sandbox/start-file.ts';
import type { Finding } from './finding.ts';
import { finding } from './finding.ts';
import type { ProgramContext } from './program-findings.ts';
import type { ProgramUse } from './program-uses.ts';

export function runtimeFindings(
  uses: readonly ProgramUse[],
  { text, platform, startFile }: Pick<ProgramContext, 'text' | 'platform' | 'startFile'>,
): readonly Finding[] {
  const statusCode = platform.status.byCause['start-failed'].value;
  const runtimes = platform.runtimes.value;
  return runtimeFoldersIn(text).flatMap((name): readonly Finding[] => {
    const path = `/var/lang/${name}`;
    const line = text.split('\n').findIndex(each => each.includes(path)) + 1;
    const at = { file: startFile, line, statusCode, id: 'unknown-runtime' } as const;
    const runtime = runtimes.find(({ folder }) => folder === name);
    const isSure = line === 1 || uses.some(use => usesRuntime(use, path));
    if (runtime === undefined) {
      const family = /^[a-z]+/.exec(name)?.[0] ?? '';
      const known = runtimes.filter(({ folder }) => folder.startsWith(family)).map(({ folder }) => folder);
      return [
        finding({
          ...at,
          level: isSure ? 'error' : 'warning',
          message: `It uses ${path}, which the platform is not known to have`,
          why: 'If it is not there: "no such file or directory"',
          remedy: `Use one that it has: ${(known.length > 0 ? known : runtimes.map(({ folder }) => folder)).join(', ')}`,
        }),
      ];
    }
    const programs = [...text.matchAll(new RegExp(`${path}/bin/([\\w.-]+)`, 'g'))].map(
      ([, program]) => program ?? '',
    );
    const unknown = programs.find(program => program !== '' && !runtime.binaries.includes(program));
    if (unknown === undefined) return [];
    return [
      finding({
        ...at,
        line: text.split('\n').findIndex(each => each.includes(`${path}/bin/${unknown}`)) + 1,
        level: 'warning',
        message: `It uses ${path}/bin/${unknown}, and ${runtime.binaries.join(', ')} is what is known to be there`,
        why: 'If it is not there: "no such file or directory"',
        remedy: `Use ${path}/bin/${runtime.binaries[0]}`,
      }),
    ];
  });
}

function usesRuntime(use: ProgramUse, path: string): boolean {
  if (use.kind === 'file') return use.path.startsWith(`${path}/`);
  return (
    use.kind === 'command' && (use.searchPath ?? '').split(':').some(entry => entry.startsWith(`${path}/`))
  );
}
