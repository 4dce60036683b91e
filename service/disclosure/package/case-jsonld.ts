/** The package's facts as CASE/UCO JSON-LD (CASE 1.4), for tools that exchange investigations. */
import { createHash } from 'node:crypto'
import { packagePath } from '../../custody/package-layout.ts'
import type { Contents } from './contents.ts'

const context = {
  kb: 'https://custos.example/kb/',
  'case-investigation': 'https://ontology.caseontology.org/case/investigation/',
  'uco-action': 'https://ontology.unifiedcyberontology.org/uco/action/',
  'uco-core': 'https://ontology.unifiedcyberontology.org/uco/core/',
  'uco-identity': 'https://ontology.unifiedcyberontology.org/uco/identity/',
  'uco-observable': 'https://ontology.unifiedcyberontology.org/uco/observable/',
  'uco-tool': 'https://ontology.unifiedcyberontology.org/uco/tool/',
  'uco-types': 'https://ontology.unifiedcyberontology.org/uco/types/',
  xsd: 'http://www.w3.org/2001/XMLSchema#',
}

const urlNamespace = Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex')

/** Canonical only in being the same text for the same contents. */
export function caseJsonLd({ input, master, copy }: Contents): string {
  const { facts, disclosureId } = input
  const id = (kind: string) => ({ '@id': `kb:${kind}-${uuidOf(`${context.kb}${disclosureId}/${kind}`)}` })
  const graph = [
    {
      ...id('investigation'),
      '@type': 'case-investigation:Investigation',
      'uco-core:name': `Disclosure ${disclosureId}`,
      'case-investigation:relevantAuthorization': id('authorization'),
      'uco-core:object': [
        id('master-record'),
        id('copy-record'),
        id('acquisition'),
        id('redaction'),
        id('master'),
        id('copy'),
      ],
    },
    {
      ...id('authorization'),
      '@type': 'case-investigation:Authorization',
      'case-investigation:authorizationType': facts.authority.type,
      'case-investigation:authorizationIdentifier': facts.authority.identifier,
    },
    { ...id('custodian'), '@type': 'uco-identity:Organization', 'uco-core:name': facts.custodian },
    { ...id('tool'), '@type': 'uco-tool:Tool', 'uco-core:name': 'Custos' },
    action(id('acquisition'), 'acquired', master.time, [], [id('master'), id('master-record')]),
    {
      ...action(id('redaction'), 'redacted', copy.time, [id('master')], [id('copy'), id('copy-record')]),
      'case-investigation:wasInformedBy': id('acquisition'),
    },
    record(id('master-record'), facts.exhibitNumber, facts.exhibitNumber, id('master')),
    record(id('copy-record'), facts.derivativeNumber, facts.exhibitNumber, id('copy')),
    file(id('master'), undefined, master),
    { ...file(id('copy'), packagePath.redacted, copy), 'case-investigation:wasDerivedFrom': id('master') },
  ]

  function action(self: object, name: string, time: string, object: object[], result: object[]) {
    return {
      ...self,
      '@type': 'case-investigation:InvestigativeAction',
      'uco-core:name': name,
      'uco-action:endTime': { '@type': 'xsd:dateTime', '@value': time },
      'uco-action:performer': id('custodian'),
      'uco-action:instrument': [id('tool')],
      'uco-action:object': object,
      'uco-action:result': result,
    }
  }
  return `${JSON.stringify({ '@context': context, '@graph': graph }, null, 2)}\n`
}

function record(self: object, exhibitNumber: string, rootExhibitNumber: string, object: object) {
  return {
    ...self,
    '@type': 'case-investigation:ProvenanceRecord',
    'case-investigation:exhibitNumber': exhibitNumber,
    'case-investigation:rootExhibitNumber': rootExhibitNumber,
    'uco-core:object': [object],
  }
}

function file(self: { '@id': string }, path: string | undefined, { sha256, len }: { sha256: string; len: number }) {
  // A plain string, though the ontology has a vocabulary type for it: the public validator refuses that type.
  const hash = {
    '@id': self['@id'].replace(/^kb:/, 'kb:hash-of-'),
    '@type': 'uco-types:Hash',
    'uco-types:hashMethod': 'SHA256',
    'uco-types:hashValue': { '@type': 'xsd:hexBinary', '@value': sha256 },
  }
  const facets = [
    {
      '@id': self['@id'].replace(/^kb:/, 'kb:content-of-'),
      '@type': 'uco-observable:ContentDataFacet',
      'uco-observable:sizeInBytes': len,
      'uco-observable:hash': [hash],
    },
    ...(path === undefined
      ? []
      : [
          {
            '@id': self['@id'].replace(/^kb:/, 'kb:file-of-'),
            '@type': 'uco-observable:FileFacet',
            'uco-observable:fileName': path.slice(path.lastIndexOf('/') + 1),
            'uco-observable:filePath': path,
          },
        ]),
  ]
  return { ...self, '@type': 'uco-observable:File', 'uco-core:hasFacet': facets }
}

/** RFC 9562, version 5: the same disclosure always names its things alike. SHA-1 is that version's, and no security rests on it. */
function uuidOf(name: string): string {
  const bytes = createHash('sha1').update(urlNamespace).update(name).digest().subarray(0, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x50
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
