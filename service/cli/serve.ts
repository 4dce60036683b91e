/** `custos serve`: the HTTP service. */
import { serve } from '../main.ts'
import { explain } from './acquire.ts'

export const help = `npm start        (or: custos serve)

Serves HTTP on CUSTOS_HOST:CUSTOS_PORT (127.0.0.1:8480), keeps its state in CUSTOS_DATA_DIR (var/custos), and runs jobs itself.
README.md, "Configuration", lists every variable. SIGINT and SIGTERM end it after the running answers. Exit: 0 ended, 1 could not start.
`

export async function run(): Promise<number> {
  return await serve().catch(error => explain(error, false))
}
