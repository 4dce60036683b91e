/** Real footage and datasets, where the environment names them. A test that needs one says in its title that it was left out. */
import { existsSync } from 'node:fs'

/** Folder of real footage (`CUSTOS_MEDIA`), never part of the project. */
export const media = existing(process.env.CUSTOS_MEDIA)
/** Folder of annotated stills (`CUSTOS_DATASETS`), never part of the project. */
export const datasets = existing(process.env.CUSTOS_DATASETS)
/** Folder of detectors that we may not ship (`CUSTOS_MODELS`), to hold ours against. */
export const models = existing(process.env.CUSTOS_MODELS)

function existing(folder: string | undefined): string | undefined {
  return folder !== undefined && folder !== '' && existsSync(folder) ? folder : undefined
}
