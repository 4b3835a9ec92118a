// What a trial has shown that fails in the cloud. Pure; the sentences are those of `dev` where it has them.
import type { FunctionConfig } from '../config/function-config.ts';
import type { SandboxExit } from '../core/end-cause.ts';
import { describeExit } from '../core/invocation.ts';
import { formatDuration, formatSize } from '../core/units.ts';
import { portTrouble, startTrouble } from '../explain.ts';
import type { CodeFolder } from './code-folder.ts';
import type { Finding } from './finding.ts';
import { finding } from './finding.ts';
import type { ListeningWords } from './listening-words.ts';
import { missingCommand, neighbourError, networkError, readOnlyPaths } from './output-words.ts';
import type { Trial } from './trial.ts';
import { isReached } from './trial.ts';
import type { AbsentModule, Trials } from './trials.ts';

export interface TrialContext {
  readonly config: FunctionConfig;
  readonly folder: CodeFolder;
  readonly words: readonly ListeningWords[];
  /** The start file's, which may be no shell's. */
  readonly text: string;
  /** What the start file's text has shown already: it may explain how the trial went. */
  readonly known: readonly Finding[];
}

export function trialFindings(trials: Trials, on: TrialContext): readonly Finding[] {
  const { trial, absentModule, isStoppedByWriting } = trials;
  const { known, config } = on;
  const errors = known.filter(({ level }) => level === 'error');
  const isKnownFile =
    /^[./]/.test(absentModule?.name ?? '') && errors.some(({ id }) => id === 'program-missing');
  const isKnownWrite = errors.some(({ id }) => id === 'writes-outside-tmp');
  const command = missingCommand(trial.lines);
  const isKnownCommand = command !== null && known.some(({ message }) => message.includes(command));
  const isExplained = errors.length > 0 || absentModule !== null || isStoppedByWriting || isKnownCommand;
  return [
    ...(absentModule === null || isKnownFile ? [] : [moduleFinding(absentModule, on)]),
    ...(isKnownWrite ? [] : writeFindings(trials, config)),
    ...endFindings(trial, { ...on, isExplained }),
    ...memoryFindings(trial, config),
  ];
}

function moduleFinding({ language, name, outside }: AbsentModule, { config, folder }: TrialContext): Finding {
  const statusCode = config.platform.status.byCause['start-failed'].value;
  const place = { level: 'error', statusCode } as const;
  const install =
    language === 'python'
      ? `python3 -m pip install ${name.split('.')[0]} -t . (in the code folder)`
      : `npm install ${name} (in the code folder)`;
  if (/^[./]/.test(name)) {
    const message = `It asks for the file ${name.replace(/^\/var\/user\//, '')}, which is not in the package`;
    const why = 'It ends before it listens';
    return finding({
      ...place,
      id: 'module-missing',
      message,
      why,
      remedy: 'Put it into the package: is it made by a build?',
    });
  }
  const link = language === 'node' ? (folder.look(`node_modules/${name}`)?.outside ?? null) : null;
  if (link !== null) {
    return finding({
      ...place,
      id: 'link-outside',
      message: `It asks for the module ${name}, and node_modules/${name} is a link to ${link}`,
      why: 'The package has the link, and not what it leads to',
      remedy: 'Install it as a copy: npm install --install-links',
    });
  }
  if (outside !== null) {
    return finding({
      ...place,
      id: 'module-outside',
      message: `It asks for the module ${name}, which this machine has outside of the code folder: ${outside}`,
      why: 'The package has only what is in the code folder, so it ends before it listens',
      remedy: `Install it into the package: ${install}`,
    });
  }
  const isListed = (folder.text(language === 'node' ? 'package.json' : 'requirements.txt') ?? '').includes(
    name,
  );
  const all = language === 'node' ? 'npm install' : 'python3 -m pip install -r requirements.txt -t .';
  return finding({
    ...place,
    id: 'module-missing',
    message: `It asks for the module ${name}, which is not in the package`,
    why: 'It ends before it listens',
    remedy: isListed ? `Install what it needs: ${all}` : `Install it into the package: ${install}`,
  });
}

function writeFindings(
  { trial, written, isStoppedByWriting }: Trials,
  config: FunctionConfig,
): readonly Finding[] {
  const said = readOnlyPaths(trial.lines).flatMap(path => path?.replace(/^\/var\/user\//, '') ?? []);
  const paths = [...new Set([...said, ...(written ?? [])])];
  if (!isStoppedByWriting && paths.length === 0) return [];
  const shown = paths.slice(0, 3).join(', ') + (paths.length > 3 ? ` and ${paths.length - 3} more` : '');
  return [
    finding({
      id: 'writes-outside-tmp',
      level: isStoppedByWriting ? 'error' : 'warning',
      message: `It writes outside of /tmp${shown === '' ? '' : `: ${shown}`}`,
      why: isStoppedByWriting
        ? 'Everything but /tmp is read-only (EROFS), and it ends before it listens'
        : isReached(trial)
          ? 'Everything but /tmp is read-only (EROFS); its start survives that, but what it writes is not there'
          : 'Everything but /tmp is read-only (EROFS), which may be why it does not start',
      statusCode: isStoppedByWriting ? config.platform.status.byCause['start-failed'].value : null,
      remedy: 'Write to /tmp, which each instance has for itself, or to a store outside',
    }),
  ];
}

function endFindings(
  trial: Trial,
  { config, words, text, isExplained }: TrialContext & { readonly isExplained: boolean },
): readonly Finding[] {
  const { status } = config.platform;
  const startFile = config.platform.startFile.value;
  if (trial.exit !== null) {
    const hasListened = trial.listening.some(({ port }) => port === config.port);
    if (hasListened) return [exitFinding(trial, trial.exit, config)];
    return isExplained ? [] : [startFinding(trial, trial.exit, { config, text })];
  }
  if (trial.readyAfterMs !== null || (!isReached(trial) && isExplained)) return [];
  const [other = null] = trial.otherPorts;
  const { what, remedy } = portTrouble(trial.loopbackAddress, {
    config,
    circumstances: { otherPorts: trial.otherPorts, isUnanswered: false, wasOpen: false },
    attachedTo: null,
  });
  const isElsewhere = trial.loopbackAddress === null && other !== null;
  const said = words.find(({ port }) => (isElsewhere ? port === other : port === config.port));
  return [
    finding({
      id: 'port-not-bound',
      level: 'error',
      file: said === undefined ? null : startFile,
      line: said?.line ?? null,
      message: isElsewhere
        ? `The function listens on port ${other}, and not on ${config.port}`
        : `${what}${trial.listening.length === 0 ? quoted(trial) : ''}`,
      why: (trial.listening.length === 0 ? whyOf(trial) : null) ?? whyPort(config),
      statusCode: status.byCause['port-not-bound'].value,
      remedy: capital(remedy),
    }),
  ];
}

function whyPort({ platform, port }: FunctionConfig): string {
  const answer = platform.errorMessages['port-not-bound']?.value;
  const said = answer === undefined ? '' : `, and answers "${answer}"`;
  return `The platform connects to port ${port} from outside of the instance${said}`;
}

function exitFinding(trial: Trial, exit: SandboxExit, config: FunctionConfig): Finding {
  return finding({
    id: 'process-exited',
    level: networkError(trial.lines) === null ? 'error' : 'warning',
    message: `It listens, and ends by itself at once (${describeExit(exit)})${quoted(trial)}`,
    why: whyOf(trial) ?? 'A connection ends with its process',
    statusCode: config.platform.status.byCause['process-exited'].value,
    remedy: 'Keep the server running, whatever else fails',
  });
}

function startFinding(
  trial: Trial,
  exit: SandboxExit,
  { config, text }: Pick<TrialContext, 'config' | 'text'>,
): Finding {
  const { what, remedy } = startTrouble(exit, {
    config,
    circumstances: {
      namedError: trial.namedError,
      lastWords: trial.lastWords,
      isUnanswered: false,
      wasOpen: false,
    },
  });
  return finding({
    id: 'start-failed',
    level: networkError(trial.lines) === null ? 'error' : 'warning',
    message: what,
    why: whyOf(trial) ?? `Nothing listens on port ${config.port}, so no connection can be made`,
    statusCode: config.platform.status.byCause['start-failed'].value,
    remedy: /\bmain_handler\b/.test(text)
      ? `Start a server that listens on 0.0.0.0:${config.port}: main_handler belongs to event functions`
      : capital(remedy),
  });
}

/** What it did not reach says why. */
function whyOf({ lines }: Trial): string | null {
  if (neighbourError(lines) !== null) {
    return 'In the cloud nothing else runs beside it: there is nothing on its own machine to reach';
  }
  return networkError(lines) === null
    ? null
    : 'It does not start without what it reaches over the network, which may or may not be there in the cloud';
}

/** What it said last may say why. */
function quoted({ namedError, lastWords }: Trial): string {
  const said = namedError ?? lastWords;
  return said === null ? '' : `; it said "${said.trim().slice(0, 200)}"`;
}

/** From here on the first real message may be too much. */
const TIGHT = 0.9;

function memoryFindings({ memoryBytes }: Trial, { memoryMB, platform }: FunctionConfig): readonly Finding[] {
  const limitBytes = memoryMB * 1024 ** 2;
  if (memoryBytes === null || memoryBytes < limitBytes * TIGHT) return [];
  const isOver = memoryBytes > limitBytes;
  return [
    finding({
      id: 'memory-exceeded',
      level: isOver ? 'error' : 'warning',
      message: `At rest it uses ${formatSize(memoryBytes)} of its ${memoryMB} MB`,
      why: isOver
        ? 'The platform ends an instance that uses more than memorySize'
        : 'Its first connections may use the rest',
      statusCode: platform.status.byCause['memory-exceeded'].value,
      remedy: 'Raise memorySize, or use less',
    }),
  ];
}

/** For where no instance can tell: what the start file says of addresses and ports. */
export function listeningFindings(
  words: readonly ListeningWords[],
  config: FunctionConfig,
): readonly Finding[] {
  return words.flatMap(({ line, host, port, said, isCertain }): readonly Finding[] => {
    const isLocal = host !== null && /^(?:127\.|localhost$|::1$)/.test(host);
    const isOther = port !== null && port !== config.port;
    if (!isLocal && !isOther) return [];
    const where = isOther && isLocal ? `on ${host}:${port}` : isLocal ? `on ${host}` : `on port ${port}`;
    return [
      finding({
        id: 'port-not-bound',
        level: isCertain ? 'error' : 'warning',
        file: config.platform.startFile.value,
        line,
        message: isCertain
          ? `"${said}" listens ${where}`
          : `It sets ${said}, and the platform connects to ${config.port}`,
        why: `${whyPort(config)} after ${formatDuration(config.initTimeoutMs)}`,
        statusCode: config.platform.status.byCause['port-not-bound'].value,
        remedy: `Listen on 0.0.0.0:${config.port}`,
      }),
    ];
  });
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
