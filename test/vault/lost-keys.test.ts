import { rename, stat } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { readConfig } from '../../service/config.ts'
import { openService } from '../../service/service.ts'
import { openKeyFile } from '../../service/vault/key-file.ts'
import { scratch } from './streams.ts'

test('a service whose key file is gone, or is another one, does not start, and makes none', async () => {
  await using folder = await scratch()
  const { config, secrets } = readConfig({ CUSTOS_DATA_DIR: folder.path })
  const start = async () => await (await openService(config, secrets, { log: () => {} }))[Symbol.asyncDispose]()
  await start()
  const backup = `${folder.path}/backup.json`
  await rename(secrets.keyFile, backup)
  await expect(start()).rejects.toThrow(/key file .* is not there/)
  await expect(stat(secrets.keyFile)).rejects.toMatchObject({ code: 'ENOENT' })
  await openKeyFile(secrets.keyFile)
  await expect(start()).rejects.toThrow(/reference key of region local is not the one/)
  await rename(backup, secrets.keyFile)
  await start()
})
