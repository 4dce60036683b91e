import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    include: ['test/**/*.test.ts'],
    exclude: ['test/engines/**'],
    // ffmpeg and the detectors are at work in some of them; no test asserts a time.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    pool: 'forks',
    maxWorkers: 2,
    reporters: process.env.CUSTOS_TEST_REPORT
      ? ['default', ['json', { outputFile: process.env.CUSTOS_TEST_REPORT }]]
      : ['default'],
  },
})
