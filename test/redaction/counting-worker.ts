/** A worker for processes.test.ts: what it was greeted with, who it is, and how often it was asked. Each answer is its last; asked for `fault`, it has one. */
import { answerQuestions } from '../../service/redaction/answerer.ts'

export interface Count {
  readonly greeting: string
  readonly pid: number
  readonly asked: number
}

answerQuestions(async (greeting: string) => {
  let asked = 0
  return async (question: string): Promise<Count> => {
    if (question === 'fault') throw new Error('as asked for')
    return { greeting, pid: process.pid, asked: ++asked }
  }
}, 0)
