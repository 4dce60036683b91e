/** How `custos plan` puts plans and the record of their edits down. */
import { randomUUID } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import type { PlanEdit } from '../redaction/plan-edit.ts'

export interface EditRecord {
  readonly by: string
  readonly reason: string
  readonly edit: PlanEdit
  /** Hex SHA-256 of the plan that was edited, and of what came of it. */
  readonly before: string
  readonly after: string
}

/** The record comes first: after a crash between the two it names a plan that is not there, and never is there one that no record names. */
export async function writeEdited(out: string, plan: string, record: EditRecord): Promise<void> {
  await using log = await open(`${out}.edits.jsonl`, 'a')
  await log.appendFile(`${JSON.stringify({ v: 'custos-plan-edit/v1', at: new Date().toISOString(), ...record })}\n`)
  await log.sync()
  await writeWhole(out, plan)
}

/** The file is the old one or the new one, whole. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const part = `${path}.${randomUUID()}.part`
  try {
    await using file = await open(part, 'wx')
    await file.writeFile(text)
    await file.sync()
    await rename(part, path)
  } finally {
    await rm(part, { force: true })
  }
}
