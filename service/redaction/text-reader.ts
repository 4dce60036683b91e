/** PaddleOCR's text recogniser: one line of writing in, its letters out. */
import { Tensor } from 'onnxruntime-node'
import { DetectorFault } from './detector.ts'
import { openSession } from './session.ts'
import { answer, type Grey } from './text-detector.ts'
import type { TextModel } from './text-models.ts'
import type { Reading } from './text-verdict.ts'

export interface TextReader {
  /** A line made by `lineOf` of text-line.ts. Throws DetectorFault when the answer is unusable. */
  read(line: Grey): Promise<Reading>
}

export async function openTextReader(model: TextModel, alphabet: readonly string[]): Promise<TextReader> {
  const session = await openSession(model, { arena: true })
  return {
    async read({ width, height, pixels }) {
      const one = Float32Array.from(pixels, y => (y - 16) / 109.5 - 1)
      const input = new Float32Array(3 * one.length)
      for (let channel = 0; channel < 3; channel++) input.set(one, channel * one.length)
      const columns = await answer(session, new Tensor('float32', input, [1, 3, height, width]))
      if (columns.length % alphabet.length !== 0) throw new DetectorFault(`${model.name} knows another alphabet`)
      return spell(columns, alphabet)
    },
  }
}

/** The best letter of each column; a letter that goes on, and columns without one, are dropped (CTC). */
function spell(columns: Float32Array, alphabet: readonly string[]): Reading {
  let text = ''
  let sum = 0
  let count = 0
  let before = 0
  for (let at = 0; at < columns.length; at += alphabet.length) {
    let best = 0
    for (let letter = 1; letter < alphabet.length; letter++) {
      if (columns[at + letter]! > columns[at + best]!) best = letter
    }
    if (best !== 0 && best !== before) {
      text += alphabet[best]
      sum += columns[at + best]!
      count++
    }
    before = best
  }
  return { text, score: count === 0 ? 0 : sum / count }
}
