// Signatures: the server's over starts and actions, a worker's over what it has verified.

/** What the server verified and signed. `payload` is the canonical JSON of an `ActionRequest` or a `Start`. */
export interface Signed {
  payload: string;
  keyId: string;
  /** Ed25519 over the UTF-8 bytes of `payload`, base64. */
  signature: string;
}

/** A person's action. */
export type SignedAction = Signed;

/** A worker's signature (Ed25519) over a statement that the verifier derives itself. */
export interface Seal {
  /** First 16 hex digits of the key's SHA-256. */
  keyId: string;
  /** Base64. */
  signature: string;
}
