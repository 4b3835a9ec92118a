// The JSON Schema that is shipped is the one of the reader; `vitest -u` records it anew.
import { expect, test } from 'vitest';
import { scenarioJsonSchema } from './json-schema.ts';

test('the schema for editors is made from the one that files are read with', async () => {
  const text = `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`;
  await expect(text).toMatchFileSnapshot('../../src/testing/scenario.schema.json');
});
