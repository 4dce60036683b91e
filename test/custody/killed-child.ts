/** Commits an act and its pending entry to the database named by the first argument, and dies before anyone numbers it. */

import { openSigner } from '../../service/custody/signer.ts'
import { openDatabase } from '../../service/db.ts'
import { createTables, origin, testAct, testLedger } from './setup.ts'

const [url, chain, req, signingKey] = process.argv.slice(2)
const database = await openDatabase(url!)
await createTables(database)
const ledger = await testLedger(database, { signer: openSigner(origin, signingKey!) })
await ledger.append(testAct({ chain: chain! }))
await database.db.transaction(tx => ledger.stage(tx, testAct({ chain: chain!, req: req!, ev: 'hold.placed' })))
process.kill(process.pid, 'SIGKILL')
