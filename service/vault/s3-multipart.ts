/** What no single PUT takes goes up in parts. Servers may forget the lock of a multipart upload, so it is set once more afterwards. */
import { createHash } from 'node:crypto'
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { ByteReader } from './byte-reader.ts'
import { type ObjectBody, ObjectDigestMismatch } from './object-store.ts'
import { objectName, patienceMs, type S3Clients, wholeSeconds } from './s3-client.ts'
import { explain } from './s3-put.ts'

const mostParts = 10_000

/** Answers the version id where the server names one. Leaves no parts behind but after a crash, and those go with the next put of the key. */
export async function putInParts(
  s3: S3Clients,
  key: string,
  body: ObjectBody,
  retainUntil: Date,
): Promise<string | undefined> {
  const name = objectName(s3, key)
  await abortUnfinished(s3, name)
  const { UploadId } = await s3.once.send(
    new CreateMultipartUploadCommand({
      ...name,
      ChecksumAlgorithm: 'SHA256',
      Metadata: { sha256: body.sha256 },
      ObjectLockMode: s3.lockMode,
      ObjectLockRetainUntilDate: wholeSeconds(retainUntil),
    }),
    { abortSignal: AbortSignal.timeout(s3.limits.stallMs) },
  )
  const upload = { ...name, UploadId }
  try {
    const Parts = await sendParts(s3, upload, body)
    const { VersionId } = await s3.once.send(
      new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts }, IfNoneMatch: '*' }),
      { abortSignal: AbortSignal.timeout(patienceMs(s3.limits, body.len)) },
    )
    return VersionId
  } catch (error) {
    // An upload that was completed, whatever became of the answer, cannot be aborted.
    await abort(s3, upload).catch(() => {})
    throw await explain(error, key, body)
  }
}

async function sendParts(
  s3: S3Clients,
  upload: { Bucket: string; Key: string; UploadId: string | undefined },
  body: ObjectBody,
): Promise<CompletedPart[]> {
  const partLen = Math.max(s3.limits.partLen, Math.ceil(body.len / mostParts))
  const hash = createHash('sha256')
  const reader = new ByteReader(body.open())
  const parts: CompletedPart[] = []
  try {
    for (let at = 0; at < body.len; at += partLen) {
      const chunks = await reader.take(Math.min(partLen, body.len - at))
      if (!chunks) throw new ObjectDigestMismatch(upload.Key)
      const Body = Buffer.concat(chunks)
      hash.update(Body)
      const PartNumber = parts.length + 1
      const ChecksumSHA256 = createHash('sha256').update(Body).digest('base64')
      const ContentMD5 = createHash('md5').update(Body).digest('base64')
      const { ETag } = await s3.patient.send(
        new UploadPartCommand({ ...upload, PartNumber, Body, ChecksumSHA256, ContentMD5 }),
        { abortSignal: AbortSignal.timeout(patienceMs(s3.limits, Body.length)) },
      )
      parts.push({ PartNumber, ETag, ChecksumSHA256 })
    }
    if (hash.digest('hex') !== body.sha256) throw new ObjectDigestMismatch(upload.Key)
    return parts
  } finally {
    await reader.close()
  }
}

/** Puts of one key come one at a time, so what is unfinished was left by a crash. */
async function abortUnfinished(s3: S3Clients, { Bucket, Key }: { Bucket: string; Key: string }): Promise<void> {
  const found = await s3.patient.send(new ListMultipartUploadsCommand({ Bucket, Prefix: Key }), {
    abortSignal: AbortSignal.timeout(s3.limits.stallMs),
  })
  for (const { UploadId } of (found.Uploads ?? []).filter(upload => upload.Key === Key))
    await abort(s3, { Bucket, Key, UploadId })
}

async function abort(s3: S3Clients, upload: { Bucket: string; Key: string; UploadId: string | undefined }) {
  await s3.patient.send(new AbortMultipartUploadCommand(upload), {
    abortSignal: AbortSignal.timeout(s3.limits.stallMs),
  })
}
