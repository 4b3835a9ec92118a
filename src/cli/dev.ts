// What `scf-ws dev` does once its command line is read.

import { defaultConfig } from '../config/defaults.ts';
import type { FunctionConfig } from '../config/function-config.ts';
import type { LoadedConfig } from '../config/load.ts';
import { loadConfig, watchConfig } from '../config/load.ts';
import { applyOverrides } from '../config/overrides.ts';
import type { Notice } from '../core/trace.ts';
import { formatDuration } from '../core/units.ts';
import type { Emulator } from '../emulator.ts';
import { startEmulator } from '../emulator.ts';
import { ScfWsError } from '../errors.ts';
import { Journal } from '../journal/journal.ts';
import { journalReader, standardError } from '../journal/readers.ts';
import { openReportFile } from '../journal/report-file.ts';
import { usableFunctions } from '../load-functions.ts';
import { openHarFile } from '../recording/har-file.ts';
import { isListening } from '../sandbox/attach-driver.ts';
import { planStart } from '../sandbox/start-file.ts';
import { readStartFile } from '../sandbox/start-file-on-disk.ts';
import type { DevFlags } from './commands/dev.ts';
import { Interruption } from './interruption.ts';
import { Summary } from './summary.ts';
import { VERSION } from './version.ts';

/** Runs until interrupted; returns the exit code. Rejects with a `ScfWsError` for what the user can change. */
export async function runDev(dir: string, flags: DevFlags): Promise<number> {
  const loaded = await loadConfig({ dir, configFile: flags.config ?? null });
  const functions = usable(loaded, { dir, flags });
  const [first] = functions;
  if (first === undefined)
    throw new ScfWsError('ERR_CONFIG', 'The config has no function', { hint: 'Add one under functions:' });

  const journal = new Journal();
  const notify = (level: Notice['level'], message: string, advice?: string): void => {
    journal.add({ type: 'notice', level, time: Date.now(), message, advice });
  };
  const out = standardError();
  const colour = process.stderr.isTTY === true && process.env.NO_COLOR === undefined;
  const { logFormat: format, verbose = false } = flags;
  journal.subscribe(journalReader({ format, verbose, colour, nameFunctions: functions.length > 1 }, out));
  const summary = new Summary(first.platform);
  const onFailure = (message: string): void => notify('error', message);
  const report = flags.report === undefined ? null : openReportFile(flags.report, onFailure);
  const recording =
    flags.record === undefined ? null : openHarFile(flags.record, { version: VERSION, onFailure });
  journal.subscribe({
    onRecord: record => {
      if (record.type !== 'ended') return;
      summary.add(record.report);
      report?.write(record.report);
    },
  });

  // From here on an interruption is answered, also while starting.
  const interruption = new Interruption();
  const emulator = await startEmulator({
    functions: overridden(functions, flags, notify),
    host: flags.host,
    port: flags.port,
    timeScale: flags.timeScale,
    sandbox: flags.sandbox,
    ...(flags.attach && { attach: flags.attach }),
    ...(recording && { openTap: recording.openTap }),
    journal,
  });
  announce({ loaded, functions, flags, notify, url: emulator.url });
  await warnOfFailures(functions, flags, notify);
  const configFile = loaded.kind === 'loaded' ? loaded.file : null;
  const watch =
    configFile === null ? null : watchConfig(configFile, () => reload({ dir, flags, emulator, notify }));
  const provisioned = functions.filter(({ provisionedConcurrency }) => provisionedConcurrency > 0);
  for (const { name, provisionedConcurrency: count } of provisioned) {
    notify('info', `${name}: starting ${count} instance${count === 1 ? '' : 's'} to be kept ready`);
  }
  const isReady = await Promise.race([
    emulator.ready().then(() => true),
    interruption.first.then(() => false),
  ]);
  if (isReady) process.stdout.write(`${emulator.url}\n`);

  const exitCode = await interruption.first;
  watch?.close();
  notify('info', 'Stopping; once more to kill');
  const isStopped = await Promise.race([
    emulator.stop().then(() => true),
    interruption.second.then(() => false),
  ]);
  if (!isStopped) emulator.kill();
  report?.close();
  recording?.close();
  const end = summary.render(format);
  if (end !== null) out.write(`${end}\n`);
  return exitCode;
}

type Notify = (level: Notice['level'], message: string, advice?: string) => void;

function usable(
  loaded: LoadedConfig,
  { dir, flags }: { dir: string; flags: DevFlags },
): readonly FunctionConfig[] {
  // A server that is attached needs no start file, and so no folder of its own.
  const needsNone = flags.attach !== undefined && flags.config === undefined;
  return loaded.kind === 'missing' && needsNone ? [defaultConfig({ dir })] : usableFunctions(loaded);
}

function overridden(
  functions: readonly FunctionConfig[],
  flags: DevFlags,
  notify: Notify,
): readonly FunctionConfig[] {
  const overrides = {
    ...(flags.idleTimeout !== undefined && { idleTimeoutMs: flags.idleTimeout }),
    ...(flags.timeout !== undefined && { executionTimeoutMs: flags.timeout }),
    ...(flags.initTimeout !== undefined && { initTimeoutMs: flags.initTimeout }),
  };
  const told = new Set<string>();
  return functions.map(config => {
    const result = applyOverrides(config, overrides);
    for (const notice of result.notices) {
      if (!told.has(notice)) notify('warn', notice);
      told.add(notice);
    }
    return result.config;
  });
}

function functionLine(config: FunctionConfig, { flags, url }: { flags: DevFlags; url: string }): string {
  const { name, platform, route, memoryMB } = config;
  const idle = formatDuration(flags.idleTimeout ?? config.idleTimeoutMs);
  const execution = formatDuration(flags.timeout ?? config.executionTimeoutMs);
  const address = route === '/' ? '' : ` at ${url.replace(/\/$/, '')}${route}`;
  return `${name}${address}: ${platform.title}, idle timeout ${idle}, execution timeout ${execution}, ${memoryMB} MB`;
}

interface Announcement {
  readonly loaded: LoadedConfig;
  readonly functions: readonly FunctionConfig[];
  readonly flags: DevFlags;
  readonly notify: Notify;
  readonly url: string;
}

function announce({ loaded, functions, flags, notify, url }: Announcement): void {
  for (const config of functions) notify('info', functionLine(config, { flags, url }));
  if (loaded.kind === 'loaded' && loaded.file === null) {
    notify(
      'info',
      `No scf.yaml here, only ${functions[0]?.platform.startFile.value}: the platform’s defaults apply`,
    );
  }
  if (flags.attach !== undefined) {
    notify(
      'warn',
      `All connections share the server at ${flags.attach.host}:${flags.attach.port}; on the platform each has an instance of its own`,
    );
  }
  if (flags.timeScale !== 1)
    notify(
      'info',
      `The platform’s clock runs ${flags.timeScale} times as fast as yours: idle and execution timeout follow it; the cold start, the rates and your function do not`,
    );
  const isLocal = flags.host === 'localhost' || flags.host === '::1' || flags.host.startsWith('127.');
  if (!isLocal) notify('warn', `Listening on ${flags.host}: other machines can reach your function`);
}

/** What will fail at every connection is said before the first. */
async function warnOfFailures(
  functions: readonly FunctionConfig[],
  { attach }: DevFlags,
  notify: Notify,
): Promise<void> {
  if (attach !== undefined) {
    if (await isListening(attach)) return;
    notify('warn', `Nothing listens on ${attach.host}:${attach.port} yet: connections wait for your server`);
    return;
  }
  for (const { name: functionName, srcDir, platform } of functions) {
    const read = await readStartFile(srcDir, platform.startFile.value);
    if ('exit' in read) continue;
    const plan = planStart(read.file, { langDir: '/var/lang', userDir: '/var/user' });
    if (plan.kind === 'cannot-run')
      notify('warn', `Every connection to ${functionName} will fail: ${plan.message}`, plan.advice);
  }
}

async function reload(options: {
  dir: string;
  flags: DevFlags;
  emulator: Emulator;
  notify: Notify;
}): Promise<void> {
  const { dir, flags, emulator, notify } = options;
  try {
    const functions = usable(await loadConfig({ dir, configFile: flags.config ?? null }), { dir, flags });
    await emulator.update(overridden(functions, flags, () => {}));
    notify('info', 'The config has changed: new connections use it');
    for (const config of functions) notify('info', functionLine(config, { flags, url: emulator.url }));
  } catch (error) {
    if (!(error instanceof ScfWsError)) throw error;
    notify('warn', `The config has changed, but the old one stays in use: ${error.message}`, error.hint);
  }
}
