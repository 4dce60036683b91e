/** Runs `custos doctor` as an operator does, in a process of its own. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Finding } from '../../service/cli/doctor-check.ts'

const cli = fileURLToPath(new URL('../../service/cli/main.ts', import.meta.url))

export interface Examined {
  readonly code: number
  readonly findings: Finding[]
  readonly finding: (name: string) => Finding | undefined
}

/** With this environment and no other. */
export function examine(environment: Record<string, string>): Promise<Examined> {
  const env = { PATH: process.env.PATH, ...environment }
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [cli, 'doctor', '--json'], { env }, (error, stdout) => {
      if (stdout === '') return reject(error)
      const { findings } = JSON.parse(stdout) as { findings: Finding[] }
      const code = typeof error?.code === 'number' ? error.code : 0
      resolve({ code, findings, finding: name => findings.find(found => found.name === name) })
    })
  })
}
