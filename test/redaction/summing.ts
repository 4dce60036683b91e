/** What the workers of processes.test.ts answer: who they are, and the sums of the bytes that they were greeted with and asked about. Asked for nothing, they have a fault; asked to wait, they do so for ever. */
export interface Question {
  readonly picture?: Uint8Array
  readonly wait?: true
}

export interface Sums {
  readonly pid: number
  readonly greeting: readonly number[]
  readonly question: number
}

const sum = (bytes: Uint8Array) => bytes.reduce((all, each) => all + each, 0)

export async function summing({ models }: { readonly models: readonly Uint8Array[] }) {
  return async ({ picture, wait }: Question): Promise<Sums> => {
    if (wait) await new Promise(() => {})
    if (!picture) throw new Error('as asked for')
    return { pid: process.pid, greeting: models.map(sum), question: sum(picture) }
  }
}
