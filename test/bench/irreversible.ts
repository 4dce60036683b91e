/**
 * Whether what we cover can be guessed. One of N candidates stands at each site of a made-up street, filmed with sensor noise and H.264;
 * our render covers it; the attacker, who has the street, the sites, the candidates and the camera's encoder, films each candidate himself
 * and compares: what lies under the cover (`inside`) and 12 px around it (`around`). Beside it, in the same run, what the attack makes of
 * mosaic, blur and a box that is too tight. `--same-noise` gives the attacker even the noise of every pixel.
 */
import { parseArgs } from 'node:util'
import type { Measurement } from '../../service/cli/bench.ts'
import { scratch } from '../redaction/clips.ts'
import { type Candidates, faceCandidates, plateCandidates } from './judge/candidates.ts'
import { interval, meanRank } from './judge/guess.ts'
import { noiseFrom, setPiece } from './judge/set-piece.ts'
import { attackAll, type Outcome } from './judge/siege.ts'
import { ours, yardsticks } from './judge/styles.ts'
import { datasetsRoot, openStills } from './stills/dataset.ts'
import { randomFrom } from './stills/random.ts'

const usage = 'bench irreversible [--scenes N] [--of plates|faces] [--seed N] [--same-noise] [--datasets DIR]'
const plates = { count: 200, widths: Array.from({ length: 48 }, (_, k) => Math.round(30 * 4 ** (k / 47))), across: 8 }
const faces = { count: 100, widths: Array.from({ length: 32 }, (_, k) => Math.round(12 * 6 ** (k / 31))), across: 8 }
/** The attacker films all candidates once for so many secret takes. */
const secretsPerScene = 4

export async function run(args: string[]): Promise<Measurement[]> {
  const { values } = parseArgs({
    args,
    options: {
      scenes: { type: 'string', default: '6' },
      of: { type: 'string' },
      seed: { type: 'string', default: '1' },
      'same-noise': { type: 'boolean', default: false },
      datasets: { type: 'string' },
    },
  })
  if (values.of !== undefined && values.of !== 'plates' && values.of !== 'faces') throw new Error(`usage: ${usage}`)
  const random = randomFrom(Number(values.seed))
  const rows: Measurement[] = []
  const attack = async (name: string, candidates: Candidates, { widths, across }: typeof plates) => {
    const outcomes: Outcome[] = []
    for (let scene = 0; scene < Number(values.scenes); scene++) {
      await using folder = await scratch()
      const piece = setPiece(candidates, widths, across, random)
      const own = noiseFrom(random)
      const secrets = Array.from({ length: secretsPerScene }, () => ({
        shown: piece.sites.map(() => Math.floor(random.next() * candidates.count)),
        noise: values['same-noise'] ? own : noiseFrom(random),
      }))
      const styles = scene === 0 ? [ours, ...yardsticks] : [ours]
      const siege = { secrets, styles, own, count: candidates.count, folder: folder.path('/') }
      outcomes.push(...(await attackAll(piece, siege)))
      process.stderr.write(`${name}: scene ${scene + 1}\n`)
    }
    rows.push(...tallied(name, outcomes, candidates.count))
  }
  if (values.of !== 'faces') await attack('plates', await plateCandidates(plates.count, random), plates)
  if (values.of !== 'plates') {
    const stills = await openStills(datasetsRoot(values.datasets), 'face', 'val')
    const more = await openStills(datasetsRoot(values.datasets), 'face', 'train')
    await attack('faces', await faceCandidates([...stills, ...more], faces.count, random), faces)
  }
  return rows
}

/**
 * Of all sizes and of the larger ones: how often the true candidate is named at once, with its 95 % interval, and how far down it stands on
 * average, which says more with as many trials; `floor` is chance.
 */
function tallied(name: string, outcomes: readonly Outcome[], count: number): Measurement[] {
  const large = outcomes.filter(each => each.size >= 60).map(each => ({ ...each, where: `${each.where}.60px-up` }))
  return [...Map.groupBy([...outcomes, ...large], ({ style, where }) => `${style}.${where}`)].flatMap(([kind, own]) => {
    const hits = own.reduce((sum, { atOnce }) => sum + atOnce, 0)
    const [low, high] = interval(hits, own.length)
    const chance = 100 / count
    const value = (100 * hits) / own.length
    const sure = `${(low * 100).toFixed(2)} to ${(high * 100).toFixed(2)} %`
    const unit = `% (95 %: ${sure}), ${hits.toFixed(1)} of ${own.length} trials`
    const ranks = own.map(({ rank }) => rank)
    const { mean, within } = meanRank(ranks, count)
    const before = `% of the others named before (95 %: within ${(100 * within).toFixed(1)})`
    return [
      { name: `${name}.${kind}`, value, unit, floor: chance, ratio: value / chance },
      { name: `${name}.${kind}.rank`, value: 100 * mean, unit: before, floor: 50, ratio: (100 * mean) / 50 },
    ]
  })
}
