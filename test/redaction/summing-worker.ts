/** A worker for processes.test.ts: who it is, and the sums of the bytes that it was greeted with and asked about. Asked for nothing, it has a fault. */
import { answerQuestions } from '../../service/redaction/answerer.ts'

export interface Sums {
  readonly pid: number
  readonly greeting: readonly number[]
  readonly question: number
}

const sum = (bytes: Uint8Array) => bytes.reduce((all, each) => all + each, 0)

answerQuestions(async ({ models }: { readonly models: readonly Uint8Array[] }) => {
  return async ({ picture }: { readonly picture?: Uint8Array }): Promise<Sums> => {
    if (!picture) throw new Error('as asked for')
    return { pid: process.pid, greeting: models.map(sum), question: sum(picture) }
  }
})
