/** What an error of AWS KMS means here. An error proves a wrapped key wrong only when KMS looked at its bytes; all else is KMS not to be had now. */
import { Problem } from '../http/problem.ts'
import { KeyRefused } from './keys.ts'

/** `refused`: these bytes do not open. `soon`: asking again helps. `person`: it stays so until somebody mends keys, rights or configuration. */
export type KmsMeaning = 'refused' | 'soon' | 'person'

export const kmsErrors: Readonly<Record<string, KmsMeaning>> = {
  InvalidCiphertextException: 'refused',
  IncorrectKeyException: 'refused',

  ThrottlingException: 'soon',
  RequestLimitExceeded: 'soon',
  LimitExceededException: 'soon',
  KeyUnavailableException: 'soon',
  DependencyTimeoutException: 'soon',
  KMSInternalException: 'soon',
  InternalFailure: 'soon',
  InternalServerError: 'soon',
  ServiceUnavailable: 'soon',
  ServiceUnavailableException: 'soon',
  RequestTimeout: 'soon',
  TimeoutError: 'soon',
  AbortError: 'soon',

  // A key that is disabled or waits for its deletion is enabled again by one call: nothing is wrong with what it wrapped.
  DisabledException: 'person',
  KMSInvalidStateException: 'person',
  // Also the answer of the wrong account, AWS region or endpoint.
  NotFoundException: 'person',
  InvalidArnException: 'person',
  InvalidKeyUsageException: 'person',
  UnsupportedOperationException: 'person',
  ValidationException: 'person',
  DryRunOperationException: 'person',
  // Who may not ask has learnt nothing about the key.
  AccessDeniedException: 'person',
  NotAuthorized: 'person',
  InvalidGrantTokenException: 'person',
  UnrecognizedClientException: 'person',
  InvalidClientTokenId: 'person',
  InvalidSignatureException: 'person',
  SignatureDoesNotMatch: 'person',
  IncompleteSignature: 'person',
  MissingAuthenticationToken: 'person',
  MissingAuthenticationTokenException: 'person',
  ExpiredTokenException: 'person',
  RequestExpired: 'person',
  OptInRequired: 'person',
  CredentialsProviderError: 'person',
}

const retryAfterSeconds = { soon: 5, person: 60 } as const

/** A name that is not in the table, a cut connection among them, proves nothing and may pass. */
export function meaningOf(error: unknown): KmsMeaning {
  const name = error instanceof Error ? error.name : ''
  return Object.hasOwn(kmsErrors, name) ? kmsErrors[name]! : 'soon'
}

/** What the port throws for it. */
export function explainKms(error: unknown): KeyRefused | Problem {
  if (error instanceof KeyRefused || error instanceof Problem) return error
  const meaning = meaningOf(error)
  if (meaning === 'refused') return new KeyRefused({ cause: error })
  return new Problem('unavailable', { cause: error, retryAfterSeconds: retryAfterSeconds[meaning] })
}
