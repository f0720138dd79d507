import type { ActionRequest } from '../../verdict/action.ts';
import { openKeyPair } from '../../activities/identity/key-pair.ts';
import { canonicalJson } from '../../verdict/digest.ts';
import type { Signed, Start } from '../../workflows/messages.ts';

/** Puts the server's word under what a person asks for: "I verified this principal, and this is what they said". */
export interface Signer {
  keyId: string;
  sign(said: ActionRequest | Start): Signed;
}

export interface SignerFiles {
  /** PKCS8 PEM, mode 600. */
  signingKey: string;
  /** Folder of `<keyId>.pem`: what workers trust. */
  publicKeys: string;
}

/** Loads the Ed25519 key, making it and its public half on first use. Throws when others can read the private key. */
export function loadSigner({ signingKey, publicKeys }: SignerFiles): Signer {
  const key = openKeyPair({ privateKey: signingKey, publicKeys });
  return {
    keyId: key.keyId,
    sign(said) {
      const payload = canonicalJson(said);
      return { payload, keyId: key.keyId, signature: key.sign(payload) };
    },
  };
}
