// Scenarios without steps, for what only looks at their names and places.
import type { Scenario } from '../../src/testing/scenario.ts';

export function scenarioOf(name: string, index = 0): Scenario {
  return {
    name,
    at: { file: 'some.scenario.yaml', line: index + 1, column: 1 },
    functionName: null,
    configFile: null,
    timeoutMs: null,
    variables: new Map(),
    steps: [],
  };
}
