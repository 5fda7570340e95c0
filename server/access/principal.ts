/** Who calls, and what they may do. */

/** Each role may what those before it may. */
export const roles = ['read', 'work', 'admin'] as const;

export type Role = (typeof roles)[number];

export interface Principal {
  /** As in the access file; for logs. */
  readonly name: string;
  readonly role: Role;
  /** Whose studies it may know of. */
  readonly owners: ReadonlySet<string> | 'all';
  /** Milliseconds since 1970 from which on it is unknown; Infinity where it never is. */
  readonly notAfterMs: number;
  /** Its owners as one text: equal texts, equal reach. */
  readonly reach: string;
}

/** A principal with its `reach`. */
export function principal(given: Omit<Principal, 'reach'>): Principal {
  const { owners } = given;
  return { ...given, reach: owners === 'all' ? '*' : JSON.stringify([...owners].sort()) };
}

/** Whoever calls a server that has no access file. */
export const everybody = principal({ name: '', role: 'admin', owners: 'all', notAfterMs: Infinity });

export function reaches({ owners }: Principal, owner: string): boolean {
  return owners === 'all' || owners.has(owner);
}

export function mayDo({ role }: Principal, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}
