/** The process that runs the text networks. What it reads it judges here: no reading leaves it. */
import { answerQuestions } from './answerer.ts'
import type { TextBox } from './text-boxes.ts'
import { type Grey, openTextDetector } from './text-detector.ts'
import type { TextModels } from './text-models.ts'
import { openTextReader } from './text-reader.ts'
import { type TextSize, type TextVerdict, verdictOn, verdictOnTwo } from './text-verdict.ts'

/** One line made by `lineOf`, or the two of a card, the upper one first; and how large the first stands in the frame. */
export interface Lines {
  readonly lines: readonly [Grey] | readonly [Grey, Grey]
  readonly size: TextSize
}

export type TextQuestion = { readonly look: Grey } | { readonly read: Lines }
export type TextAnswer = { readonly boxes: TextBox[] } | { readonly verdict: TextVerdict }

answerQuestions(async (models: TextModels) => {
  const detector = await openTextDetector(models.detection)
  const reader = await openTextReader(models.recognition, models.alphabet)
  async function judge({ lines: [one, two], size }: Lines): Promise<TextVerdict> {
    const reading = await reader.read(one)
    return two ? verdictOnTwo(reading, await reader.read(two), size) : verdictOn(reading, size)
  }
  return async (question: TextQuestion): Promise<TextAnswer> =>
    'look' in question ? { boxes: await detector.detect(question.look) } : { verdict: await judge(question.read) }
})
