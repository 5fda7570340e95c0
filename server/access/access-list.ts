/** Who is known: looks principals up by what they show. Never changed; a changed file makes another one. */
import { timingSafeEqual } from 'node:crypto';
import type { Principal } from './principal.js';

/** What a principal shows: a token (its SHA-256 in hex), or a certificate that was verified (its names). */
export type Credential =
  | { readonly kind: 'token'; readonly digest: string }
  | {
      readonly kind: 'certificate';
      readonly identities: readonly string[];
      /** Milliseconds since 1970 at which the certificate expires. */
      readonly notAfterMs: number;
    };

/** A line of the access file. */
export interface Entry {
  readonly principal: Principal;
  /** SHA-256 of its tokens, in lower-case hex. */
  readonly digests: readonly string[];
  /** Names in its certificates: `spiffe://...` or lower-case DNS names. */
  readonly identities: readonly string[];
}

export class AccessList {
  readonly #digests: (readonly [digest: Buffer, principal: Principal])[] = [];
  readonly #identities = new Map<string, Principal>();
  /** By digest, those that have been found. As many as there are digests: what is not known is not kept. */
  readonly #found = new Map<string, Principal>();

  /** @param entries no two of which share a digest or an identity */
  constructor(entries: readonly Entry[]) {
    for (const { principal, digests, identities } of entries) {
      for (const digest of digests) this.#digests.push([Buffer.from(digest, 'hex'), principal]);
      for (const identity of identities) this.#identities.set(identity, principal);
    }
  }

  /** How many principals there are. */
  get size(): number {
    return new Set([...this.#digests.map(([, principal]) => principal), ...this.#identities.values()]).size;
  }

  /** Who shows it; undefined for an unknown, ambiguous or expired credential. */
  find(credential: Credential, nowMs: number): Principal | undefined {
    const found =
      credential.kind === 'token'
        ? this.#byDigest(credential.digest)
        : nowMs < credential.notAfterMs
          ? this.#byIdentities(credential.identities)
          : undefined;
    return found && nowMs < found.notAfterMs ? found : undefined;
  }

  #byDigest(digest: string): Principal | undefined {
    // How long a look into the map takes may tell of digests, and nobody finds the token of a digest.
    const known = this.#found.get(digest);
    if (known) return known;
    const bytes = Buffer.from(digest, 'hex');
    let found: Principal | undefined;
    // To the end, whatever was found.
    for (const [other, principal] of this.#digests) if (timingSafeEqual(other, bytes)) found = principal;
    if (found) this.#found.set(digest, found);
    return found;
  }

  /** A certificate whose names are several principals' is nobody's: which is meant can not be told. */
  #byIdentities(identities: readonly string[]): Principal | undefined {
    let found: Principal | undefined;
    for (const identity of identities) {
      const principal = this.#identities.get(identity);
      if (principal && found && principal !== found) return undefined;
      found = principal ?? found;
    }
    return found;
  }
}
