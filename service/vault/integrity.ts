/** What is stored is not what was acquired. Whoever meets it records `integrity.failed` and breaks the connection off. */
export class IntegrityFailed extends Error {
  readonly clipRef: string

  constructor(clipRef: string, options?: ErrorOptions) {
    super(`the stored bytes of ${clipRef} are not what was sealed`, options)
    this.name = 'IntegrityFailed'
    this.clipRef = clipRef
  }
}
