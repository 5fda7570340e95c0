/**
 * Lets calls in: finds out who calls, whether they may, and ends calls that are
 * open when what let them in is withdrawn. What is asked of whom is in
 * `access/rules.ts`.
 *
 * Unknown callers get UNAUTHENTICATED. An owner beyond the caller's reach is
 * answered as one who does not exist, without a look at whether they do. Only
 * then comes the role: PERMISSION_DENIED.
 */
import type { Credential } from '../access/access-list.js';
import type { AccessSource } from '../access/access-source.js';
import { everybody, mayDo, reaches, type Principal } from '../access/principal.js';
import { rules, type Rule } from '../access/rules.js';
import { WazirError } from '../domain/errors.js';
import { credentialOf, type CredentialedCall } from './guard-credentials.js';

/** A call that was let in. */
export interface Admission {
  readonly principal: Principal;
  /** Refuses a request that the caller may not make: INVALID_FIELD, OWNER_NOT_FOUND, STUDY_NOT_FOUND, PERMISSION_DENIED. */
  authorise(request: unknown): void;
  /** Refuses the call, whatever its requests will be, where the caller's role is too low. */
  authoriseRole(): void;
  /**
   * Calls back once when what has been authorised is not allowed any more.
   * @returns what takes the listener back
   */
  onRevoked(listener: (why: WazirError) => void): () => void;
}

export interface GuardedCall extends CredentialedCall {
  getPath(): string;
}

const unrestricted: Admission = {
  principal: everybody,
  authorise: () => undefined,
  authoriseRole: () => undefined,
  onRevoked: () => () => undefined,
};

export class Guard {
  readonly #open = new Set<GuardedAdmission>();

  /** @param source who is known; without it everybody may do everything */
  constructor(private readonly source?: AccessSource) {
    source?.onLook(() => {
      for (const admission of [...this.#open]) admission.look();
    });
  }

  /** Lets a call in, or throws UNAUTHENTICATED; PERMISSION_DENIED where nothing is known of its method. */
  admit(call: GuardedCall): Admission {
    const { source } = this;
    if (!source) return unrestricted;
    const rule = rules.get(call.getPath());
    if (rule === 'open') return unrestricted;
    const credential = credentialOf(call);
    const principal = source.list.find(credential, source.now());
    if (!principal) throw unknown();
    if (!rule) throw new WazirError('PERMISSION_DENIED', 'nobody may call this method');
    return new GuardedAdmission(this.#open, source, rule, credential, principal);
  }

  /** How many open calls would be ended where access is withdrawn. */
  get size(): number {
    return this.#open.size;
  }
}

class GuardedAdmission implements Admission {
  #listener: ((why: WazirError) => void) | undefined;
  /** The owner of the last request, and those of the ones before. */
  #owner: string | undefined;
  #owners: Set<string> | undefined;

  constructor(
    private readonly open: Set<GuardedAdmission>,
    private readonly source: AccessSource,
    private readonly rule: Rule,
    private readonly credential: Credential,
    private caller: Principal,
  ) {}

  get principal(): Principal {
    return this.caller;
  }

  authorise(request: unknown): void {
    const { rule, caller } = this;
    if (rule.owner === 'none' || rule.owner === 'all') {
      this.authoriseRole();
      return;
    }
    const owner = ownerOf(rule.owner.nameOf(request as never));
    if (owner === undefined || !reaches(caller, owner)) throw rule.owner.missing(request as never);
    if (!mayDo(caller, rule.role)) {
      // A malformed name is one for everybody.
      rule.owner.missing(request as never);
      throw roleTooLow(rule);
    }
    if (owner !== this.#owner) this.#remember(owner);
  }

  authoriseRole(): void {
    const { rule, caller } = this;
    if (!mayDo(caller, rule.role) || (rule.owner === 'all' && caller.owners !== 'all'))
      throw roleTooLow(rule);
  }

  onRevoked(listener: (why: WazirError) => void): () => void {
    this.#listener = listener;
    this.open.add(this);
    return () => this.open.delete(this);
  }

  /** Takes in what the access file says now. */
  look(): void {
    const why = this.#whyRevoked();
    if (!why) return;
    this.open.delete(this);
    this.#listener?.(why);
  }

  #whyRevoked(): WazirError | undefined {
    const { rule, source } = this;
    const now = source.list.find(this.credential, source.now());
    if (!now) return unknown();
    this.caller = now;
    const owners = this.#owners ?? (this.#owner === undefined ? [] : [this.#owner]);
    const isAllowed =
      mayDo(now, rule.role) &&
      (rule.owner !== 'all' || now.owners === 'all') &&
      [...owners].every((owner) => reaches(now, owner));
    // Not "does not exist": a worker would believe that its study was deleted.
    return isAllowed ? undefined : new WazirError('PERMISSION_DENIED', 'access has been withdrawn');
  }

  #remember(owner: string): void {
    // Most calls have one; a set for each would cost more than the rest of this.
    if (this.#owner !== undefined) this.#owners = (this.#owners ?? new Set([this.#owner])).add(owner);
    this.#owner = owner;
  }
}

const ownerPrefix = 'owners/';

/** The owner that a name begins with, however malformed its rest is: that is told by whoever parses it. */
function ownerOf(name: string): string | undefined {
  if (!name.startsWith(ownerPrefix)) return undefined;
  const end = name.indexOf('/', ownerPrefix.length);
  return name.slice(ownerPrefix.length, end < 0 ? undefined : end);
}

/** One text for all: whether a credential was once known is nobody's business. */
function unknown(): WazirError {
  return new WazirError('UNAUTHENTICATED', 'the token or certificate is not known, or not any more');
}

function roleTooLow({ role, owner }: Rule): WazirError {
  const needed = owner === 'all' ? `${role} over all owners` : role;
  return new WazirError('PERMISSION_DENIED', `this needs the role ${needed}`, {
    metadata: { needed_role: role },
  });
}
