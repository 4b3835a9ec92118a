import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// biome-ignore lint/style/noDefaultExport: vitest reads the default export.
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/leaks.ts'],
    // Ceilings for waiting on real processes; no test takes them unless it fails.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Two cores: more files at once would only make processes wait for each other.
    maxWorkers: 2,
  },
});
