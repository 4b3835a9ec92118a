// The JSON Schema for editors, made from the schema that scenario files are read with.
import { toJsonSchema } from '@valibot/to-json-schema';
import { DEFINITIONS, fileSchema } from '../../src/testing/scenario/scenario-schema.ts';

export function scenarioJsonSchema(): Record<string, unknown> {
  return {
    title: 'Scenarios of scf-ws',
    ...toJsonSchema(fileSchema, {
      definitions: DEFINITIONS,
      // What they ask for is beyond JSON Schema: an editor takes more than the reader, never less.
      ignoreActions: ['check'],
      errorMode: 'throw',
    }),
  };
}
