/** What `acquire`, `request` and the demo share: a client of the HTTP API that turns problems into sentences. */
export interface Client {
  /** Answers the parsed body; throws an `ApiProblem` for anything but a 2xx. */
  json<T>(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<T>
  send(method: string, path: string, init?: RequestInit & { duplex?: 'half' }): Promise<Response>
}

export interface ProblemBody {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail?: string
  readonly reasons?: string[]
  readonly ledgerIndex?: number
}

export class ApiProblem extends Error {
  readonly problem: ProblemBody
  constructor(problem: ProblemBody) {
    super([problem.title, problem.detail, problem.reasons?.join(', ')].filter(Boolean).join(': '))
    this.problem = problem
  }
}

/** `fetcher` is the network's, or an app's own `request` when no server listens. */
export function connect(
  token: string,
  base: string,
  fetcher: (url: string, init: RequestInit) => Promise<Response> | Response = fetch,
): Client {
  const client: Client = {
    async send(method, path, init = {}) {
      const headers = { authorization: `Bearer ${token}`, ...(init.headers as Record<string, string>) }
      const response = await fetcher(`${base}${path}`, { ...init, method, headers })
      if (response.ok) return response
      const text = await response.text()
      throw new ApiProblem(
        parseProblem(text) ?? { type: 'about:blank', title: text || response.statusText, status: response.status },
      )
    },
    async json<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
      const init =
        body === undefined
          ? { headers }
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } }
      return (await (await client.send(method, path, init)).json()) as T
    },
  }
  return client
}

function parseProblem(text: string): ProblemBody | undefined {
  try {
    const value = JSON.parse(text) as ProblemBody
    return typeof value?.title === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
