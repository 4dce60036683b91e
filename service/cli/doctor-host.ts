/** `custos doctor` on the machine: Node, ffmpeg, models, disks. */
import { access, constants, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Config, readModelsDir } from '../config.ts'
import { loadModels } from '../redaction/models.ts'
import { type Answer, type Check, fail, ok, warn } from './doctor-check.ts'

const gigabyte = 1e9
const leastBytes = 0.2 * gigabyte
/** statfs(2): file systems that live in memory. */
const ramDisks: Readonly<Record<number, string>> = { 16914836: 'tmpfs', 2240043254: 'ramfs' }

export const hostChecks: readonly Check[] = [
  { name: 'node', run: async () => judgeNode(process.versions.node) },
  { name: 'ffmpeg', run: checkFfmpeg },
  { name: 'models', run: checkModels },
]

export function diskChecks(config: Config, keepsEvidence: boolean): Check[] {
  return [
    { name: 'scratch', run: () => checkScratch(config.scratchDir, config.maxClipBytes) },
    { name: 'data', run: () => checkData(config.dataDir, keepsEvidence ? config.maxClipBytes : 0) },
  ]
}

function judgeNode(version: string): Answer {
  const says = `Node ${version}`
  return Number(version.split('.')[0]) >= 24 ? ok(says) : fail(says, 'start it with Node 24 or later')
}

async function checkFfmpeg(): Promise<Answer> {
  // The starter asks the same before it hands over; it is plain JavaScript that runs before anything is installed.
  const starter = (await import(new URL('../start.js', import.meta.url).href)) as { ffmpegFault(): string | undefined }
  const fault = starter.ffmpegFault()
  return fault
    ? fail(fault, 'install ffmpeg 5 or later with libx264 (Debian: apt-get install -y ffmpeg)')
    : ok('ffmpeg with libx264, sendcmd, and a drawbox that takes commands')
}

async function checkModels(): Promise<Answer> {
  const own = readModelsDir()
  try {
    const models = await loadModels({ own })
    const names = [...models.planning('face'), ...models.planning('plate')].map(model => model.name)
    return ok(`${[...new Set(names)].join(', ')}, of the digests in models.json${own ? `; added ones in ${own}` : ''}`)
  } catch (error) {
    const mend =
      'put the file back that models.json names, or see what CUSTOS_MODELS_DIR names; nothing is redacted until then'
    return fail((error as Error).message, mend)
  }
}

async function checkScratch(dir: string, maxClipBytes: number): Promise<Answer> {
  const place = await measure(dir)
  const kind = place.ramDisk
    ? `a RAM disk (${place.ramDisk})`
    : 'a disk, and plaintext of clips lies there while ffmpeg works: it should be an encrypted one'
  return judgeSpace(`${dir} is ${kind}`, dir, place, 2 * maxClipBytes)
}

async function checkData(dir: string, wantedBytes: number): Promise<Answer> {
  return judgeSpace(dir, dir, await measure(dir), wantedBytes)
}

interface Place {
  readonly exists: boolean
  readonly writable: boolean
  readonly freeBytes: number
  readonly ramDisk: string | undefined
}

/** Of a folder that is not there yet: what its nearest ancestor says. */
async function measure(dir: string): Promise<Place> {
  let at = dir
  while (!(await stat(at).catch(() => undefined)) && dirname(at) !== at) at = dirname(at)
  const { bavail, bsize, type } = await statfs(at)
  const writable = await access(at, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  )
  return { exists: at === dir, writable, freeBytes: bavail * bsize, ramDisk: ramDisks[type] }
}

function judgeSpace(about: string, dir: string, place: Place, wantedBytes: number): Answer {
  const says = `${about}; ${(place.freeBytes / gigabyte).toFixed(1)} GB free${place.exists ? '' : '; it is made at the first start'}`
  if (!place.writable) return fail(says, `let the account that runs the service write in ${dir}`)
  if (place.freeBytes < leastBytes) return fail(says, 'make room: nothing can be taken in or redacted')
  const wanted = (wantedBytes / gigabyte).toFixed(1)
  return place.freeBytes < wantedBytes
    ? warn(says, `the largest clip that is taken needs ${wanted} GB there`)
    : ok(says)
}
