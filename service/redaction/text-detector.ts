/** PaddleOCR's text detector (a DBNet): grey picture in, boxes around lines of text out. */
import { type InferenceSession, Tensor } from 'onnxruntime-node'
import { assertFinite, DetectorFault } from './detector.ts'
import { openSession } from './session.ts'
import { type TextBox, textBoxes } from './text-boxes.ts'
import type { TextModel } from './text-models.ts'

/** One plane of luma, limited range. */
export interface Grey {
  readonly width: number
  readonly height: number
  readonly pixels: Uint8Array
}

export interface TextDetector {
  /** Both sides multiples of 32. Boxes in pixels of the picture. Throws DetectorFault when the answer is unusable. */
  detect(picture: Grey): Promise<TextBox[]>
}

/** Of red, green and blue: what the network was trained with. */
const mean = [0.485, 0.456, 0.406]
const deviation = [0.229, 0.224, 0.225]

export async function openTextDetector(model: TextModel): Promise<TextDetector> {
  const session = await openSession(model, { arena: true })
  return {
    async detect({ width, height, pixels }) {
      const size = width * height
      const input = new Float32Array(3 * size)
      for (let channel = 0; channel < 3; channel++) {
        const byLuma = Float32Array.from(
          { length: 256 },
          (_, y) => ((y - 16) / 219 - mean[channel]!) / deviation[channel]!,
        )
        for (let i = 0; i < size; i++) input[channel * size + i] = byLuma[pixels[i]!]!
      }
      const map = await answer(session, new Tensor('float32', input, [1, 3, height, width]))
      if (map.length !== size) throw new DetectorFault(`${model.name} gave a map of another size`)
      return textBoxes(map, width, height)
    },
  }
}

/** The one output of a network with one input. Throws DetectorFault unless it is finite floats. */
export async function answer(session: InferenceSession, input: Tensor): Promise<Float32Array> {
  const outputs = await session.run({ [session.inputNames[0]!]: input })
  const data = (outputs[session.outputNames[0]!] as Tensor | undefined)?.data
  if (!(data instanceof Float32Array)) throw new DetectorFault('a text network gave no floats')
  assertFinite(data)
  return data
}
