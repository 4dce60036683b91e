/** `custos serve`: the HTTP service. */
import { serve } from '../main.ts'
import { explain } from './acquire.ts'

export const help = `npm start        (or: custos serve)

Serves HTTP on CUSTOS_HOST:CUSTOS_PORT (127.0.0.1:8480), keeps its state in CUSTOS_DATA_DIR (var/custos), and runs jobs itself.
README.md, "Configuration", lists every variable.
SIGINT and SIGTERM end it: running answers have 10 s, then their connections are cut, and jobs have up to 20 s more. Allow it more than 30 s.
A job that was cut off is tried again by whoever runs next. Exit: 0 ended, 1 could not start.
`

export async function run(): Promise<number> {
  return await serve().catch(error => explain(error, false))
}
