/** BagIt 1.0 (RFC 8493), read strictly: common validators do not notice a file that stands in one manifest and not in the other. */
import { type Files, type PackageFile, refuted, someOf, textAt } from './package-check.ts'
import {
  type BagAlgorithm,
  bagAlgorithms,
  bagDeclaration,
  bagTagPaths,
  entryPath,
  indexOf,
  manifestPath,
  optionalPaths,
  packagePath,
  proofPath,
  tagManifestPath,
} from './package-layout.ts'

export function checkDeclaration(files: Files): void {
  if (textAt(files, 'bagit.txt') !== bagDeclaration)
    refuted('declaration-wrong', 'bagit.txt does not declare BagIt 1.0 in UTF-8')
}

/** Everything that must be there is, and nothing else. */
export function checkComplete(files: Files): void {
  const paths = [...files.keys()]
  const entries = paths.map(path => indexOf(path, 'entries')).filter(index => index !== undefined)
  const proofs = paths.map(path => indexOf(path, 'proofs')).filter(index => index !== undefined)
  const wanted = [...bagTagPaths, ...Object.values(packagePath), ...proofs.map(entryPath), ...entries.map(proofPath)]
  const missing = wanted.filter(path => !files.has(path))
  if (missing.length > 0) refuted('file-missing', `missing: ${someOf(missing)}`)
  const known = new Set([...wanted, ...optionalPaths])
  const unexpected = paths.filter(path => !known.has(path))
  if (unexpected.length > 0) refuted('file-unexpected', `not part of a package: ${someOf(unexpected)}`)
}

/** Every payload file in every manifest, every other tag file in every tag manifest, and no other names in either. */
export function checkListed(files: Files): void {
  for (const algorithm of bagAlgorithms) {
    for (const [path, expected] of manifests(files, algorithm)) {
      const listed = readManifest(files, path, algorithm)
      const unlisted = expected.filter(file => !listed.has(file.path))
      if (unlisted.length > 0) refuted('file-unlisted', `not in ${path}: ${someOf(unlisted.map(file => file.path))}`)
      const present = new Set(expected.map(file => file.path))
      const absent = [...listed.keys()].filter(name => !present.has(name))
      if (absent.length > 0) refuted('file-missing', `listed in ${path} and not there: ${someOf(absent)}`)
    }
  }
}

export function checkDigests(files: Files): void {
  const wrong: string[] = []
  for (const algorithm of bagAlgorithms) {
    for (const [path, expected] of manifests(files, algorithm)) {
      const listed = readManifest(files, path, algorithm)
      for (const file of expected) {
        if (listed.has(file.path) && listed.get(file.path) !== file[algorithm]) wrong.push(`${file.path} (${path})`)
      }
    }
  }
  if (wrong.length > 0) refuted('digest-mismatch', `not the bytes that the manifest names: ${someOf(wrong)}`)
  const oxum = `${payload(files).reduce((sum, file) => sum + file.len, 0)}.${payload(files).length}`
  if (!textAt(files, 'bag-info.txt').split('\n').includes(`Payload-Oxum: ${oxum}`))
    refuted('oxum-mismatch', `bag-info.txt does not give Payload-Oxum ${oxum}`)
}

function manifests(files: Files, algorithm: BagAlgorithm): [path: string, expected: PackageFile[]][] {
  const tags = [...files.values()].filter(({ path }) => !path.startsWith('data/') && !path.startsWith('tagmanifest-'))
  return [
    [manifestPath(algorithm), payload(files)],
    [tagManifestPath(algorithm), tags],
  ]
}

function payload(files: Files): PackageFile[] {
  return [...files.values()].filter(({ path }) => path.startsWith('data/'))
}

function readManifest(files: Files, path: string, algorithm: BagAlgorithm): Map<string, string> {
  const digests = new Map<string, string>()
  const digits = algorithm === 'sha256' ? 64 : 128
  const lines = textAt(files, path).split('\n')
  if (lines.pop() !== '') refuted('manifest-malformed', `${path} does not end in a line break`)
  for (const line of lines) {
    const name = line.slice(digits + 2)
    const wellFormed = /^[0-9a-f]+ {2}[^%\s]+$/.test(line) && line.indexOf(' ') === digits
    if (!wellFormed || digests.has(name))
      refuted('manifest-malformed', `${path}: ${JSON.stringify(line.slice(0, 200))}`)
    digests.set(name, line.slice(0, digits))
  }
  return digests
}
