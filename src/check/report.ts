// All that a check has found, of a config and its functions and the machine, and the same as JSON. Pure.
import type { ConfigProblem } from '../config/function-config.ts';
import { round } from '../core/units.ts';
import { platformIds } from '../platforms/registry.ts';
import type { FunctionReport } from './check-function.ts';
import type { Finding } from './finding.ts';
import { finding } from './finding.ts';
import type { Machine } from './machine.ts';
import type { Observations } from './observations.ts';

export interface CheckReport {
  /** About the config file. */
  readonly config: readonly Finding[];
  readonly functions: readonly FunctionReport[];
  readonly machine: Machine;
}

export function configFinding({ file, line, column, message, advice }: ConfigProblem): Finding {
  return finding({
    id: 'config',
    level: 'error',
    ...{ file, line, column, message },
    why: platformIds().some(id => message.includes(id))
      ? 'The platform does not take such a setting'
      : 'What is meant is not what would be deployed',
    statusCode: null,
    remedy: advice.charAt(0).toUpperCase() + advice.slice(1),
  });
}

export function allFindings({ config, functions }: CheckReport): readonly Finding[] {
  return [...config, ...functions.flatMap(({ findings }) => findings)];
}

/** The keys are a contract: README names them. */
export function checkJson(report: CheckReport): unknown {
  const all = allFindings(report);
  const errors = all.filter(({ level }) => level === 'error').length;
  const { machine } = report;
  return {
    ok: all.length === 0,
    errors,
    warnings: all.length - errors,
    config: report.config.map(findingJson),
    functions: report.functions.map(({ name, codeDir, findings, fixed, observations }) => ({
      name,
      codeDir,
      findings: findings.map(findingJson),
      fixed,
      observations: observationsJson(observations),
    })),
    machine: {
      system: machine.system,
      sandboxes: {
        process: { able: true },
        namespace: machine.namespaces.isAble
          ? { able: true, bubblewrap: machine.bubblewrap }
          : { able: false, cause: machine.namespaces.cause, remedy: machine.namespaces.remedy },
      },
      interpreters: machine.interpreters,
    },
  };
}

function findingJson({ fix, ...rest }: Finding): unknown {
  return { ...rest, fixable: fix !== null };
}

function observationsJson({ package: size, memoryMB, start, notStarted, notes }: Observations): unknown {
  return {
    packageBytes: size.bytes,
    packageFiles: size.files,
    memoryMB,
    start:
      start === null
        ? null
        : {
            sandbox: start.sandbox,
            readyAfterMs: start.readyAfterMs === null ? null : round(start.readyAfterMs),
            listening: start.listening.map(({ address, port, afterMs }) => ({
              address,
              port,
              afterMs: round(afterMs),
            })),
            memoryBytes: start.memoryBytes,
            exit: start.exit,
            said: start.said,
            sigterm:
              start.termination === null
                ? null
                : { afterMs: round(start.termination.afterMs), killed: start.termination.isKilled },
            written: start.written,
          },
    notStarted,
    notes,
  };
}
