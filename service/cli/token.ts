/** `custos token`: an access token from the development issuer. */
import { parseArgs } from 'node:util'
import { readConfig } from '../config.ts'
import { issueToken } from '../identity/development-issuer.ts'
import { type Role, roles } from '../identity/person.ts'

export const help = `custos token --role ROLE [--role ROLE …] --org ORG [--subject ID] [--minutes N]

Prints an access token (RFC 9068) signed by the development issuer of CUSTOS_DATA_DIR. Does nothing in production.
  --role     one of ${roles.join(', ')}
  --org      the agency, or \`custodian\`
  --subject  an opaque id, never a name (default: ROLE-1)
  --minutes  lifetime (default 60)
Exit: 0 printed, 1 not in production, 2 usage.
`

export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      role: { type: 'string', multiple: true, default: [] },
      org: { type: 'string' },
      subject: { type: 'string' },
      minutes: { type: 'string', default: '60' },
    },
  })
  const minutes = Number(values.minutes)
  const asked = values.role.filter((role): role is Role => (roles as readonly string[]).includes(role))
  if (asked.length === 0 || asked.length !== values.role.length || !values.org || !(minutes > 0 && minutes <= 1440)) {
    process.stderr.write(help)
    return 2
  }
  const { config, secrets } = readConfig()
  if (config.tokens.kind !== 'development') {
    process.stderr.write('custos token: this installation trusts an OIDC provider, not the development issuer\n')
    return 1
  }
  const token = await issueToken(secrets.issuerKeyFile, {
    subject: values.subject ?? `${asked[0]}-1`,
    organisation: values.org,
    roles: asked,
    audience: config.audience,
    lifetimeSeconds: minutes * 60,
  })
  process.stdout.write(`${token}\n`)
  return 0
}
