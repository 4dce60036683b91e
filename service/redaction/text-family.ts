/** The text networks at work, in a process of their own. */
import { fileURLToPath } from 'node:url'
import { openProcesses } from './processes.ts'
import type { TextBox } from './text-boxes.ts'
import type { Grey } from './text-detector.ts'
import type { TextModels } from './text-models.ts'
import type { TextVerdict } from './text-verdict.ts'
import type { Lines, TextAnswer, TextQuestion } from './text-worker.ts'

export interface TextFamily extends AsyncDisposable {
  /** Lines of writing, in pixels of the picture, whose sides are multiples of 32. */
  look(picture: Grey): Promise<TextBox[]>
  /** Whether what is written could be a plate's. */
  judge(lines: Lines): Promise<TextVerdict>
}

const program = fileURLToPath(new URL('./text-worker.ts', import.meta.url))

/** Rejects, now or at the next question, when a network fails or gives no answer. */
export function openTextFamily(models: TextModels, signal?: AbortSignal): TextFamily {
  const workers = openProcesses<TextQuestion, TextAnswer>(program, models, 1, { signal })
  const ask = async (question: TextQuestion) => (await workers.submit(question)).answer
  return {
    async look(picture) {
      const answer = await ask({ look: picture })
      return 'boxes' in answer ? answer.boxes : []
    },
    async judge(read) {
      const answer = await ask({ read })
      return 'verdict' in answer ? answer.verdict : 'could-not-tell'
    },
    [Symbol.asyncDispose]: () => workers[Symbol.asyncDispose](),
  }
}
