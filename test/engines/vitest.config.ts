import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** The journeys and the ledger again, on engines that run as servers. `setup.ts` starts them and stops them. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: [
      'test/journeys/**/*.test.ts',
      'test/custody/ledger*.test.ts',
      'test/vault/vault*.test.ts',
      'test/vault/key-rotation*.test.ts',
      'test/engines/**/*.test.ts',
    ],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    globalSetup: ['test/engines/setup.ts'],
    pool: 'forks',
    maxWorkers: 1,
    reporters: process.env.CUSTOS_TEST_REPORT
      ? ['default', ['json', { outputFile: process.env.CUSTOS_TEST_REPORT }]]
      : ['default'],
  },
})
