// What a run of scenarios depends on: the scenarios, the configs of their functions, and the folders of these.
import { dirname, resolve } from 'node:path';
import type { LoadedConfig } from '../../config/load.ts';
import { CONFIG_FILES, loadConfig } from '../../config/load.ts';
import type { ScenarioFile } from './load-scenarios.ts';

export async function watchedPaths(
  files: readonly ScenarioFile[],
  { paths, configFile }: { readonly paths: readonly string[]; readonly configFile: string | null },
): Promise<readonly string[]> {
  const watched = new Set(paths.map(path => resolve(path)));
  const add = (loaded: LoadedConfig): void => {
    if (loaded.kind === 'loaded') for (const { srcDir } of loaded.functions) watched.add(srcDir);
  };
  // Also where every file is broken so far.
  const named = new Set([
    configFile,
    ...files.flatMap(({ scenarios }) => scenarios.map(each => each.configFile ?? configFile)),
  ]);
  for (const file of named) {
    if (file === null) continue;
    watched.add(resolve(file));
    add(await loadConfig({ dir: '.', configFile: file }));
  }
  if (named.has(null)) {
    const folders = new Set(files.map(({ file }) => dirname(resolve(file))));
    for (const folder of folders) add(await nearest(folder, watched));
  }
  return [...watched];
}

/** The config of `folder`, or of the nearest folder above it. What is looked for on the way may be about to come. */
async function nearest(folder: string, watched: Set<string>): Promise<LoadedConfig> {
  for (let dir = folder; ; dir = dirname(dir)) {
    for (const name of CONFIG_FILES) watched.add(resolve(dir, name));
    const loaded = await loadConfig({ dir, configFile: null });
    if (loaded.kind !== 'missing' || dirname(dir) === dir) return loaded;
  }
}
