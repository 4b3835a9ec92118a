// A scenario file as a whole: one scenario, or several that share what stands beside them. Pure.
import * as v from 'valibot';
import { wants } from './scenario-words.ts';
import { stepSchema, steps } from './step-schema.ts';
import { duration, fileName, text, variableName } from './value-schema.ts';

const name = v.pipe(text, v.description('What the scenario shows. Left out: the name of the file.'));

/** What a scenario has of its own, and a file with several may set for all of them. */
const settings = {
  function: v.optional(v.pipe(text, v.description('The function to connect to, if the config has several.'))),
  config: v.optional(
    v.pipe(
      fileName,
      v.description(
        'The config file, relative to this file. Left out: the nearest scf.yaml at or above this file.',
      ),
    ),
  ),
  vars: v.optional(
    v.pipe(
      v.record(variableName, v.unknown(), wants('map')),
      v.description('Variables, used as ${name}; --set goes before them, the environment after.'),
    ),
  ),
  timeout: v.optional(v.pipe(duration, v.description('Real time that a scenario may take.'))),
};

const setup = v.optional(
  v.pipe(
    v.union([fileName, steps], wants('setup')),
    v.description(
      'Steps that come first in every scenario of the file; or the path of a file with a list of them.',
    ),
  ),
);

const ownSteps = v.pipe(steps, v.description('The steps, in order.'));

const oneScenario = v.strictObject({ name: v.optional(name), ...settings, setup, steps: ownSteps });

const entry = v.pipe(
  v.strictObject({ name, ...settings, steps: ownSteps }, wants('scenario')),
  v.title('a scenario'),
);

const severalScenarios = v.strictObject({
  ...settings,
  setup,
  scenarios: v.pipe(
    v.array(entry, wants('scenarios')),
    v.minLength(1, wants('scenarios')),
    v.description('Several scenarios, each with a name and steps of its own.'),
  ),
});

export const fileSchema = v.pipe(
  v.union([oneScenario, severalScenarios], wants('file')),
  v.description('Scenarios for scf-ws test.'),
);

/** A file that `setup` names: steps alone. */
export const setupFileSchema = steps;

/** The scenario's own keys, and those of a file with several. */
export const FILE_ENTRIES = { ...oneScenario.entries, ...severalScenarios.entries };

export type SettingValues = v.InferOutput<typeof settingsSchema>;

/** The settings alone, for those who read them from either place. */
export const settingsSchema = v.object({ name: v.optional(name), ...settings });

/** What the JSON Schema calls by name, since it contains itself. */
export const DEFINITIONS = { step: stepSchema };
