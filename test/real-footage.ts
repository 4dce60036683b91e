/** Real footage and datasets, where the environment names them. A test that needs one says in its title that it was left out. */
import { existsSync } from 'node:fs'

/** Folder of real footage (`CUSTOS_MEDIA`), never part of the project. */
export const media = existing(process.env.CUSTOS_MEDIA)
/** Folder of annotated stills (`CUSTOS_DATASETS`), never part of the project. */
export const datasets = existing(process.env.CUSTOS_DATASETS)

function existing(folder: string | undefined): string | undefined {
  return folder !== undefined && folder !== '' && existsSync(folder) ? folder : undefined
}
