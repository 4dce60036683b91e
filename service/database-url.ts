/** `postgres://…` is PostgreSQL; anything else is a folder of PGlite's. It stands apart, so that who only reads the configuration loads no driver. */
export function isPostgres(url: string): boolean {
  return /^postgres(ql)?:/.test(url)
}
